"""Points of instruments that tests make in few words."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import msgspec

from tests.integration.observability.events import now_ns
from timeloom_observability.model import InstrumentKind, MetricPoint

SECOND = 1_000_000_000


def point(
    name: str,
    value: float | None = None,
    *,
    time_ns: int = 0,
    attributes: dict[str, Any] | None = None,
    service_name: str = "agent",
    kind: InstrumentKind = InstrumentKind.GAUGE,
    **fields: Any,
) -> MetricPoint:
    """Returns a point, whose series its name, attributes and service tell from others."""
    time_ns = time_ns or now_ns()
    told = msgspec.json.encode(attributes or {})
    series = hashlib.sha256(b"\0".join((name.encode(), service_name.encode(), told))).digest()[:16]
    return MetricPoint(
        id=UUID(bytes=hashlib.sha256(series + time_ns.to_bytes(8, "big")).digest()[:16]),
        series=series,
        name=name,
        kind=kind,
        time_ns=time_ns,
        value=value,
        attributes=told,
        service_name=service_name,
        **fields,
    )
