"""Secrets of the service's environment, which definitions name and nothing ever shows.

A definition says `"Bearer ${ secret("TOKEN") }"`; the value is that of `TIMELOOM_WORKFLOWS_SECRET_TOKEN`, or
the content of the file that `TIMELOOM_WORKFLOWS_SECRET_TOKEN_FILE` names. What is kept of a step has the
words of the definition in its place. They are put in when a try begins, from the definition itself: a
rendered text that merely looks like one, because somebody sent it as input, stays a text. All definitions of
an installation may name all of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import InvalidActionError

PREFIX: Final = "TIMELOOM_WORKFLOWS_SECRET_"
HIDDEN: Final = "***"
REDACTED_LENGTH_MIN: Final = 6
"""Shorter values would be found in everything."""

PLACEHOLDER: Final = re.compile(
    r"""(?<!\$)\$\{\s*secret\(\s*(?P<quote>["'])(?P<name>[A-Z][A-Z0-9_]{0,99})(?P=quote)\s*\)\s*\}"""
)
_EXPRESSION: Final = "${"


class Secrets:
    """The secrets of an environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Take the environment; only what has the prefix is ever read."""
        self._environ = {name: value for name, value in environ.items() if name.startswith(PREFIX)}

    def value(self, name: str) -> str:
        """Return a secret.

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

    def filled(self, rendered: Any, template: Any) -> tuple[Any, frozenset[str]]:
        """Return a rendered action with its secrets, and which these are.

        Args:
            rendered: What expressions made of the action.
            template: The action as its definition has it: only it can name secrets.

        Raises:
            InvalidActionError: A secret is not set, or stands in a text with other expressions.
        """
        used: set[str] = set()
        return self._filled(rendered, template, used), frozenset(used)

    def _filled(self, rendered: Any, template: Any, used: set[str]) -> Any:
        match template:
            case str() if PLACEHOLDER.search(template):
                return self._text(template, used)
            case dict() if isinstance(rendered, dict):
                members = cast("dict[str, Any]", template)
                return {
                    name: self._filled(value, members[name], used) if name in members else value
                    for name, value in cast("dict[str, Any]", rendered).items()
                }
            case list():
                return self._filled_list(
                    fields.elements(rendered), fields.elements(cast("object", template)), used
                )
            case _:
                return rendered

    def _filled_list(
        self, rendered: Sequence[Any] | None, template: Sequence[Any] | None, used: set[str]
    ) -> Any:
        pairs = zip(rendered or (), template or (), strict=True)
        return [self._filled(value, each, used) for value, each in pairs]

    def _text(self, template: str, used: set[str]) -> str:
        if _EXPRESSION in PLACEHOLDER.sub("", template):
            raise InvalidActionError("A text with a secret can have no other expressions")

        def put_in(found: re.Match[str]) -> str:
            value = self.value(found["name"])
            used.add(value)
            return value

        return PLACEHOLDER.sub(put_in, template)


def redacted(text: str, secrets: Sequence[str] | frozenset[str]) -> str:
    """Return a text without the secrets that somebody repeated in it."""
    for secret in secrets:
        if len(secret) >= REDACTED_LENGTH_MIN:
            text = text.replace(secret, HIDDEN)
    return text


def redacted_document(document: bytes, secrets: frozenset[str]) -> bytes:
    """Return a JSON document without the secrets that somebody repeated in its texts."""
    for secret in secrets:
        if len(secret) >= REDACTED_LENGTH_MIN:
            document = document.replace(msgspec.json.encode(secret)[1:-1], HIDDEN.encode())
    return document
