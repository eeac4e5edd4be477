"""Deltas: the operations that turn one state into the next.

A delta is a JSON array of operations, applied one after the other, each to the result of the one before it:

- ``["set", path, value]`` puts a value at a path. Its container must be there; a member of an object may be
  new, an element of a list may not. The empty path is the root.
- ``["remove", path]`` removes a member, which must be there, from its object.
- ``["splice", path, index, delete_count, values]`` replaces the elements ``index`` to ``index +
  delete_count`` of the list at the path by others. If ``values`` is a string, the code points of the string
  at the path are replaced.

A path is an array of names and indexes. It is no JSON pointer, so that no name needs escaping and ``"0"``,
the name of a member, stays apart from ``0``, the index of an element.
"""

from timeloom.state._apply import apply, apply_all
from timeloom.state._diff import diff, track
from timeloom.state._invert import invert
from timeloom.state._operations import (
    OPERATIONS_MAX,
    DeltaError,
    Operation,
    Path,
    Remove,
    Set,
    Splice,
    decode,
    decode_trusted,
    decode_trusted_all,
    encode,
    parse,
    sets_root,
)

__all__ = [
    "OPERATIONS_MAX",
    "DeltaError",
    "Operation",
    "Path",
    "Remove",
    "Set",
    "Splice",
    "apply",
    "apply_all",
    "decode",
    "decode_trusted",
    "decode_trusted_all",
    "diff",
    "encode",
    "invert",
    "parse",
    "sets_root",
    "track",
]
