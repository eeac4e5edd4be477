"""What is not kept of a mutation that cannot be applied: what could be a secret, and would lie in clear."""

from __future__ import annotations

import re
from typing import Any, Final, cast

import msgspec

from timeloom_workspace.records.tables import ENVIRONMENTS

WITHHELD: Final = "[withheld]"

DEPTH_MAX: Final = 100

_NAMES: Final = re.compile(
    r"token|secret|passw|passphrase|credential|api_?key|private_?key|access_?key|authorization|cookie",
    re.IGNORECASE,
)
_TOKENS: Final = re.compile(
    r"\b(gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{12,}"
    r"|tl_\w{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_OF_ENVIRONMENTS: Final = frozenset(
    [field.json_name for field in ENVIRONMENTS.fields.values()] + ["id", "createTime", "updateTime", "etag"]
)


def kept_value(table: str, value: bytes | None) -> bytes | None:
    """Returns a mutation's value without what could be a secret; None if it cannot be read.

    That is whatever is named like a secret, or looks like a token; of an environment also what there is no
    field for.
    """
    if value is None:
        return None
    try:
        decoded: Any = msgspec.json.decode(value)
        kept = _kept(decoded, depth=0)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if table == ENVIRONMENTS.name:
        if not isinstance(kept, dict):
            return None
        members = cast("dict[str, Any]", kept)
        kept = {name: each if name in _OF_ENVIRONMENTS else WITHHELD for name, each in members.items()}
    return value if kept == decoded else msgspec.json.encode(kept)


def is_withheld(value: bytes | None) -> bool:
    """Tells whether a part of a value that was kept is missing."""
    return value is not None and WITHHELD.encode() in value


def _kept(value: Any, *, depth: int) -> Any:
    if isinstance(value, str):
        return WITHHELD if _TOKENS.search(value) else value
    if depth == DEPTH_MAX:
        return WITHHELD
    if isinstance(value, list):
        return [_kept(each, depth=depth + 1) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            name: WITHHELD if each and _NAMES.search(name) else _kept(each, depth=depth + 1)
            for name, each in members.items()
        }
    return value
