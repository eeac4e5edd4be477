"""Schedules: each time fires once, whoever is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.workflows.conftest import Replicas
from tests.integration.workflows.service import Replica
from tests.integration.workflows.triggering import executions, put, triggers
from timeloom.workflows.v1 import workflows_service_pb2
from timeloom_platform.testing import eventually
from timeloom_workflows.model import Execution, TriggerType

FAR: dict[str, str] = {"type": "cron", "cron": "0 4 1 1 *", "timeZone": "Europe/Vienna"}


async def move_back(replica: Replica, since: timedelta) -> datetime:
    """Lets a schedule have been due since a while, as after a downtime; returns since when."""
    time = (datetime.now(UTC) - since).replace(second=0, microsecond=0)
    async with replica.rows() as connection:
        await connection.execute("UPDATE triggers SET next_fire_time = $1, due_time = $1", time)
    return time


async def fired(replica: Replica) -> list[Execution]:
    """Waits until a schedule has fired, and returns what it began."""

    async def has_fired() -> bool:
        (trigger,) = await triggers(replica)
        return trigger.next_fire_time.ToDatetime(UTC) > datetime.now(UTC)

    await eventually(has_fired)
    return await executions(replica)


async def test_a_schedule_tells_when_it_fires_next(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[FAR])

    (trigger,) = await triggers(workflows_service)

    time = trigger.next_fire_time.ToDatetime(UTC)
    assert (time.month, time.day, time.hour) == (1, 1, 3)
    assert (trigger.expression, trigger.time_zone) == ("0 4 1 1 *", "Europe/Vienna")

    await workflows_service.workflows.DisableWorkflow(
        workflows_service_pb2.DisableWorkflowRequest(workflow_id="greet"), metadata=workflows_service.metadata
    )
    (trigger,) = await triggers(workflows_service)
    assert not trigger.HasField("next_fire_time")


async def test_a_new_version_lets_a_schedule_go_on(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[FAR])
    since = await move_back(workflows_service, timedelta(days=-3))

    await put(workflows_service, triggers=[FAR], description="other")

    (trigger,) = await triggers(workflows_service)
    assert trigger.next_fire_time.ToDatetime(UTC) == since


@pytest.mark.parametrize(("policy", "count"), [("none", 0), ("one", 1), ("all", 13)])
async def test_an_hour_of_downtime_is_caught_up(workflows_service: Replica, policy: str, count: int) -> None:
    now = datetime.now(UTC)
    # Every five minutes, and not within minutes of now: nothing comes due while the test runs.
    offset = (now.minute - 3) % 5
    every_five_minutes = {"type": "cron", "cron": f"{offset}-59/5 * * * *", "catchUp": policy}
    await put(workflows_service, triggers=[every_five_minutes])
    last = now.replace(second=0, microsecond=0) - timedelta(minutes=3)
    async with workflows_service.rows() as connection:
        await connection.execute(
            "UPDATE triggers SET next_fire_time = $1, due_time = $1", last - timedelta(hours=1)
        )

    begun = await fired(workflows_service)

    times = [datetime.fromisoformat(json.loads(each.input or b"")["time"]) for each in begun]
    missed = [time for time in times if now - time > timedelta(minutes=1)]
    assert missed == [last - timedelta(minutes=5 * back) for back in reversed(range(13))][13 - count :]
    assert {each.trigger for each in begun} <= {TriggerType.CRON}


async def test_two_replicas_fire_each_time_once(
    workflows_service: Replica, another_replica: Replicas
) -> None:
    every_second = {"type": "cron", "cron": "* * * * * *", "catchUp": "all"}
    async with another_replica(), another_replica():
        await put(workflows_service, triggers=[every_second])

        async def has_fired_five_times() -> bool:
            return len(await executions(workflows_service)) >= 5

        await eventually(has_fired_five_times)
        times = [execution.trigger_id for execution in await executions(workflows_service)]

    assert len(times) == len(set(times))
    moments = [datetime.fromisoformat(time) for time in times]
    gaps = {later - earlier for earlier, later in zip(sorted(moments), sorted(moments)[1:], strict=False)}
    assert gaps == {timedelta(seconds=1)}


async def test_a_time_that_has_begun_its_execution_begins_no_other(workflows_service: Replica) -> None:
    await put(workflows_service, triggers=[FAR])
    since = await move_back(workflows_service, timedelta(seconds=30))
    await fired(workflows_service)
    # As if whoever fired had died before it noted so.
    async with workflows_service.rows() as connection:
        await connection.execute("UPDATE triggers SET next_fire_time = $1, due_time = $1", since)

    assert len(await fired(workflows_service)) == 1
