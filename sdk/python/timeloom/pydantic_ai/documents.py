"""Between Pydantic AI's conversations and the JSON that is kept of them.

What is kept has the current history as `messages`, with the ids of their entries beside them, the framework's
own `record` of the conversation, and `branches`: for the last entry of each history that the conversation has
left, the snapshot that still has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_ai.conversation_store import ConversationEntry, ConversationRecord
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from timeloom.resources import Effect, EffectKind

_RECORDS: Final = TypeAdapter(ConversationRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Messages and, in the same order, the ids of their entries. Nobody changes the lists."""

    entry_ids: Sequence[str] = ()
    messages: Sequence[Any] = ()

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> History:
        """Return the current history of a conversation that is kept."""
        return cls(entry_ids=value["entryIds"], messages=value["messages"])

    def up_to(self, entry_id: str) -> History:
        """Return its beginning, up to an entry that it has."""
        length = self.entry_ids.index(entry_id) + 1
        return History(entry_ids=self.entry_ids[:length], messages=self.messages[:length])

    def followed_by(self, entries: Sequence[ConversationEntry]) -> History:
        """Return it with more entries."""
        return History(
            entry_ids=[*self.entry_ids, *(entry.id for entry in entries)],
            messages=[*self.messages, *_dumped([entry.message for entry in entries])],
        )

    def last(self, limit: int | None) -> list[ConversationEntry]:
        """Return its last entries, or all of them."""
        first = 0 if limit is None else max(len(self.entry_ids) - limit, 0)
        entry_ids = self.entry_ids[first:]
        parent_ids = [None, *self.entry_ids][first : first + len(entry_ids)]
        messages = ModelMessagesTypeAdapter.validate_json(json.dumps(list(self.messages[first:])))
        return [
            ConversationEntry(id=entry_id, parent_id=parent_id, message=message)
            for entry_id, parent_id, message in zip(entry_ids, parent_ids, messages, strict=True)
        ]


def value_of(record: ConversationRecord, history: History, branches: Mapping[str, int]) -> dict[str, Any]:
    """Return what is kept of a conversation."""
    return {
        "record": _RECORDS.dump_python(record, mode="json"),
        "entryIds": list(history.entry_ids),
        "messages": list(history.messages),
        "branches": dict(branches),
    }


def record_of(document: Any) -> ConversationRecord:
    """Return the framework's record of a conversation."""
    return _RECORDS.validate_json(json.dumps(document))


def step_name_of(messages: Iterable[ModelMessage]) -> str:
    """Return who spoke: the user, the model, the tools; each once."""
    return ", ".join(dict.fromkeys(_speakers(messages)))[:500]


def _speakers(messages: Iterable[ModelMessage]) -> Iterator[str]:
    for message in messages:
        if isinstance(message, ModelResponse):
            yield "model"
            continue
        for part in message.parts:
            if isinstance(part, UserPromptPart):
                yield "user"
            elif isinstance(part, ToolReturnPart):
                yield part.tool_name


def effects_of(messages: Sequence[ModelMessage]) -> Iterator[Effect]:
    """Return what the outside world answered: the model's responses, and the results of tools."""
    calls = {
        part.tool_call_id: part
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }
    for message, document in zip(messages, _dumped(messages), strict=True):
        if isinstance(message, ModelResponse):
            yield Effect(kind=EffectKind.LLM, name=message.model_name or "", response=document)
            continue
        for part, dumped in zip(message.parts, document["parts"], strict=True):
            if isinstance(part, ToolReturnPart):
                call = calls.get(part.tool_call_id)
                yield Effect(
                    kind=EffectKind.TOOL,
                    name=part.tool_name,
                    request=None if call is None else call.args_as_dict(),
                    response=dumped["content"],
                )


def _dumped(messages: Sequence[ModelMessage]) -> list[Any]:
    dumped: list[Any] = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    return dumped
