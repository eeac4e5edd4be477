"""The beginning of what went in and came out, as a person would read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from timeloom_observability.limits import PREVIEW_LENGTH_MAX
from timeloom_observability.semantics.json_text import encoded, is_array, is_object
from timeloom_observability.semantics.messages import Message, messages_in
from timeloom_observability.semantics.rules import plain

_TEXT_NAMES: Final = frozenset(
    {"input", "output", "question", "query", "text", "content", "answer", "result"}
)
"""A document with one of these and nothing else is the text in it."""

_USUAL: Final = frozenset({"role", "content", "parts", "finish_reason"})

_LAST_MESSAGES: Final = 6
"""So many messages from the end are looked at first; mostly what is asked is among them."""


def input_preview(value: Any) -> str:
    """Returns what was asked: what a user said last, or whatever went in."""
    if (quick := _last_said(value, "user")) is not None:
        return _cut(quick)
    messages = _last_messages(value, "user")
    asked = [message["content"] for message in messages if message["role"] == "user" and "content" in message]
    return _cut(asked[-1] if asked else _shown(value, messages))


def output_preview(value: Any) -> str:
    """Returns what was answered: the last text, the calls of tools, or whatever came out."""
    if (quick := _last_said(value, "assistant")) is not None:
        return _cut(quick)
    return _cut(_shown(value, _last_messages(value, "assistant")))


def _last_said(value: Any, role: str) -> str | None:
    """Returns what the last message says if it is of the usual forms; None if one has to look closer.

    This is what reading all messages comes to, for a tenth of the time.
    """
    if not is_array(value) or not value:
        return None
    message = value[-1]
    if not is_object(message) or message.get("role") != role or not _USUAL.issuperset(message):
        return None
    said = message.get("content")
    if said is None and is_array(parts := message.get("parts")) and len(parts) == 1:
        said = parts[0].get("content") if is_object(parts[0]) and parts[0].get("type") == "text" else None
    return said if isinstance(said, str) and said else None


def _last_messages(value: Any, role: str) -> list[Message]:
    """Returns messages from the end of a conversation that is sent anew with each call."""
    if is_array(value) and len(value) > _LAST_MESSAGES:
        messages = messages_in(value[-_LAST_MESSAGES:])
        if any(message["role"] == role and "content" in message for message in messages):
            return messages
    return messages_in(value)


def _shown(value: Any, messages: list[Message]) -> str:
    if messages:
        last = messages[-1]
        return last["content"] if "content" in last else _calls(last["tool_calls"])
    if isinstance(value, str):
        return value
    if is_object(value) and len(value) == 1:
        (only,) = value.items()
        if only[0] in _TEXT_NAMES and isinstance(only[1], str):
            return only[1]
    return encoded(value).decode()


def _calls(calls: Iterable[dict[str, Any]]) -> str:
    return ", ".join(
        f"{call.get('name', '')}({encoded(call['arguments']).decode() if 'arguments' in call else ''})"
        for call in calls
    )


def _cut(text: str) -> str:
    return plain(text[:PREVIEW_LENGTH_MAX])
