"""The kinds of arguments and options that several commands take."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from timeloom.cli.session import LAST, Session
from timeloom.memories import ConflictPolicy, MemoryKind, Permission
from timeloom.migrations import ConflictResolution, SecretPolicy
from timeloom.records import AgentSessionType, TaskPriority, TaskStatus
from timeloom.resources import ExecutionStatus, SnapshotKind

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

if TYPE_CHECKING:
    from timeloom.client import Memories

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType

_SPAN = re.compile(r"(\d+)\s*(s|min|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class _ExecutionType(_Type):
    name = "execution"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == LAST:
            return LAST
        try:
            return str(uuid.UUID(value))
        except ValueError:
            self.fail(f"{value!r} is neither an execution's identifier nor `last`.", param, ctx)


class EnumType(_Type):
    """A member of an enum in any case, with `-` for `_`."""

    def __init__(self, members: type[StrEnum]) -> None:
        self.name = members.__name__
        self._members = {member.value.lower().replace("_", "-"): member for member in members}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> StrEnum:
        """Return the member."""
        if isinstance(value, StrEnum):
            return value
        member = self._members.get(str(value).lower().replace("_", "-"))
        if member is None:
            self.fail(f"{value!r} is none of {', '.join(self._members)}.", param, ctx)
        return member

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return all of them for the help."""
        return f"[{'|'.join(self._members)}]"


class _TimeType(_Type):
    """A moment, or how long ago it was."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        if span := _SPAN.fullmatch(value.strip()):
            return datetime.now(UTC) - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            self.fail(f"{value!r} is neither a time (2026-11-23T14:00) nor a span (30m, 2h, 7d).", param, ctx)


class _SpanType(_Type):
    """A length of time."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        span = _SPAN.fullmatch(value.strip())
        if span is None:
            self.fail(f"{value!r} is no length of time (12h, 30d).", param, ctx)
        return timedelta(seconds=int(span[1]) * _SECONDS[span[2]])


class _JsonType(_Type):
    """A JSON document, or `@` and the name of a file that holds one."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            text = Path(value[1:]).read_text(encoding="utf-8") if value[:1] == "@" else value
            document: Any = json.loads(text)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except ValueError as error:
            self.fail(f"This is not JSON, in which a text has double quotes: {error}", param, ctx)
        return document


EXECUTION = _ExecutionType()
SPAN = _SpanType()
JSON = _JsonType()
STATUS = EnumType(ExecutionStatus)
KIND = EnumType(SnapshotKind)
MEMORY_KIND = EnumType(MemoryKind)
PERMISSION = EnumType(Permission)
CONFLICT_POLICY = EnumType(ConflictPolicy)
CONFLICT_RESOLUTION = EnumType(ConflictResolution)
SECRET_POLICY = EnumType(SecretPolicy)
AGENT_SESSION_TYPE = EnumType(AgentSessionType)
TASK_PRIORITY = EnumType(TaskPriority)
TASK_STATUS = EnumType(TaskStatus)
TIME = _TimeType()


def json_option(help_text: str) -> Callable[[CommandT], CommandT]:
    """Return the `--json` option."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


def limit_option(default: int) -> Callable[[CommandT], CommandT]:
    """Return the `--limit` option; zero means no limit."""

    def without_limit(ctx: click.Context, param: click.Parameter, value: int) -> int | None:  # noqa: ARG001
        return value or None

    return click.option(
        "--limit",
        type=click.IntRange(min=0),
        default=default,
        show_default=True,
        callback=without_limit,
        help="At most this many; 0 for all.",
    )


def agent_option(command: CommandT) -> CommandT:
    """Add the `--agent` option: as whom to act."""
    return click.option("--agent", metavar="ID", default="", help="Act as this agent.")(command)


def namespaces_option(command: CommandT) -> CommandT:
    """Add the `--namespace` option, which may be repeated."""
    return click.option(
        "--namespace",
        "-n",
        "namespaces",
        metavar="NAME",
        multiple=True,
        help="Only here and below; repeatable.",
    )(command)


def memories_of(session: Session, agent: str) -> Memories:
    """Return the memories as an agent sees them, or as the project does."""
    memories = session.client.memory
    return memories.as_agent(agent) if agent else memories
