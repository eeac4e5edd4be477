"""A record as REST shows it: one JSON object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from timeloom_workspace.records.model import Record
from timeloom_workspace.records.tables import Field, Kind


def document_of(record: Record) -> bytes:
    """Returns the record as JSON: `checking.values_of_json` reads it back."""
    members: dict[str, Any] = {"id": str(record.id)}
    members |= {
        field.json_name: _shown(field, record.values[field.name])
        for field in record.table.fields.values()
        if record.values[field.name] is not None
    }
    members["createTime"] = _time(record.create_time)
    members["updateTime"] = _time(record.update_time)
    members["etag"] = record.etag
    return msgspec.json.encode(members)


def _shown(field: Field, value: Any) -> Any:
    match field.kind:
        case Kind.DOCUMENT:
            return msgspec.Raw(value.encode())
        case Kind.UUID:
            return str(value)
        case Kind.TIME:
            return _time(value)
        case _:
            return value


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
