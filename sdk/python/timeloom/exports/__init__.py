"""Exports of what a browser app keeps by itself: their file, their records and the hashes that prove them.

An export is one JSON object: `format` (`timeloom-export`), `formatVersion`, `source`, `recordCount`, `sha256`
and `records`. A record has `store` (`localStorage`, or `indexedDB:<database>/<object store>`), `key`, `value`
and `sha256`: that of the canonical form (RFC 8785) of the object with the other three. The export's own
`sha256` is that of its records' in order, one after the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from timeloom.errors import DamagedFileError
from timeloom.exports import jcs
from timeloom.state import canonical
from timeloom.state._kinds import is_list, is_object, kind_of

FORMAT: Final = "timeloom-export"
FORMAT_VERSION: Final = 1
LOCAL_STORAGE: Final = "localStorage"

RECORD_COUNT_MAX: Final = 100_000
RECORD_BYTES_MAX: Final = 8 * 1024 * 1024 - 1024
"""What a record may take as JSON: it travels whole, in a request of 8 MiB."""

PART_BYTES: Final = 2 * 1024 * 1024
"""How much of an export travels in one request, unless one record takes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """Where an export comes from.

    Attributes:
        origin: Such as `https://app.example.com`.
        user_id: Whose data it is; what is migrated belongs to this user.
    """

    origin: str = ""
    app: str = ""
    app_version: str = ""
    user_agent: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """One thing that an app kept, as it kept it.

    Attributes:
        store: `localStorage`, or `indexedDB:<database>/<object store>`.
        key: Its name there.
        value: Any JSON value; what localStorage has is a string.
        sha256: Of its canonical form, in lower-case hex.
    """

    store: str
    key: str
    value: Any = field(repr=False)
    sha256: str

    def document(self) -> dict[str, Any]:
        """Return it as it travels."""
        return {"store": self.store, "key": self.key, "value": self.value, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a browser app kept by itself.

    Attributes:
        sha256: Of all records, in lower-case hex.
    """

    source: ExportSource
    records: Sequence[ExportRecord] = field(repr=False)
    sha256: str

    @classmethod
    def of(cls, records: Iterable[tuple[str, str, Any]], *, source: ExportSource | None = None) -> Export:
        """Make an export of records' stores, keys and values.

        Raises:
            jcs.UnrepresentableError: A value has no canonical form.
        """
        made = [
            ExportRecord(store=store, key=key, value=value, sha256=record_sha256(store, key, value))
            for store, key, value in records
        ]
        return cls(source=source or ExportSource(), records=made, sha256=whole_sha256(r.sha256 for r in made))

    @classmethod
    def load(cls, path: Path | str) -> Export:
        """Read an export from its file and check every hash.

        Raises:
            DamagedFileError: It is no export, or was changed after it was made; the message names the record.
        """
        return cls.loads(Path(path).read_bytes())

    @classmethod
    def loads(cls, data: bytes) -> Export:
        """Read an export from the bytes of its file, as `load` does."""
        try:
            document = canonical.decode(data)
        except canonical.CanonicalError as error:
            raise DamagedFileError(f"The file is not JSON: {error}") from None
        return _read(document)

    def dumps(self) -> bytes:
        """Return the bytes of its file."""
        source = {
            "origin": self.source.origin,
            "app": self.source.app,
            "appVersion": self.source.app_version,
            "userAgent": self.source.user_agent,
            "userId": self.source.user_id,
        }
        return msgspec.json.encode(
            {
                "format": FORMAT,
                "formatVersion": FORMAT_VERSION,
                "source": {name: value for name, value in source.items() if value},
                "recordCount": len(self.records),
                "sha256": self.sha256,
                "records": [record.document() for record in self.records],
            }
        )

    def parts(self, *, first: int = 0, bytes_max: int = PART_BYTES) -> Iterator[tuple[int, bytes]]:
        """Yield the records from `first` on as JSON lists of a size, with the place of each one's first.

        Raises:
            DamagedFileError: A record is too large to travel.
        """
        start, size = first, 0
        kept: list[bytes] = []
        for index in range(first, len(self.records)):
            encoded = msgspec.json.encode(self.records[index].document())
            if len(encoded) > RECORD_BYTES_MAX:
                raise _damaged(index, self.records[index].key, f"it has more than {RECORD_BYTES_MAX:,} bytes")
            if kept and size + len(encoded) > bytes_max:
                yield start, _list(kept)
                start, size, kept = index, 0, []
            kept.append(encoded)
            size += len(encoded)
        if kept:
            yield start, _list(kept)


def record_sha256(store: str, key: str, value: Any) -> str:
    """Return the hash that proves a record.

    Raises:
        jcs.UnrepresentableError: It has no canonical form.
    """
    return hashlib.sha256(jcs.encode({"store": store, "key": key, "value": value})).hexdigest()


def whole_sha256(hashes: Iterable[str]) -> str:
    """Return the hash that proves an export, from its records' in order."""
    whole = hashlib.sha256()
    for each in hashes:
        whole.update(each.encode())
    return whole.hexdigest()


def _list(encoded: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(encoded) + b"]"


def _read(document: Any) -> Export:
    if not is_object(document) or document.get("format") != FORMAT:
        raise DamagedFileError(f"The file is no export: its `format` is not `{FORMAT}`")
    if document.get("formatVersion") != FORMAT_VERSION:
        raise DamagedFileError(f"formatVersion: only {FORMAT_VERSION} is known here")
    given = document.get("records")
    if not is_list(given):
        raise DamagedFileError("records: must be a list")
    if len(given) > RECORD_COUNT_MAX:
        raise DamagedFileError(f"records: are more than {RECORD_COUNT_MAX:,}")
    if document.get("recordCount", len(given)) != len(given):
        raise DamagedFileError(f"records: are {len(given):,}, and `recordCount` says otherwise")
    records = [_record(index, each) for index, each in enumerate(cast("Sequence[Any]", given))]
    sha256 = whole_sha256(record.sha256 for record in records)
    if document.get("sha256") != sha256:
        raise DamagedFileError("sha256: is not that of the records: some are missing or out of place")
    return Export(source=_source(document.get("source")), records=records, sha256=sha256)


def _record(index: int, given: Any) -> ExportRecord:
    if not is_object(given):
        raise _damaged(index, "", "it is not an object")
    store, key, sha256 = given.get("store"), given.get("key"), given.get("sha256")
    for name, value in (("store", store), ("key", key), ("sha256", sha256)):
        if kind_of(value) is not str:
            raise _damaged(index, key if kind_of(key) is str else "", f"`{name}` is not a string")
    if "value" not in given:
        raise _damaged(index, key, "`value` is missing")
    try:
        found = record_sha256(store, key, given["value"])
    except jcs.UnrepresentableError as error:
        raise _damaged(index, key, str(error)) from None
    if found != sha256:
        raise _damaged(index, key, "it was changed after it was exported: its sha256 is another one")
    return ExportRecord(store=store, key=key, value=given["value"], sha256=sha256)


def _source(given: Any) -> ExportSource:
    source: Mapping[str, Any] = given if is_object(given) else {}

    def text(name: str) -> str:
        value = source.get(name, "")
        return value if kind_of(value) is str else ""

    return ExportSource(
        origin=text("origin"),
        app=text("app"),
        app_version=text("appVersion"),
        user_agent=text("userAgent"),
        user_id=text("userId"),
    )


def _damaged(index: int, key: str, problem: str) -> DamagedFileError:
    named = f" ({key})" if key else ""
    return DamagedFileError(f"records[{index}]{named}: {problem}")
