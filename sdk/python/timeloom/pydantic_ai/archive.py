"""Conversations as executions."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from pydantic_ai.conversation_store import ConversationConflict, ConversationEntry, ConversationRecord

from timeloom._cache import SizedCache
from timeloom.aio import AsyncTimeloom
from timeloom.errors import AlreadyExistsError, NotFoundError, StaleParentError
from timeloom.pydantic_ai.documents import History, effects_of, record_of, step_name_of, value_of
from timeloom.recording.kept import Change, KeptValue, Standing, Subject

EXECUTION_TAG: Final = "pydantic-ai"

EXECUTION_NAMESPACE: Final = uuid.UUID("7d9c6d0a-8a0c-5e07-a1c5-64b1c1a6f2d3")
"""Execution ids are UUIDv5 in this namespace, of the conversation's id."""

SESSION_ID_LENGTH_MAX: Final = 200
NAME_LENGTH_MAX: Final = 500

PLACES_MAX: Final = 4096
"""Of how many entries it is remembered which snapshot has them."""

VALUES_MAX: Final = 16
"""How many snapshots are remembered as they were read."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A snapshot whose history has an entry."""

    execution_id: str
    sequence: int


class Archive:
    """Reads and writes conversations. Belongs to the event loop of its client."""

    def __init__(self, client: AsyncTimeloom, *, agent_id: str) -> None:
        self._client = client
        self._agent_id = agent_id
        self._places: SizedCache[str, _Place] = SizedCache(PLACES_MAX)
        self._values: SizedCache[_Place, Any] = SizedCache(VALUES_MAX)

    # -- Reading ------------------------------------------------------------------------

    async def record(self, conversation_id: str) -> ConversationRecord | None:
        """Return the framework's record of a conversation; None if there is none."""
        standing = await self._read(conversation_id)
        return None if standing is None else record_of(standing.value["record"])

    async def _read(self, conversation_id: str) -> Standing | None:
        standing = await self._kept(conversation_id).read()
        # A fork that was cut short is still what it was made from.
        if standing is None or standing.value["record"]["conversation_id"] != conversation_id:
            return None
        self._remember(_execution_id(conversation_id), standing)
        return standing

    def _remember(self, execution_id: str, standing: Standing) -> None:
        place = _Place(execution_id, standing.sequence)
        self._values.put(place, standing.value)
        for entry_id, sequence in standing.value["branches"].items():
            self._places.put(entry_id, _Place(execution_id, sequence))
        for entry_id in standing.value["entryIds"]:
            self._places.put(entry_id, place)

    async def records(self, *, scope: str | None, limit: int | None) -> list[ConversationRecord]:
        """Return the records of all conversations or those of a scope, those saved last first."""
        found: list[ConversationRecord] = []
        async with aclosing(self._all_records()) as records:
            async for record in records:
                if limit is not None and len(found) >= limit:
                    break
                if scope in (None, record.scope):
                    found.append(record)
        return found

    async def _all_records(self) -> AsyncGenerator[ConversationRecord]:
        client = self._client
        executions = client.executions.list(tags=(EXECUTION_TAG,), order_by="update_time desc")
        async for execution in executions:
            try:
                snapshot = await client.snapshots.get(execution.id, path="/record")
            except NotFoundError:
                continue  # nothing was saved yet, or it is being deleted
            record = record_of(snapshot.state)
            if execution.id == _execution_id(record.conversation_id):
                yield record

    async def _value_at(self, place: _Place) -> Any:
        value = self._values.get(place)
        if value is None:
            snapshot = await self._client.snapshots.get(place.execution_id, place.sequence)
            value = snapshot.state
            self._remember(place.execution_id, Standing(sequence=place.sequence, value=value))
        return value

    async def history(self, entry_id: str) -> History | None:
        """Return the history up to an entry; None if no conversation that was read or written has it."""
        place = self._places.get(entry_id)
        if place is None:
            return None
        try:
            return History.of(await self._value_at(place)).up_to(entry_id)
        except NotFoundError:
            return None

    # -- Writing ------------------------------------------------------------------------

    async def write(
        self,
        record: ConversationRecord,
        new_entries: Sequence[ConversationEntry],
        expected_revision: str | None,
    ) -> None:
        """Write a record, and the entries that its history adds, in one snapshot.

        Raises:
            ConversationConflict: Somebody else saved or deleted the conversation meanwhile.
        """
        conflict = ConversationConflict(record.conversation_id)
        standing = await self._read(record.conversation_id)
        if _revision(standing) != expected_revision:
            raise conflict
        parent_id = new_entries[0].parent_id if new_entries else record.head_id
        history = History() if parent_id is None else await self.history(parent_id)
        if history is None:
            raise conflict
        value = value_of(record, history.followed_by(new_entries), self._branches(record, standing))
        messages = [entry.message for entry in new_entries]
        change = Change(
            value=value,
            step_name=step_name_of(messages) or ("save" if standing is None else "branch"),
            effects=tuple(effects_of(messages)),
        )
        try:
            after = standing or await self._forked(record, parent_id)
            written = await self._kept(record.conversation_id).write(change, after=after)
        except (StaleParentError, AlreadyExistsError):
            raise conflict from None
        self._remember(_execution_id(record.conversation_id), written)

    @staticmethod
    def _branches(record: ConversationRecord, standing: Standing | None) -> Mapping[str, int]:
        """Return where the histories are that a conversation has left: the last of them only now."""
        if standing is None:
            return {}
        known: dict[str, int] = {**standing.value["branches"]}
        left = standing.value["record"]["head_id"]
        known.setdefault(left, standing.sequence)
        return {tip: known[tip] for tip in record.branches if tip in known}

    async def _forked(self, record: ConversationRecord, entry_id: str | None) -> Standing | None:
        """Fork the execution of the conversation that a new one is made from, at a snapshot with an entry."""
        place = self._places.get(entry_id) if record.forked_from and entry_id else None
        if place is None:
            return None
        value = await self._value_at(place)
        subject = self._subject(record.conversation_id)
        await self._client.executions.fork(
            place.execution_id,
            place.sequence,
            fork_execution_id=subject.execution_id,
            name=subject.name,
            session_id=subject.session_id,
            tags=subject.tags,
            metadata=subject.metadata,
        )
        return Standing(sequence=place.sequence, value=value)

    async def delete(self, conversation_id: str, expected_revision: str) -> None:
        """Delete a conversation.

        Raises:
            ConversationConflict: Somebody else saved or deleted the conversation meanwhile.
        """
        if _revision(await self._read(conversation_id)) != expected_revision:
            raise ConversationConflict(conversation_id)
        try:
            await self._client.executions.delete(_execution_id(conversation_id))
        except NotFoundError:
            raise ConversationConflict(conversation_id) from None

    def _kept(self, conversation_id: str) -> KeptValue:
        return KeptValue(self._client, self._subject(conversation_id))

    def _subject(self, conversation_id: str) -> Subject:
        return Subject(
            execution_id=_execution_id(conversation_id),
            agent_id=self._agent_id,
            session_id=conversation_id[:SESSION_ID_LENGTH_MAX],
            name=conversation_id[:NAME_LENGTH_MAX],
            tags=(EXECUTION_TAG,),
            metadata={"conversationId": conversation_id},
        )


def _execution_id(conversation_id: str) -> str:
    return str(uuid.uuid5(EXECUTION_NAMESPACE, conversation_id))


def _revision(standing: Standing | None) -> str | None:
    return None if standing is None else standing.value["record"]["revision"]
