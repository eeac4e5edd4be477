"""The use cases of scores."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from timeloom_observability.ingesting import Batch
from timeloom_observability.model import Score
from timeloom_observability.scores import storage
from timeloom_observability.scores.events import score_created
from timeloom_observability.scores.storage import Wanted
from timeloom_platform import outbox
from timeloom_platform.database import Connection, Database
from timeloom_platform.dated_pages import after, position_of
from timeloom_platform.errors import NotFoundError
from timeloom_platform.pagination import Cursors, ListIdentity, Page


class Scores:
    """The scores of all projects."""

    def __init__(self, *, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def create(self, project_id: UUID, score: Score) -> Score:
        """Gives a score, and returns it as it is kept; it replaces one of the same id."""
        async with self._database.transaction(str(project_id)) as connection:
            await _write(connection, project_id, [score])
            kept = await storage.select(connection, project_id, score.id)
        return kept or score

    async def list_page(
        self, project_id: UUID, wanted: Wanted, *, page_token: str, limit: int
    ) -> Page[Score]:
        """Returns a page of scores, the newest first.

        Raises:
            InvalidPageTokenError: The token belongs to another list.
        """
        identity: ListIdentity = {
            "list": "scores",
            "project": str(project_id),
            "name": wanted.name,
            "trace": wanted.trace_id,
            "execution": str(wanted.execution_id or ""),
            "session": wanted.session_id,
            "source": wanted.source,
        }
        position = after(self._cursors.decode(page_token, of=identity))
        async with self._database.reading(str(project_id)) as connection:
            found = await storage.select_page(connection, project_id, wanted, after=position, limit=limit + 1)
        return self._cursors.page(found, limit=limit, of=identity, position=position_of)

    async def delete(self, project_id: UUID, score_id: UUID) -> None:
        """Takes a score back.

        Raises:
            NotFoundError: There is none of this id.
        """
        async with self._database.transaction(str(project_id)) as connection:
            if not await storage.delete(connection, project_id, score_id):
                raise NotFoundError(f"There is no score {score_id}.")


class ScoresOfTelemetry:
    """Keeps the scores that come with telemetry, in its transaction."""

    async def write(self, connection: Connection, project_id: UUID, batch: Batch) -> None:
        """Writes a batch's scores; one that comes again as it was changes nothing."""
        if batch.scores:
            await _write(connection, project_id, batch.scores)


async def _write(connection: Connection, project_id: UUID, scores: Sequence[Score]) -> None:
    """Writes scores and tells of those that say something new."""
    written = await storage.upsert(connection, project_id, scores)
    await outbox.enqueue(connection, str(project_id), map(score_created, written))
