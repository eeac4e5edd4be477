"""A session of the OpenAI Agents SDK that can be stepped back through."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from agents.items import TResponseInputItem
from agents.memory import SessionSettings

from timeloom import _convert as convert
from timeloom.client import Timeloom
from timeloom.recording.kept import Change, KeptValue, Subject
from timeloom.resources import Effect, EffectKind

AGENT_ID_DEFAULT: Final = "openai-agents"
EXECUTION_TAG: Final = "openai-agents"

EXECUTION_NAMESPACE: Final = uuid.UUID("2b7f6b1e-3f38-5d5f-8c52-9c8f1f0f4a60")
"""Execution ids are UUIDv5 in this namespace, of the session's id."""

SESSION_ID_LENGTH_MAX: Final = 200
NAME_LENGTH_MAX: Final = 500


class TimeloomSession:
    """Keeps a conversation, and every state that it ever had.

        session = TimeloomSession("customer-7", client)
        result = await Runner.run(agent, "Hello", session=session)

    The conversation is an execution: each change is a snapshot, whose state holds the items as readable JSON
    and whose effects are what the model and the tools answered. `pop_item` and `clear_session` are changes
    like others: the state before them can still be read, compared and forked. Any number of processes may use
    the same session.
    """

    session_id: str
    session_settings: SessionSettings | None

    def __init__(
        self,
        session_id: str,
        client: Timeloom | None = None,
        *,
        agent_id: str = AGENT_ID_DEFAULT,
        execution_id: str = "",
        session_settings: SessionSettings | None = None,
    ) -> None:
        """Prepare a session; it begins with the first item, or goes on where it was left.

        Args:
            session_id: Names the conversation.
            client: The client to record with; one with the settings of the environment if None.
            agent_id: Which agent the execution belongs to.
            execution_id: The execution to go on with, such as a fork; that of `session_id` if empty.
            session_settings: How many items are given to the agent, for example.
        """
        self.session_id = session_id
        self.session_settings = session_settings or SessionSettings()
        self.client = Timeloom() if client is None else client
        self.execution_id = execution_id or str(uuid.uuid5(EXECUTION_NAMESPACE, session_id))
        self._kept = KeptValue(
            self.client.twin,
            Subject(
                execution_id=self.execution_id,
                agent_id=agent_id,
                session_id=session_id[:SESSION_ID_LENGTH_MAX],
                name=session_id[:NAME_LENGTH_MAX],
                tags=(EXECUTION_TAG,),
                metadata={"sessionId": session_id},
            ),
        )

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """Return the newest items, oldest first: at most `limit`, or what the settings say if it is None."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        standing = await self.client.portal.run_from_async(self._kept.read())
        items = _items(None if standing is None else standing.value)
        if limit is None:
            return items
        return items[-limit:] if limit > 0 else []

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Add items to the end.

        Raises:
            TypeError: JSON cannot say an item.
        """
        if not items:
            return
        added = convert.normalized(items, of="items")

        def add(value: Any) -> tuple[Change, None]:
            before = _items(value)
            effects = tuple(_effects(before, added))
            return Change(
                value={"items": [*before, *added]}, step_name=_step_name(added), effects=effects
            ), None

        await self.client.portal.run_from_async(self._kept.change(add))

    async def pop_item(self) -> TResponseInputItem | None:
        """Take the newest item away and return it; None if there is none."""

        def pop(value: Any) -> tuple[Change | None, TResponseInputItem | None]:
            before = _items(value)
            if not before:
                return None, None
            return Change(value={"items": before[:-1]}, step_name="pop_item"), before[-1]

        return await self.client.portal.run_from_async(self._kept.change(pop))

    async def clear_session(self) -> None:
        """Take all items away."""

        def clear(value: Any) -> tuple[Change | None, None]:
            return Change(value={"items": []}, step_name="clear_session") if _items(value) else None, None

        await self.client.portal.run_from_async(self._kept.change(clear))


def _items(value: Any) -> list[TResponseInputItem]:
    return [] if value is None else [*value["items"]]


def _step_name(items: Sequence[dict[str, Any]]) -> str:
    """Return who spoke: the roles or types of the items, each once."""
    return ", ".join(dict.fromkeys(_speaker(item) for item in items))[:500]


def _speaker(item: dict[str, Any]) -> str:
    return str(item.get("role") or item.get("type") or "item")


def _effects(before: Sequence[Any], added: Sequence[dict[str, Any]]) -> Iterator[Effect]:
    """Return what the outside world answered: the model's items, and the results of tools."""
    for item in added:
        kind = str(item.get("type", "message"))
        if kind.endswith("_output"):
            call = _call_of(item, (*before, *added))
            yield Effect(
                kind=EffectKind.TOOL,
                name=str(call.get("name", kind.removesuffix("_output"))),
                request=call.get("arguments"),
                response=item.get("output"),
            )
        elif kind != "message" or item.get("role") == "assistant":
            yield Effect(kind=EffectKind.LLM, name=kind, response=item)


def _call_of(output: dict[str, Any], items: Iterable[Any]) -> dict[str, Any]:
    calls: Iterator[dict[str, Any]] = (
        item
        for item in items
        if item.get("call_id") == output.get("call_id") and not str(item.get("type", "")).endswith("_output")
    )
    nothing: dict[str, Any] = {}
    return next(calls, nothing)
