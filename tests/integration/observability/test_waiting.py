"""What waits to be committed is bounded, and what cannot be written harms nobody else."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from msgspec.structs import replace

from tests.integration.observability.events import span
from tests.integration.observability.service import Service
from timeloom_observability import ingesting
from timeloom_observability.ingesting import Batch
from timeloom_platform.errors import TimeloomError, UnavailableError

COUNT_EVENTS = "SELECT count(*) FROM events"


async def test_what_postgresql_refuses_is_refused_alone(service: Service) -> None:
    good, other = span(service.project_id, 1), span(service.project_id, 2)
    bad = replace(span(service.project_id, 3), attributes=b'"\\u0000"')

    outcomes = await asyncio.gather(
        *(service.take([each]) for each in (good, bad, other)), return_exceptions=True
    )

    assert [isinstance(outcome, TimeloomError) for outcome in outcomes] == [False, True, False]
    async with service.rows() as connection:
        assert await connection.fetchval(COUNT_EVENTS) == 2


async def test_a_project_that_sends_too_much_leaves_room_for_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "PROJECT_WAITING_BYTES_MAX", 10)
    monkeypatch.setattr(ingesting, "WAITING_BYTES_MAX", 20)
    ingestor, other_project = service.assembly.ingestor, uuid4()

    outcomes = await asyncio.gather(
        *(
            ingestor.take(project_id, Batch(events=[span(project_id, number)]), size_bytes=8)
            for number, project_id in enumerate([service.project_id] * 2 + [other_project] * 2, 1)
        ),
        return_exceptions=True,
    )

    assert [isinstance(outcome, UnavailableError) for outcome in outcomes] == [False, True, False, True]
    assert (ingestor.counts.refusals, ingestor.waiting_bytes) == (2, 0)


async def test_a_large_batch_is_committed_in_parts_and_answered_after_the_last(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "GROUP_EVENTS_MAX", 10)
    events = [span(service.project_id, number) for number in range(1, 36)]

    await service.take(events)

    assert service.assembly.ingestor.counts.commits == 4
    async with service.rows() as connection:
        assert await connection.fetchval(COUNT_EVENTS) == len(events)


async def test_closing_commits_what_was_taken_and_takes_no_more(service: Service) -> None:
    taking = asyncio.create_task(service.take([span(service.project_id)]))
    await asyncio.sleep(0)

    await service.assembly.ingestor.close()

    async with service.rows() as connection:
        assert await connection.fetchval(COUNT_EVENTS) == 1
    await taking
    with pytest.raises(UnavailableError):
        await service.take([span(service.project_id, 2)])
