"""A store of Pydantic AI's conversations that can be stepped back through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord, ConversationStore

from timeloom.client import Timeloom
from timeloom.pydantic_ai.archive import Archive

AGENT_ID_DEFAULT: Final = "pydantic-ai"


class TimeloomConversationStore(ConversationStore):
    """Keeps conversations, and every state that they ever had.

        store = TimeloomConversationStore(client)
        conversation = await store.load("customer-7") or Conversation(conversation_id="customer-7")
        result = await agent.run("Hello", conversation=conversation)
        await store.save(result)

    A conversation is an execution: each save is a snapshot, whose state holds the messages as readable JSON
    and whose effects are what the model and the tools answered. A branch leaves the snapshots of the other
    one where they are; a fork shares those that it was made from, and takes no room.
    """

    def __init__(self, client: Timeloom | None = None, *, agent_id: str = AGENT_ID_DEFAULT) -> None:
        """Prepare a store.

        Args:
            client: The client to record with; one with the settings of the environment if None.
            agent_id: Which agent the executions belong to.
        """
        self.client = Timeloom() if client is None else client
        self._archive = Archive(self.client.twin, agent_id=agent_id)

    # -- Reading ------------------------------------------------------------------------

    async def read_record(self, conversation_id: str) -> ConversationRecord | None:
        """Return the record of a conversation; None if there is none."""
        return await self.client.portal.run_from_async(self._archive.record(conversation_id))

    async def read_records(
        self, *, scope: str | None = None, limit: int | None = None
    ) -> Sequence[ConversationRecord]:
        """Return the records of all conversations or those of a scope, those saved last first."""
        return await self.client.portal.run_from_async(self._archive.records(scope=scope, limit=limit))

    async def read_history(self, head_id: str | None, *, limit: int | None = None) -> list[ConversationEntry]:
        """Return the entries up to one, in order, or only the last of them.

        Raises:
            LookupError: No conversation that this store has read or written has the entry.
        """
        if head_id is None:
            return []
        history = await self.client.portal.run_from_async(self._archive.history(head_id))
        if history is None:
            raise LookupError(f"Entry {head_id!r} is in no conversation that was read")
        return history.last(limit)

    async def read_entry(self, entry_id: str) -> ConversationEntry:
        """Return one entry.

        Raises:
            LookupError: No conversation that this store has read or written has the entry.
        """
        return (await self.read_history(entry_id, limit=1))[0]

    # -- Writing ------------------------------------------------------------------------

    async def write_record(
        self,
        record: ConversationRecord,
        *,
        new_entries: Sequence[ConversationEntry] = (),
        expected_revision: str | None,
    ) -> None:
        """Store a record and the entries that its history adds, in one snapshot.

        Raises:
            ConversationConflict: Somebody else saved or deleted the conversation meanwhile.
        """
        await self.client.portal.run_from_async(self._archive.write(record, new_entries, expected_revision))

    async def delete_record(self, conversation_id: str, *, expected_revision: str) -> None:
        """Delete a conversation with all that was recorded of it, but for what forks of it share.

        Raises:
            ConversationConflict: Somebody else saved or deleted the conversation meanwhile.
        """
        await self.client.portal.run_from_async(self._archive.delete(conversation_id, expected_revision))
