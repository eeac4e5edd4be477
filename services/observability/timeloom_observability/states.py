"""A trace as the states of an execution: what was said, which tools answered what, what it took so far.

A state is `{"messages", "tools", "agents", "usage", "errors", "output"}`, each member from when there is
something in it. It grows with every call of a model or a tool that ends, so that the difference of two states
is what happened between them. `messages` is the conversation of the agent that spoke first; those of others
are under their names in `agents`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from timeloom_observability.limits import STATES_MAX
from timeloom_observability.model import Event, EventKind, EventStatus, EventType
from timeloom_observability.semantics.json_text import document_in, value_in
from timeloom_observability.semantics.messages import Message, messages_in, text_of
from timeloom_observability.trees import Place, tree_of

_TOOLS: Final = frozenset(
    {EventKind.TOOL, EventKind.RETRIEVER, EventKind.RERANKER, EventKind.MEMORY, EventKind.GUARDRAIL}
)
_INSTRUCTIONS: Final = "gen_ai.system_instructions"
_UNNAMED: Final = "unnamed"
"""The agent of those who name none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known when a span has ended.

    Attributes:
        span: The span, by which the state is named.
        state: A JSON object; states share what did not change.
    """

    span: Event
    state: dict[str, Any]


def states_of(events: Iterable[Event]) -> list[State]:
    """Returns the states of a trace in the order in which its spans ended; of a very long one the first."""
    places = tree_of(event for event in events if event.type is EventType.SPAN)
    telling = _telling(places)
    telling.sort(key=lambda told: (told.span.end_ns, -told.depth, told.span.span_id))
    story = _Story()
    return [State(span=told.span, state=story.after(told)) for told in telling[:STATES_MAX]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A span that changes the state.

    Attributes:
        agent_id: Whose it is.
        speaks: Whether what went in and came out is a conversation.
    """

    span: Event
    depth: int
    agent_id: str
    speaks: bool


def _telling(places: Sequence[Place[Event]]) -> list[_Told]:
    """Returns the spans that change the state: calls of models and tools, and the roots.

    A call of a model within another is the same one, told by two libraries. An agent with no model and
    no agent below it speaks for itself.
    """
    calling = _calling(places)
    telling: list[_Told] = []
    above: list[tuple[str, bool]] = []
    for number, place in enumerate(places):
        span = place.span
        agent_id, within_model = above[place.depth - 1] if place.depth else ("", False)
        if span.kind is EventKind.AGENT or not agent_id:
            agent_id = span.agent_id
        is_model = span.kind is EventKind.LLM
        speaks = is_model or (span.kind is EventKind.AGENT and number not in calling)
        if not within_model and (speaks or span.kind in _TOOLS or place.depth == 0):
            told = _Told(span=span, depth=place.depth, agent_id=agent_id or _UNNAMED, speaks=speaks)
            telling.append(told)
        del above[place.depth :]
        above.append((agent_id, within_model or is_model))
    return telling


def _calling(places: Sequence[Place[Event]]) -> set[int]:
    """Returns which spans have a call of a model, or another agent, below them."""
    calling: set[int] = set()
    path: list[int] = []
    for number, place in enumerate(places):
        del path[place.depth :]
        if place.span.kind in (EventKind.LLM, EventKind.AGENT):
            for parent in reversed(path):
                if parent in calling:
                    break
                calling.add(parent)
        path.append(number)
    return calling


class _Story:
    """Tells a trace span by span."""

    def __init__(self) -> None:
        self._state: dict[str, Any] = {}
        self._speaker: str | None = None

    def after(self, told: _Told) -> dict[str, Any]:
        """Returns the state when a span has ended."""
        span = told.span
        if told.speaks:
            self._say(told.agent_id, _conversation(span))
        elif span.kind in _TOOLS:
            self._grow("tools", _tool(span))
        if span.usage is not None or span.cost is not None:
            self._state = {**self._state, "usage": _summed(self._state.get("usage", {}), span)}
        if span.status is EventStatus.ERROR:
            failure = {"step": span.name, "type": span.error_type, "message": span.message}
            self._grow("errors", {name: value for name, value in failure.items() if value})
        if told.depth == 0 and span.output is not None:
            self._state = {**self._state, "output": _readable(span.output)}
        return self._state

    def _say(self, agent_id: str, messages: list[Message]) -> None:
        if not messages:
            return
        if self._speaker in (None, agent_id):
            self._speaker = agent_id
            self._state = {**self._state, "messages": messages}
        else:
            agents: dict[str, Any] = self._state.get("agents", {})
            self._state = {**self._state, "agents": {**agents, agent_id: {"messages": messages}}}

    def _grow(self, member: str, item: dict[str, Any]) -> None:
        self._state = {**self._state, member: [*self._state.get(member, []), item]}


def _conversation(span: Event) -> list[Message]:
    """Returns all that was said when a model had answered."""
    instructions = value_in(span.attributes).get(_INSTRUCTIONS)
    _, value = document_in(instructions)
    system = text_of(value)
    return [
        *([{"role": "system", "content": system}] if system else []),
        *_said(span.input, "user"),
        *_said(span.output, "assistant"),
    ]


def _said(document: bytes | None, role: str) -> list[Message]:
    """Returns the messages of a document; what is none is said by who would have said it."""
    if document is None:
        return []
    value = value_in(document)
    return messages_in(value) or [{"role": role, "content": text_of(value)}]


def _tool(span: Event) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": span.tool_name or span.name}
    if span.input is not None:
        tool["arguments"] = value_in(span.input)
    if span.output is not None:
        tool["result"] = _readable(span.output)
    return tool


def _readable(document: bytes) -> Any:
    """Returns what came out: the text of a message that wraps it, or the value as it is."""
    value = value_in(document)
    messages = messages_in(value)
    return messages[-1].get("content", value) if messages else value


def _summed(usage: dict[str, Any], span: Event) -> dict[str, Any]:
    """Returns what everything took so far."""
    summed = dict(usage)
    if span.usage is not None:
        for name in ("input_tokens", "output_tokens", "total_tokens"):
            summed[name] = summed.get(name, 0) + getattr(span.usage, name)
    if span.cost is not None:
        summed["cost"] = summed.get("cost", 0.0) + span.cost.total
    return summed
