"""What a project no longer keeps goes, and nothing else does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.observability.events import MILLISECOND, now_ns, span
from tests.integration.observability.points import point
from tests.integration.observability.service import Service
from timeloom_observability.ingesting import Batch
from timeloom_observability.keeping import storage
from timeloom_observability.keeping.forgetting import Forgetting
from timeloom_observability.keeping.storage import Retention
from timeloom_observability.model import Score
from timeloom_observability.storage import forgetting
from timeloom_observability.storage.partitions import Partitions

DAY_NS = 86_400_000 * MILLISECOND
TABLES = ("events", "traces", "sessions", "event_words", "scores", "resources", "metric_rows")


def forgetter(service: Service, *, days_later: int = 0) -> Forgetting:
    """Returns another replica's worker, some days later."""
    return Forgetting(
        database=service.database,
        partitions=Partitions(service.database),
        clock=lambda: datetime.now(UTC) + timedelta(days=days_later),
    )


async def keep(service: Service, days: int, *, metric_days: int = 0, project_id: UUID | None = None) -> None:
    project_id = project_id or service.project_id
    retention = Retention(days=days, metric_days=metric_days)
    async with service.database.transaction(str(project_id)) as connection:
        await storage.upsert_retention(connection, project_id, retention)


async def arrive(
    service: Service, trace: int, *, age_days: int, count: int = 1, project_id: UUID | None = None
) -> None:
    """Has a trace arrive that began so long ago."""
    project_id = project_id or service.project_id
    start_ns = now_ns() - age_days * DAY_NS
    events = [
        span(
            project_id,
            number,
            trace=trace,
            start_ns=start_ns,
            session_id=f"talk {trace}",
            resource=b'{"host":"%d"}' % trace,
        )
        for number in range(1, count + 1)
    ]
    score = Score(id=UUID(int=trace), name="truth", value=1, trace_id=events[0].trace_id, create_ns=start_ns)
    await service.assembly.ingestor.take(project_id, Batch(events=events, scores=[score]), size_bytes=1)


async def counts(service: Service, *, project_id: UUID | None = None) -> dict[str, int]:
    """Returns how many rows a project has."""
    async with service.database.reading(str(project_id or service.project_id)) as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def digested(service: Service) -> None:
    """Returns when metrics are rows of all lengths, and all events can be found."""
    waiting = "SELECT (SELECT count(*) FROM metric_deltas) + (SELECT count(*) FROM event_arrivals)"
    async with asyncio.timeout(30):
        while True:
            async with service.rows() as connection:
                if not await connection.fetchval(waiting):
                    return
            await asyncio.sleep(0.02)


async def partitions_of(service: Service) -> set[str]:
    async with service.rows() as connection:
        rows = await connection.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass"
        )
    return {row["name"] for row in rows}


def partition_of(age_days: int) -> str:
    return f"events_{datetime.now(UTC) - timedelta(days=age_days):%Y%m%d}"


async def test_what_is_older_than_it_is_kept_goes_with_all_that_belongs_to_it(service: Service) -> None:
    await arrive(service, 1, age_days=20)
    await arrive(service, 2, age_days=0)
    await digested(service)
    before = await counts(service)
    await keep(service, 10)

    await forgetter(service).forget()

    after = await counts(service)
    assert {name: after[name] for name in TABLES if name != "metric_rows"} == {
        "events": 1,
        "traces": 1,
        "sessions": 1,
        "event_words": 1,
        "scores": 1,
        # Its resource was seen today.
        "resources": 2,
    }
    assert (before["metric_rows"], after["metric_rows"]) == (8, 4)
    await forgetter(service, days_later=14).forget()
    assert set((await counts(service)).values()) == {0}


async def test_nothing_goes_unless_a_project_says_so(service: Service) -> None:
    await arrive(service, 1, age_days=400)
    await arrive(service, 2, age_days=3)
    other = uuid4()
    await keep(service, 1, project_id=other)
    await digested(service)
    before = await counts(service)

    await forgetter(service, days_later=100).forget()

    assert await counts(service) == before
    assert before["events"] == 2


async def test_points_of_metrics_are_kept_as_long_as_is_said_of_them(service: Service) -> None:
    now = now_ns()
    points = [point("requests", 1, time_ns=now - age * DAY_NS) for age in (0, 5, 20)]
    await service.assembly.ingestor.take(service.project_id, Batch(points=points), size_bytes=1)
    await arrive(service, 1, age_days=20)

    async def ages() -> list[int]:
        async with service.rows() as connection:
            rows = await connection.fetch("SELECT time FROM measured_points ORDER BY time DESC")
        return [round((datetime.now(UTC) - row["time"]) / timedelta(days=1)) for row in rows]

    await keep(service, 10)
    await forgetter(service).forget()
    assert await ages() == [0, 5, 20]
    await keep(service, 0, metric_days=10)
    await forgetter(service).forget()

    assert await ages() == [0, 5]


async def test_scores_of_executions_stay_as_these_do(service: Service) -> None:
    old = now_ns() - 50 * DAY_NS
    of_execution = Score(id=UUID(int=1), name="truth", label="yes", execution_id=uuid4(), create_ns=old)
    of_session = Score(id=UUID(int=2), name="truth", label="yes", session_id="talk", create_ns=old)
    batch = Batch(scores=[of_execution, of_session])
    await service.assembly.ingestor.take(service.project_id, batch, size_bytes=1)
    await keep(service, 10)

    await forgetter(service).forget()

    async with service.rows() as connection:
        assert await connection.fetchval("SELECT array_agg(id) FROM scores") == [of_execution.id]


async def test_more_than_one_transaction_deletes_goes_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "ROWS_MAX", 3)
    other = uuid4()
    await arrive(service, 1, age_days=20, count=10)
    await arrive(service, 1, age_days=20, project_id=other)
    await keep(service, 10)

    await asyncio.gather(*(forgetter(service).forget() for _ in range(3)))
    await forgetter(service).forget()

    assert (await counts(service))["events"] == 0
    assert (await counts(service, project_id=other))["events"] == 1


async def test_a_day_that_nobody_keeps_is_dropped_as_a_whole(service: Service) -> None:
    other = uuid4()
    await arrive(service, 1, age_days=20)
    await arrive(service, 2, age_days=19)
    await arrive(service, 2, age_days=19, project_id=other)
    await arrive(service, 3, age_days=0)
    await keep(service, 10)

    await forgetter(service).forget()

    assert partition_of(20) not in await partitions_of(service)
    assert {partition_of(19), partition_of(0)} <= await partitions_of(service)
    assert ((await counts(service))["events"], (await counts(service, project_id=other))["events"]) == (1, 1)


async def test_a_dropped_day_is_made_again_for_what_comes_late(service: Service) -> None:
    await arrive(service, 1, age_days=20)
    await keep(service, 10)
    await forgetter(service).forget()
    assert partition_of(20) not in await partitions_of(service)

    await arrive(service, 2, age_days=20)

    assert partition_of(20) in await partitions_of(service)
    assert (await counts(service))["events"] == 1


async def test_a_day_that_somebody_reads_just_now_is_dropped_another_time(service: Service) -> None:
    await arrive(service, 1, age_days=20)
    await keep(service, 10)

    async with service.rows() as connection:
        await connection.fetchval("SELECT count(*) FROM events")
        await asyncio.wait_for(Partitions(service.database).drop(_begins(service)), timeout=10)
        assert partition_of(20) in await partitions_of(service)
    await forgetter(service).forget()

    assert partition_of(20) not in await partitions_of(service)


def _begins(service: Service) -> dict[UUID, Any]:
    return {service.project_id: (datetime.now(UTC) - timedelta(days=10)).date()}
