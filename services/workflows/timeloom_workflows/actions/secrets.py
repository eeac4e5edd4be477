"""Secrets that definitions name and nothing ever shows: of the installation's settings, and of environments.

A definition says `"Bearer ${ secret("TOKEN") }"`; the value is that of `TIMELOOM_WORKFLOWS_SECRET_TOKEN`, or
the content of the file that `TIMELOOM_WORKFLOWS_SECRET_TOKEN_FILE` names. All definitions of an installation
may name all of these. Or it says `${ secret("staging", "TOKEN") }`: one that is sealed in an environment, by
name or id, of the execution's project.

What is kept of a step has the words of the definition in its place. Secrets are put in when a try begins,
from the definition itself: a rendered text that merely looks like one, because somebody sent it as input,
stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import InvalidActionError
from timeloom_workflows.definitions.templates import PLACEHOLDER_PATTERN

PREFIX: Final = "TIMELOOM_WORKFLOWS_SECRET_"
HIDDEN: Final = "***"
REDACTED_LENGTH_MIN: Final = 6
"""Shorter values would be found in everything."""

PLACEHOLDER: Final = re.compile(rf"(?<!\$)\$\{{{PLACEHOLDER_PATTERN}\}}", re.VERBOSE)
_EXPRESSION: Final = "${"


class SecretName(Struct, frozen=True, kw_only=True):
    """Where a secret is.

    Attributes:
        environment: The name or the id of an environment; empty for one of the installation's settings.
    """

    environment: str = ""
    name: str


class Environments(Protocol):
    """Opens what is sealed in environments."""

    async def opened(self, project_id: UUID, names: Sequence[SecretName]) -> Sequence[str]:
        """Return secrets in the order of their names.

        Raises:
            ActionError: One of them is not there, or they cannot be had now.
        """
        ...


class Secrets:
    """The secrets that definitions may name."""

    def __init__(self, environ: Mapping[str, str], *, environments: Environments | None = None) -> None:
        """Take the variables, of which only those with the prefix count, and where projects have theirs."""
        self._environ = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        self._environments = environments

    def setting(self, name: str) -> str:
        """Return a secret of the installation's settings.

        Raises:
            InvalidActionError: It is not set, or its file cannot be read.
        """
        variable = PREFIX + name
        if (value := self._environ.get(variable)) is not None:
            return value
        file = self._environ.get(f"{variable}_FILE")
        if file is None:
            raise InvalidActionError(f"The secret {name} is not set: set {variable} where the service runs")
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise InvalidActionError(f"The secret {name} cannot be read: {error.strerror}") from None

    async def filled(self, rendered: Any, template: Any, *, project_id: UUID) -> tuple[Any, frozenset[str]]:
        """Return a rendered action with its secrets, and which these are.

        Args:
            rendered: What expressions made of the action.
            template: The action as its definition has it: only it can name secrets.
            project_id: Whose environments are meant.

        Raises:
            ActionError: A secret is not to be had, or stands in a text with other expressions.
        """
        values = await self._values(list(dict.fromkeys(_named_in(template))), project_id)
        return _filled(rendered, template, values), frozenset(values.values())

    async def _values(self, names: Sequence[SecretName], project_id: UUID) -> Mapping[SecretName, str]:
        values = {name: self.setting(name.name) for name in names if not name.environment}
        sealed = [name for name in names if name.environment]
        if sealed:
            if self._environments is None:
                raise InvalidActionError(
                    f"The secret {sealed[0].name} of the environment {sealed[0].environment} is out of"
                    " reach: set TIMELOOM_WORKSPACE_ADDRESS where the service runs"
                )
            opened = await self._environments.opened(project_id, sealed)
            values |= zip(sealed, opened, strict=True)
        return values


def _name_of(found: re.Match[str]) -> SecretName:
    if found["setting"] is not None:
        return SecretName(name=found["setting"])
    return SecretName(environment=found["environment"], name=found["name"])


def _named_in(template: Any) -> Iterator[SecretName]:
    match template:
        case str():
            yield from map(_name_of, PLACEHOLDER.finditer(template))
        case dict():
            for value in cast("dict[str, Any]", template).values():
                yield from _named_in(value)
        case list():
            for value in fields.elements(cast("object", template)) or ():
                yield from _named_in(value)
        case _:
            pass


def _filled(rendered: Any, template: Any, values: Mapping[SecretName, str]) -> Any:
    match template:
        case str() if PLACEHOLDER.search(template):
            if _EXPRESSION in PLACEHOLDER.sub("", template):
                raise InvalidActionError("A text with a secret can have no other expressions")
            return PLACEHOLDER.sub(lambda found: values[_name_of(found)], template)
        case dict() if isinstance(rendered, dict):
            members = cast("dict[str, Any]", template)
            return {
                name: _filled(value, members[name], values) if name in members else value
                for name, value in cast("dict[str, Any]", rendered).items()
            }
        case list():
            pairs = zip(
                fields.elements(rendered) or (),
                fields.elements(cast("object", template)) or (),
                strict=True,
            )
            return [_filled(value, each, values) for value, each in pairs]
        case _:
            return rendered


def redacted(text: str, secrets: frozenset[str]) -> str:
    """Return a text without the secrets that somebody repeated in it, also where its end cuts one off."""
    for secret in secrets:
        if len(secret) < REDACTED_LENGTH_MIN:
            continue
        text = text.replace(secret, HIDDEN)
        for length in range(min(len(secret) - 1, len(text)), REDACTED_LENGTH_MIN - 1, -1):
            if text.endswith(secret[:length]):
                text = text[:-length] + HIDDEN
                break
    return text


def redacted_document(document: bytes, secrets: frozenset[str]) -> bytes:
    """Return a JSON document without the secrets that somebody repeated in its texts."""
    for secret in secrets:
        if len(secret) >= REDACTED_LENGTH_MIN:
            document = document.replace(msgspec.json.encode(secret)[1:-1], HIDDEN.encode())
    return document
