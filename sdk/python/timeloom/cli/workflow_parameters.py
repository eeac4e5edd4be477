"""The kinds of arguments and options that the commands of workflows take."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

import click

from timeloom.cli.parameters import TIME
from timeloom.cli.session import LAST, Session
from timeloom.workflow_resources import (
    TriggerType,
    WaitReason,
    WorkflowExecutionFilter,
    WorkflowExecutionStatus,
)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
EnumT = TypeVar("EnumT", bound=StrEnum)

_ATTRIBUTE: Final = "attribute."
_FIELDS: Final = (
    "status",
    "workflow",
    "tag",
    "trigger",
    "waiting",
    "error",
    "version",
    "parent",
    "since",
    "until",
    f"{_ATTRIBUTE}NAME",
)


def is_execution(name: str) -> bool:
    """Say whether a name is that of an execution, and not of a workflow."""
    try:
        uuid.UUID(name)
    except ValueError:
        return name == LAST
    return True


def execution_id(session: Session, name: str) -> str:
    """Return an execution's identifier: the newest one's for `last`.

    Raises:
        click.ClickException: There is none yet.
    """
    if name != LAST:
        return name
    newest = next(iter(session.client.workflows.executions.list(limit=1)), None)
    if newest is None:
        raise click.ClickException("There is no workflow execution yet; `timeloom workflows run` begins one")
    return newest.id


def where_option(command: CommandT) -> CommandT:
    """Add the `--where` option: which executions are meant."""
    return click.option(
        "--where",
        "conditions",
        metavar="FIELD=VALUE",
        multiple=True,
        help=f"Only those; repeatable. Fields: {', '.join(_FIELDS)}.",
    )(command)


def filter_of(conditions: Iterable[str]) -> WorkflowExecutionFilter:
    """Return the executions that conditions mean.

    Raises:
        click.BadParameter: One of them means none.
    """
    wanted = WorkflowExecutionFilter()
    for condition in conditions:
        name, separator, value = condition.partition("=")
        if not separator:
            raise click.BadParameter(f"{condition!r} is not FIELD=VALUE.", param_hint="--where")
        wanted = _narrowed(wanted, name.strip(), value.strip())
    return wanted


def pairs_of(texts: Iterable[str], *, option: str) -> dict[str, Any]:
    """Return what NAME=VALUE options say; a value is JSON, or a text if it is none.

    Raises:
        click.BadParameter: One has no `=`.
    """
    pairs: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint=option)
        pairs[name] = _value(value)
    return pairs


def _narrowed(wanted: WorkflowExecutionFilter, name: str, value: str) -> WorkflowExecutionFilter:
    if name.startswith(_ATTRIBUTE):
        attributes = {**(wanted.attributes or {}), name.removeprefix(_ATTRIBUTE): _value(value)}
        return replace(wanted, attributes=attributes)
    if name in _LISTS:
        field, read_one = _LISTS[name]
        longer: Any = (*getattr(wanted, field), read_one(value))
        return replace(wanted, **{field: longer})
    if name in _SINGLES:
        field, read_one = _SINGLES[name]
        return replace(wanted, **{field: read_one(value)})
    raise click.BadParameter(f"{name!r} is none of {', '.join(_FIELDS)}.", param_hint="--where")


def _member(members: type[EnumT], value: str) -> EnumT:
    try:
        return members(value.upper().replace("-", "_"))
    except ValueError:
        known = ", ".join(member.value.lower() for member in members)
        raise click.BadParameter(f"{value!r} is none of {known}.", param_hint="--where") from None


def _number(value: str) -> int:
    if not value.isdigit():
        raise click.BadParameter(f"{value!r} is no version: a number.", param_hint="--where")
    return int(value)


def _moment(value: str) -> datetime:
    return TIME.convert(value, None, None)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


_LISTS: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "status": ("statuses", partial(_member, WorkflowExecutionStatus)),
    "workflow": ("workflow_ids", str),
    "tag": ("tags", str),
}
_SINGLES: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "trigger": ("trigger", partial(_member, TriggerType)),
    "waiting": ("waiting_for", partial(_member, WaitReason)),
    "error": ("error_type", str),
    "version": ("workflow_version", _number),
    "parent": ("parent_execution_id", str),
    "since": ("created_after", _moment),
    "until": ("created_before", _moment),
}
