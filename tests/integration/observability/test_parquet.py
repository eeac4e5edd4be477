"""Files of Parquet hold what was written, as another program reads them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.observability.events import now_ns, span
from tests.integration.observability.service import Service
from timeloom.observability.v1 import event_streams_service_pb2 as messages
from timeloom.observability.v1.event_streams_service_pb2_grpc import EventStreamsServiceStub
from timeloom_observability.model import Cost, CostSource, EventKind, Link, TokenUsage
from timeloom_observability.streams.parquet import Column, Kind, ParquetWriter

Row: TypeAlias = tuple[bytes | None, Sequence[bytes], int | None, float | None, int]

COLUMNS: Final[Sequence[Column[Row]]] = [
    Column(name="text", kind=Kind.TEXT, read=itemgetter(0)),
    Column(name="texts", kind=Kind.TEXTS, read=itemgetter(1)),
    Column(name="integer", kind=Kind.INTEGER, read=itemgetter(2)),
    Column(name="number", kind=Kind.NUMBER, read=itemgetter(3)),
    Column(name="time", kind=Kind.TIME, read=itemgetter(4)),
]

texts = st.text(max_size=20).filter(lambda text: "\0" not in text).map(str.encode)
rows = st.tuples(
    st.none() | texts,
    st.lists(texts, max_size=4),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.integers(0, 4_000_000_000_000_000),
)


def read(file: Path) -> list[tuple[Any, ...]]:
    """Returns the rows of a file, times in microseconds."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT * REPLACE (epoch_us(time) AS time) FROM read_parquet(?)", [str(file)]
        ).fetchall()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(rows, max_size=12), group_rows=st.integers(1, 5))
def test_what_is_written_is_read(tmp_path: Path, written: list[Row], group_rows: int) -> None:
    writer = ParquetWriter(columns=COLUMNS, group_rows_max=group_rows)
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"".join([*(writer.add(row, 1) for row in written), writer.finish()]))

    assert read(file) == [
        (
            text.decode() if text is not None else None,
            [each.decode() for each in several],
            integer,
            number,
            time,
        )
        for text, several, integer, number, time in written
    ]


@pytest.mark.parametrize("count", [0, 3])
async def test_an_export_is_a_table_of_events(service: Service, tmp_path: Path, count: int) -> None:
    now, execution_id = now_ns(), uuid4()
    events = [
        span(
            service.project_id,
            number,
            name=f"call {number}",
            kind=EventKind.LLM,
            start_ns=now + number * 1_000_000,
            execution_id=execution_id,
            tags=("a", "b")[:number],
            usage=TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7) if number else None,
            cost=Cost(total=0.5, source=CostSource.PRICED) if number else None,
            attributes=b'{"a":1}',
            links=(Link(trace_id="1" * 32, span_id="2" * 16),) if number else (),
        )
        for number in range(count)
    ]
    await service.take(events)
    call: Any = EventStreamsServiceStub(service.channel).ExportEvents(
        messages.ExportEventsRequest(format=messages.EXPORT_FORMAT_PARQUET),
        metadata=service.metadata,
        timeout=60,
    )
    parts = [part async for part in call]
    file = tmp_path / "events.parquet"
    file.write_bytes(b"".join(part.data for part in parts))

    assert (parts[0].media_type, parts[0].file_name) == ("application/vnd.apache.parquet", "events.parquet")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT id, kind, name, epoch_us(start_time), duration_ms, execution_id, tags, total_tokens,"
            " cost, cost_source, attributes->>'a', links->0->>'traceId', model FROM read_parquet(?)",
            [str(file)],
        ).fetchall()
    assert found == [
        (
            str(event.id),
            "LLM",
            event.name,
            event.start_ns // 1_000,
            10.0,
            str(execution_id),
            list(event.tags),
            7 if number else None,
            0.5 if number else None,
            "PRICED" if number else None,
            "1",
            "1" * 32 if number else None,
            "",
        )
        for number, event in enumerate(events)
    ]
