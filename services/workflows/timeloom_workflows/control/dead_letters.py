"""Work that was given up: to be looked at, tried again, or forgotten."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform import dated_pages
from timeloom_platform.database import Database
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.controls import retry_locked
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.storage import dead_letters as storage
from timeloom_workflows.storage.dead_letters import DeadLetter


class DeadLetters:
    """The dead letters of all projects."""

    def __init__(self, *, database: Database, changing: Changing, cursors: Cursors) -> None:
        self._database = database
        self._changing = changing
        self._cursors = cursors

    async def list_page(
        self, project_id: UUID, *, workflow_id: str, with_redriven: bool, page_token: str, limit: int
    ) -> Page[DeadLetter]:
        """Returns a page of dead letters, the newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "workflow dead letters",
            "project": str(project_id),
            "workflow": workflow_id,
            "redriven": with_redriven,
        }
        position = self._cursors.decode(page_token, of=identity)
        async with self._database.reading(str(project_id)) as connection:
            letters = await storage.select_page(
                connection,
                project_id,
                workflow_id=workflow_id,
                with_redriven=with_redriven,
                after=dated_pages.after(position),
                limit=limit + 1,
            )
        return self._cursors.page(letters, limit=limit, of=identity, position=dated_pages.position_of)

    async def redrive(self, project_id: UUID, letter_id: UUID) -> DeadLetter:
        """Tries work again: retries the execution, or lets the event be handled anew.

        Raises:
            NotFoundError: There is no such dead letter, or what it is about is gone.
            WrongStatusError: It was tried again before, or the execution has been taken up otherwise.
        """
        async with self._database.reading(str(project_id)) as connection:
            letter = _found(await storage.select(connection, project_id, letter_id), letter_id)
        if letter.execution_id is None:
            return await self._redrive_event(project_id, letter)
        # The execution's row comes first, as wherever dead letters are written.
        async with self._changing.locked(project_id, letter.execution_id) as locked:
            _refuse_redriven(_found(await storage.lock(locked.connection, project_id, letter_id), letter_id))
            await retry_locked(locked, reason="redriven")
            return await storage.redrive(locked.connection, project_id, letter_id)

    async def delete(self, project_id: UUID, letter_id: UUID) -> None:
        """Forgets work that was given up.

        Raises:
            NotFoundError: There is no such dead letter.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await storage.delete(connection, project_id, letter_id):
                raise _missing(letter_id)

    async def _redrive_event(self, project_id: UUID, letter: DeadLetter) -> DeadLetter:
        async with self._database.transaction(str(project_id)) as connection:
            _refuse_redriven(_found(await storage.lock(connection, project_id, letter.id), letter.id))
            if not await storage.forget_handling(connection, project_id, letter.event_id or ""):
                raise NotFoundError(f"The event {letter.event_id} is kept no longer.")
            return await storage.redrive(connection, project_id, letter.id)


def _refuse_redriven(letter: DeadLetter) -> None:
    if letter.redrive_time is not None:
        raise WrongStatusError(
            f"The dead letter {letter.id} was tried again at {letter.redrive_time.isoformat()}."
        )


def _found(letter: DeadLetter | None, letter_id: UUID) -> DeadLetter:
    if letter is None:
        raise _missing(letter_id)
    return letter


def _missing(letter_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no dead letter {letter_id}.")
