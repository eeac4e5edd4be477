"""What is acknowledged is there, once, whatever comes again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.integration.observability.events import MILLISECOND, now_ns, span
from tests.integration.observability.service import Service
from timeloom_observability.model import Cost, CostSource, EventKind, EventStatus, TokenUsage

DAY_NS = int(timedelta(days=1).total_seconds()) * 1_000 * MILLISECOND
TALLIED = """
SELECT series_id, count, total_tokens FROM metric_deltas
UNION ALL
SELECT series_id, count, total_tokens FROM metric_rows WHERE resolution = 10
"""
"""What ingesting has appended, and what upkeep has added up by now."""


async def test_events_are_written_with_what_they_come_to(service: Service) -> None:
    project_id, now = service.project_id, now_ns()
    usage = TokenUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    cost = Cost(total=0.25, source=CostSource.PRICED)
    root = span(project_id, 1, name="agent", kind=EventKind.AGENT, agent_id="planner", start_ns=now)
    call = span(
        project_id,
        2,
        parent=1,
        kind=EventKind.LLM,
        model="gpt-4o",
        status=EventStatus.ERROR,
        start_ns=now,
        usage=usage,
        cost=cost,
        input=b'"question"',
        tags=("a",),
    )

    await service.take([call])
    await service.take([root])

    async with service.rows() as connection:
        events = await connection.fetch("SELECT * FROM events ORDER BY span_id")
        trace = await connection.fetchrow("SELECT * FROM traces")
        rows = await connection.fetch(f"SELECT * FROM ({TALLIED}) AS told JOIN series ON id = series_id")
    assert [event["id"] for event in events] == [root.id, call.id]
    assert (events[1]["input"], events[1]["tags"], events[1]["total_tokens"]) == ('"question"', ["a"], 15)
    assert (trace["name"], trace["span_count"], trace["error_count"], trace["cost"]) == ("agent", 2, 1, 0.25)
    assert {(row["model"], row["count"], row["total_tokens"]) for row in rows} == {
        ("", 1, 0),
        ("gpt-4o", 1, 15),
    }


async def test_what_comes_again_changes_nothing(service: Service) -> None:
    events = [span(service.project_id, number) for number in range(1, 20)]

    await asyncio.gather(service.take(events), service.take(events[5:]), service.take(events))
    await service.take(events)

    async with service.rows() as connection:
        count = await connection.fetchval("SELECT count(*) FROM events")
        spans = await connection.fetchval("SELECT span_count FROM traces")
        counted = await connection.fetchval(f"SELECT sum(count) FROM ({TALLIED}) AS tallied")
    assert (count, spans, counted) == (19, 19, 19)


async def test_events_of_any_day_have_a_place(service: Service) -> None:
    ages = [0, 1, 20, 34, 35, 36, 400, 9_000]
    now = now_ns()
    events = [
        span(service.project_id, number, start_ns=now - age * DAY_NS) for number, age in enumerate(ages, 1)
    ]

    await service.take(events)

    async with service.rows() as connection:
        days = await connection.fetch("SELECT tableoid::regclass::text AS name FROM events")
    names = {day["name"] for day in days}
    assert len(days) == len(ages)
    assert len([name for name in names if name.startswith("events_before_")]) == 1
