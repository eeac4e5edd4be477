"""Conversations, in whatever form they were sent, as messages of one form.

A message is `{"role", "content", "tool_calls": [{"id", "name", "arguments"}], "tool_call_id", "name"}`, each
member only if there is something in it; `content` is a text. Known are the forms of OpenTelemetry's
conventions (`parts`), of OpenAI's two APIs, Anthropic, Gemini, Vercel, LangChain and OpenInference, nested
and wrapped as programs do. What a model thought before it answered is not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from timeloom_observability.semantics.json_text import decoded, encoded, is_array, is_object

Message: TypeAlias = dict[str, Any]

_DEPTH_MAX: Final = 8
"""How deep messages may be wrapped, and parts in parts."""

_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "model": "assistant",
    "developer": "system",
    "function": "tool",
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "SystemMessage": "system",
    "ToolMessage": "tool",
}

_WRAPPERS: Final = ("messages", "message", "data", "kwargs", "generations", "choices", "input", "output")
"""Where programs put messages into something else, in the order in which to look."""


def messages_in(value: Any, depth: int = 0) -> list[Message]:
    """Returns the messages that a value is or wraps; none if it is something else."""
    if depth > _DEPTH_MAX:
        return []
    if is_array(value):
        return _messages_of_list(value, depth)
    if not is_object(value):
        return []
    if messages := _messages_of(value):
        return messages
    for wrapper in _WRAPPERS:
        if messages := messages_in(value.get(wrapper), depth + 1):
            return messages
    return []


def _messages_of_list(items: list[Any], depth: int) -> list[Message]:
    """Returns the messages in a list, which may itself be a pair of role and text, as LangChain takes it."""
    if depth and len(items) == 2 and all(isinstance(item, str) for item in items) and items[0] in _ROLES:
        return [{"role": _ROLES[items[0]], "content": items[1]}]
    return [message for item in items for message in messages_in(item, depth + 1)]


def _messages_of(document: dict[str, Any]) -> list[Message]:
    """Returns the messages that one document is: several where it answers calls of tools, too."""
    role = _role_of(document)
    builder = _Builder(role or "assistant", document if role else {})
    if role:
        for member in ("content", "parts", "contents"):
            if builder.is_empty:
                builder.take(document.get(member))
        builder.call_all(document.get("tool_calls"))
    elif document.get("type") in _ITEMS:
        builder.take_part(document)
    return builder.built()


def _role_of(document: dict[str, Any]) -> str | None:
    """Returns who says something, in OpenAI's words; None if a document is no message."""
    role = document.get("role")
    if isinstance(role, str) and role:
        return _ROLES.get(role, role)
    kind = document.get("type")
    return _ROLES.get(kind) if isinstance(kind, str) and "content" in document else None


class _Builder:
    """Gathers what the parts of one message say."""

    def __init__(self, role: str, document: dict[str, Any]) -> None:
        self._role = role
        self._facts = {name: document[name] for name in ("tool_call_id", "name") if document.get(name)}
        self._texts: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._results: list[Message] = []

    @property
    def is_empty(self) -> bool:
        return not (self._texts or self._calls or self._results)

    def take(self, content: Any) -> None:
        """Takes a message's content: a text, a part, or a list of them."""
        if isinstance(content, str):
            if content:
                self._texts.append(content)
        elif is_object(content):
            self.take_part(content)
        elif is_array(content):
            for item in content:
                self.take(item)

    def take_part(self, part: dict[str, Any]) -> None:
        kind = part.get("type")
        if kind in _TEXTS or (kind is None and "text" in part):
            self.take(_first(part, "text", "content", "refusal"))
        elif kind in _CALLS:
            self.call(part)
        elif kind in _RESULTS:
            self.result(part)
        elif kind is None:
            self._take_gemini(part)
        elif kind not in _THOUGHTS:
            self._texts.append(f"[{kind}]")

    def _take_gemini(self, part: dict[str, Any]) -> None:
        """Takes a part that is known by its member's name."""
        for name in ("functionCall", "function_call"):
            if is_object(call := part.get(name)):
                self.call(call)
        for name in ("functionResponse", "function_response"):
            if is_object(answer := part.get(name)):
                self.result(answer)

    def call_all(self, calls: Any) -> None:
        """Takes the calls of tools that stand beside a message's content."""
        known = {call.get("id") for call in self._calls} - {None}
        for call in calls if is_array(calls) else ():
            if is_object(call) and call.get("id") not in known:
                self.call(call)

    def call(self, part: dict[str, Any]) -> None:
        function = part.get("function")
        function = function if is_object(function) else part
        arguments = _first(function, "arguments", "args", "input")
        found = {
            "id": _first(part, "call_id", "id", "toolCallId"),
            "name": _first(function, "name", "toolName"),
            "arguments": _parsed(arguments),
        }
        self._calls.append({name: value for name, value in found.items() if value is not None})

    def result(self, part: dict[str, Any]) -> None:
        answer = _first(part, "response", "result", "output", "content")
        found = {
            "role": "tool",
            "tool_call_id": _first(part, "call_id", "tool_use_id", "toolCallId", "id"),
            "name": _first(part, "name", "toolName"),
            "content": text_of(answer),
        }
        self._results.append({name: value for name, value in found.items() if value is not None})

    def built(self) -> list[Message]:
        """Returns the message, after the answers of tools that were in it."""
        message: Message = {}
        if self._texts:
            message["content"] = "\n".join(self._texts)
        if self._calls:
            message["tool_calls"] = self._calls
        return [*self._results, {"role": self._role, **message, **self._facts}] if message else self._results


_TEXTS: Final = frozenset({"text", "input_text", "output_text", "refusal"})
_CALLS: Final = frozenset({"tool_call", "tool_use", "tool-call", "function_call", "mcp_call"})
_RESULTS: Final = frozenset({"tool_call_response", "tool_result", "tool-result", "function_call_output"})
_THOUGHTS: Final = frozenset({"reasoning", "thinking", "redacted_thinking"})
_ITEMS: Final = _CALLS | _RESULTS
"""What stands beside messages in OpenAI's newer API."""


def text_of(value: Any) -> str:
    """Returns what a person would read of a value: the text in it, or JSON."""
    if isinstance(value, str):
        return value
    if is_array(value) and all(is_object(item) and item.get("type") in _TEXTS for item in value):
        builder = _Builder("tool", {})
        builder.take(value)
        return "\n".join(message["content"] for message in builder.built())
    return "" if value is None else encoded(value).decode()


def _parsed(arguments: Any) -> Any:
    """Returns a tool's arguments, which models write as JSON into a text."""
    if isinstance(arguments, str) and arguments[:1] in ("{", "["):
        try:
            return decoded(arguments)
        except ValueError:
            return arguments
    return arguments


def _first(document: Mapping[str, Any], *names: str) -> Any:
    """Returns the first of several members that is there."""
    for name in names:
        if (value := document.get(name)) is not None:
            return value
    return None
