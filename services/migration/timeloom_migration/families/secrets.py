"""Secrets that apps kept in clear: found by the names of fields and by the forms of tokens, and taken out.

This runs once, on arrival, before anything is stored; from then on a placeholder stands where a secret stood.
Texts that are JSON themselves are looked into, and so are texts that should be and are damaged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from timeloom_migration.families import keys
from timeloom_migration.families.documents import UnreadableError, keepable_document, parse
from timeloom_migration.planning.model import (
    PLACEHOLDER_PREFIX,
    Family,
    FoundSecret,
    Json,
    Record,
    placeholder,
)

NESTING_MAX: Final = 8
"""How many texts within texts are looked into as JSON."""

_TELLING_WORDS: Final = (
    "token|secret|password|passwd|passphrase|passcode|apikey|privatekey|secretkey|accesskey|signingkey|"
    "encryptionkey|credential|credentials|authorization|jwt|bearer|cookie"
)
_SECRET_NAME: Final = re.compile(rf"(?:.*(?:{_TELLING_WORDS})s?|pat)(?:value)?")
# Words that end like a secret's and are none.
_HARMLESS_NAME: Final = re.compile(
    r"tokens|(next|prev|previous|page|continuation|cancel|sync|cursor)(page)?token|has.*|.*(count|usage|max|put|total)tokens"
)

# The forms of tokens that are known by their beginning, and of the keys of this project itself.
_TOKEN: Final = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
      gh[pousr]_[A-Za-z0-9]{20,255}
    | github_pat_[A-Za-z0-9_]{22,255}
    | glpat-[A-Za-z0-9_\-]{20,}
    | sk-(?=[A-Za-z0-9_\-]*[0-9])[A-Za-z0-9_\-]{20,}
    | (?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}
    | whsec_[A-Za-z0-9+/=]{16,}
    | xox[abeoprs]-[A-Za-z0-9\-]{10,}
    | xapp-[A-Za-z0-9\-]{10,}
    | (?:AKIA|ASIA)[0-9A-Z]{16}
    | AIza[0-9A-Za-z_\-]{35}
    | ya29\.[0-9A-Za-z_\-]{20,}
    | npm_[A-Za-z0-9]{30,}
    | pypi-[A-Za-z0-9_\-]{40,}
    | hf_[A-Za-z0-9]{30,}
    | SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}
    | dop_v1_[a-f0-9]{32,}
    | tl_[a-z2-7]{16}_[A-Za-z0-9_\-]{43}
    | eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}
    )
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | (?<=://)[^/\s:@"']{1,256}:[^/\s@"']{1,256}(?=@)
    | (?<=[Bb]earer\ )[A-Za-z0-9._~+/\-]{16,}=*
    """,
    re.VERBOSE | re.DOTALL,
)
# One of these is in every text that has one: looking for them first is a hundred times as fast.
_HINTS: Final = (
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "sk_", "rk_", "whsec_", "xox"),
    *("xapp-", "AKIA", "ASIA", "AIza", "ya29.", "npm_", "pypi-", "hf_", "SG.", "dop_v1_", "tl_", "eyJ"),
    *("-----BEGIN", "://", "earer "),
)
# A member of a document that cannot be parsed, perhaps cut off in the middle of its value.
_MEMBER: Final = re.compile(
    r'\\*"(?P<name>[A-Za-z0-9_\-. ]{1,100})\\*"\s*:\s*\\*"(?P<value>(?:[^"\\]|\\[^"])+)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """A record without its secrets, and the secrets."""

    record: Record
    secrets: tuple[FoundSecret, ...] = field(repr=False)


def extract(record: Record) -> Extracted:
    """Take a record's secrets out of it, whatever it is."""
    taker = _Taker(record.index)
    key = taker.text(record.key, name="key")
    value = taker.value(record.value, name=record.key, is_secret=_holds_secret(record), nesting=NESTING_MAX)
    return Extracted(record=replace(record, key=key, value=value), secrets=taker.secrets())


def is_secret_name(name: str) -> bool:
    """Return whether a field of this name holds a secret."""
    plain = keys.plain(name)
    return bool(_SECRET_NAME.fullmatch(plain)) and not _HARMLESS_NAME.fullmatch(plain)


def placeholders(value: Json) -> bool:
    """Return whether a placeholder stands anywhere in a document."""
    if isinstance(value, str):
        return PLACEHOLDER_PREFIX in value
    if isinstance(value, Mapping):
        return any(PLACEHOLDER_PREFIX in name or placeholders(item) for name, item in value.items())
    if isinstance(value, list):
        return not _is_numeric(value) and any(placeholders(each) for each in value)
    return False


def _holds_secret(record: Record) -> bool:
    recognition = keys.recognise(record)
    if recognition.family is Family.SECRET:
        return True
    # What is known is looked into field by field: `auth-tokens` is a secret, and `tasks` is none.
    return recognition.family is Family.UNKNOWN and is_secret_name(record.key)


class _Taker:
    """Takes the secrets out of one record, and numbers them."""

    def __init__(self, record_index: int) -> None:
        self._record_index = record_index
        self._found: dict[str, FoundSecret] = {}

    def secrets(self) -> tuple[FoundSecret, ...]:
        return tuple(self._found.values())

    def value(self, value: Json, *, name: str, is_secret: bool, nesting: int) -> Json:
        """Return a value without its secrets; all its texts are some if it is one."""
        if isinstance(value, str):
            return self._string(value, name=name, is_secret=is_secret, nesting=nesting)
        if isinstance(value, Mapping):
            return self._object(value, name=name, is_secret=is_secret, nesting=nesting)
        if isinstance(value, list):
            if _is_numeric(value):
                return value
            return [self.value(each, name=name, is_secret=is_secret, nesting=nesting) for each in value]
        if is_secret and isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, name)
        return value

    def text(self, text: str, *, name: str) -> str:
        """Return a text without what has the form of a token."""
        if not any(hint in text for hint in _HINTS):
            return text
        return _TOKEN.sub(lambda found: self._take(found.group(), name), text)

    def _object(self, value: Mapping[str, Json], *, name: str, is_secret: bool, nesting: int) -> Json:
        result: dict[str, Json] = {}
        for member, item in value.items():
            # Of what an app held for secret, only `value` is: the rest says since and until when it holds.
            is_it = is_secret and (member == "value" or "value" not in value)
            result[self.text(member, name=name)] = self.value(
                item,
                name=name if is_it and member == "value" else member,
                is_secret=is_it or is_secret_name(member),
                nesting=nesting,
            )
        return result

    def _string(self, text: str, *, name: str, is_secret: bool, nesting: int) -> str:
        if not text:
            return text
        if text.lstrip()[:1] in ("{", "[") and nesting > 0:
            return self._document(text, name=name, is_secret=is_secret, nesting=nesting - 1)
        if is_secret:
            return self._take(text, name)
        return self.text(text, name=name)

    def _document(self, text: str, *, name: str, is_secret: bool, nesting: int) -> str:
        try:
            document = parse(text)
        except UnreadableError:
            return self._take(text, name) if is_secret else self._damaged(text, name)
        cleaned = self.value(document, name=name, is_secret=is_secret, nesting=nesting)
        if cleaned == document:
            return text
        return json.dumps(keepable_document(cleaned), ensure_ascii=False, separators=(",", ":"))

    def _damaged(self, text: str, name: str) -> str:
        def member(found: re.Match[str]) -> str:
            if not is_secret_name(found["name"]):
                return found.group()
            start, end = found.start("value") - found.start(), found.end("value") - found.start()
            whole = found.group()
            return whole[:start] + self._take(found["value"], found["name"]) + whole[end:]

        return self.text(_MEMBER.sub(member, text), name=name)

    def _number(self, value: float, name: str) -> Json:
        # How many tokens a model took is no secret, and a number that opens something is.
        plain = keys.plain(name)
        if plain.endswith(("token", "secret", "auth")):
            return value
        return self._take(str(value), name)

    def _take(self, secret: str, name: str) -> str:
        found = self._found.get(secret)
        if found is None:
            found = FoundSecret(number=len(self._found), name=name, value=secret)
            self._found[secret] = found
        return placeholder(self._record_index, found.number)


def _is_numeric(value: list[Any]) -> bool:
    return (
        bool(value)
        and isinstance(value[0], int | float)
        and all(isinstance(each, int | float) for each in value)
    )
