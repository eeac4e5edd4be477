"""Executions are counted by what they can be filtered by."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from tests.integration.snapshots.service import Service
from timeloom.snapshots.v1 import snapshots_pb2
from timeloom.snapshots.v1 import snapshots_service_pb2 as messages

RUNNING, SUCCEEDED, FAILED = (
    snapshots_pb2.EXECUTION_STATUS_RUNNING,
    snapshots_pb2.EXECUTION_STATUS_SUCCEEDED,
    snapshots_pb2.EXECUTION_STATUS_FAILED,
)

# Agent, status, how many milliseconds it took, tags.
RECORDED: Final[tuple[tuple[str, Any, float, list[str]], ...]] = (
    ("planner", RUNNING, 0, ["trip"]),
    ("planner", SUCCEEDED, 0.5, ["trip", "lisbon"]),
    ("planner", SUCCEEDED, 3, ["trip"]),
    ("planner", FAILED, 4, []),
    ("writer", FAILED, 30, ["essay"]),
    ("writer", SUCCEEDED, 31.999, ["essay", "lisbon"]),
    ("critic", SUCCEEDED, 32, []),
)


@pytest.fixture
async def recorded(service: Service) -> Service:
    for agent, status, milliseconds, tags in RECORDED:
        execution_id = await service.create(agent_id=agent, name=f"by {agent}", session_id=agent, tags=tags)
        if status == RUNNING:
            continue
        await service.complete(execution_id, status=status)
        async with service.rows() as connection:
            await connection.execute(
                "UPDATE executions SET end_time = create_time + $2 WHERE id = $1",
                UUID(execution_id),
                timedelta(milliseconds=milliseconds),
            )
    return service


async def _count(service: Service, **fields: Any) -> messages.CountExecutionsResponse:
    request = messages.CountExecutionsRequest(**fields)
    return await service.stub.CountExecutions(request, metadata=service.metadata)


async def _listed(service: Service, **fields: Any) -> int:
    request = messages.ListExecutionsRequest(page_size=100, **fields)
    return len((await service.stub.ListExecutions(request, metadata=service.metadata)).executions)


def _facets(counts: messages.CountExecutionsResponse) -> dict[str, dict[str, int]]:
    return {facet.field: {each.value: each.count for each in facet.values} for facet in counts.facets}


def _bins(counts: messages.CountExecutionsResponse) -> list[tuple[float, float, int]]:
    return [(each.duration_ms_min, each.duration_ms_max, each.count) for each in counts.durations]


async def test_everything_is_counted_without_a_filter(recorded: Service) -> None:
    counts = await _count(recorded)
    assert (counts.count, counts.is_cut) == (7, False)
    assert _facets(counts) == {
        "status": {"SUCCEEDED": 4, "FAILED": 2, "RUNNING": 1},
        "agent_id": {"planner": 4, "writer": 2, "critic": 1},
        "tag": {"trip": 3, "essay": 2, "lisbon": 2},
    }
    assert _bins(counts) == [(0, 1, 1), (1, 2, 0), (2, 4, 1), (4, 8, 1), (8, 16, 0), (16, 32, 2), (32, 64, 1)]


async def test_a_field_does_not_narrow_its_own_counts(recorded: Service) -> None:
    counts = await _count(recorded, agent_ids=["planner"], statuses=[SUCCEEDED])
    assert counts.count == 2
    assert _facets(counts) == {
        "status": {"SUCCEEDED": 2, "FAILED": 1, "RUNNING": 1},
        "agent_id": {"planner": 2, "critic": 1, "writer": 1},
        "tag": {"trip": 2, "lisbon": 1},
    }
    counts = await _count(recorded, duration_ms_min=4, duration_ms_max=32, tags=["lisbon"])
    assert counts.count == 1
    assert _facets(counts)["tag"] == {"essay": 1, "lisbon": 1}
    assert [each for each in _bins(counts) if each[2]] == [(0, 1, 1), (16, 32, 1)]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"agent_ids": ["planner", "critic"]},
        {"agent_id": "writer", "statuses": [FAILED]},
        {"session_id": "planner", "tags": ["trip"]},
        {"name_contains": "BY W"},
        {"duration_ms_min": 4},
        {"duration_ms_max": 4},
        {"duration_ms_min": 16, "duration_ms_max": 32},
    ],
)
async def test_as_many_are_counted_as_are_listed(recorded: Service, wanted: dict[str, Any]) -> None:
    counted = (await _count(recorded, **wanted)).count
    assert counted == await _listed(recorded, **wanted) > 0


async def test_each_bin_holds_as_many_as_are_listed_between_its_bounds(recorded: Service) -> None:
    for shortest, longest, number in _bins(await _count(recorded)):
        bounds = {"duration_ms_min": shortest, "duration_ms_max": longest}
        assert await _listed(recorded, **bounds) == number


async def test_the_most_frequent_values_are_told_and_how_many_others_there_are(recorded: Service) -> None:
    agents = (await _count(recorded, value_limit=1)).facets[1]
    assert (agents.field, [each.value for each in agents.values], agents.other_count) == (
        "agent_id",
        ["planner"],
        2,
    )


async def test_where_there_is_nothing_nothing_is_counted(service: Service) -> None:
    counts = await _count(service)
    assert (counts.count, _bins(counts)) == (0, [])
    assert _facets(counts) == {"status": {}, "agent_id": {}, "tag": {}}
