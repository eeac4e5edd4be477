"""The service and its database are killed while devices send their queues: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fault.workspace.devices import POISON, Device, Known, latest
from tests.helpers.stack import StackProcess
from timeloom.aio import AsyncTimeloom
from timeloom.mutations import MutationOutcome, MutationQueue, SyncConflict, SyncConflictStatus
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

NAMES = ("laptop", "phone", "tablet")
VICTIMS = ("workspace", "postgres", "workspace")
LIMIT_SECONDS = 60.0


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    stack = StackProcess(scratch_directory / "data")
    try:
        yield stack.up()
    finally:
        stack.end()


async def kill(stack: StackProcess, name: str) -> None:
    """Kills a process, and waits until it is back."""
    before = stack.state()["processes"][name]
    os.kill(before["pid"], signal.SIGKILL)

    def is_back() -> bool:
        state = stack.state()
        return bool(state and state["ready"] and state["processes"][name]["restarts"] > before["restarts"])

    await eventually(is_back, timeout_seconds=LIMIT_SECONDS, describe=f"{name} is back")


async def further(devices: Sequence[Device]) -> None:
    """Waits until the server has answered each device once more."""
    before = [each.rounds for each in devices]
    await eventually(
        lambda: all(each.rounds > rounds for each, rounds in zip(devices, before, strict=True)),
        timeout_seconds=LIMIT_SECONDS,
        describe="every device is answered",
    )


async def insert(client: AsyncTimeloom, queue: MutationQueue, table: str, name: str) -> Known:
    """Makes a record that the devices are to know."""
    made = queue.insert(table, {"title" if table == "tasks" else "name": name})
    (result,) = await client.sync.send(queue)
    return Known(table=table, id=made.record_id, clock=result.clock)


async def devices_of(client: AsyncTimeloom, late: Known) -> list[Device]:
    """Makes devices that know the same records, and one each of their own."""
    setup = MutationQueue("setup")
    merged = await insert(client, setup, "tasks", "merged")
    decided = await insert(client, setup, "environments", "decided")
    return [
        Device(
            client=client,
            queue=MutationQueue(name),
            chance=random.Random(number),
            own=await insert(client, setup, "tasks", name),
            merged=merged,
            decided=decided,
            late=late,
        )
        for number, name in enumerate(NAMES)
    ]


async def test_queues_are_applied_once_and_in_order_whatever_is_killed(stack: StackProcess) -> None:
    address = f"127.0.0.1:{stack.grpc_port}"
    async with AsyncTimeloom(api_key=stack.credentials["apiKey"], grpc_address=address) as client:
        latecomer = MutationQueue("latecomer")
        insertion = latecomer.insert("tasks", {"title": "late"})
        devices = await devices_of(client, Known(table="tasks", id=insertion.record_id))
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(each.work()) for each in devices]
            for name in VICTIMS:
                await further(devices)
                await kill(stack, name)
            await further(devices)
            for task in working:
                task.cancel()
        for device in devices:
            # What was under way when it ended is sent again.
            await device.send()

        awaiting = {each.id for device in devices for each in device.mutations_of(device.late)}
        poison = {each.id for device in devices for each in device.made if each.value == POISON}
        assert await letters(client) == sorted(awaiting | poison)
        await assert_answers_stay(devices)
        for device in devices:
            await assert_applied_in_order(client, device)
        await assert_merged(client, devices)
        await assert_left_to_people(client, devices)

        await client.sync.send(latecomer)
        assert await letters(client) == sorted(poison)
        description = latest(each for device in devices for each in device.mutations_of(device.late))
        assert (await client.tasks.get(insertion.record_id)).description == description["description"]


async def letters(client: AsyncTimeloom) -> list[str]:
    """Returns the mutations that could not be applied, each as often as it is listed."""
    return sorted([each.mutation.id async for each in client.sync.dead_letters(page_size=1000)])


async def conflicts(
    client: AsyncTimeloom, record: Known, status: SyncConflictStatus | None = None
) -> list[SyncConflict]:
    """Returns a record's conflicts."""
    pages = client.sync.conflicts(status=status, table=record.table, record_id=record.id, page_size=1000)
    return [each async for each in pages]


async def assert_answers_stay(devices: Sequence[Device]) -> None:
    """Everything was answered, and is answered the same if it is sent again."""
    for device in devices:
        again = await device.send_again()
        assert list(again) == [each.id for each in device.made]
        assert again == {name: replace(each, is_repeated=True) for name, each in device.answers.items()}


async def assert_applied_in_order(client: AsyncTimeloom, device: Device) -> None:
    """Each write of the device's own record found the one before it, and nothing else."""
    own = device.mutations_of(device.own)
    results = [device.answers[each.id] for each in own]
    assert [each.outcome for each in results] == [MutationOutcome.APPLIED] * len(own)
    assert [each.clock for each in results] == [each.clock for each in own]
    transactions = [each.transaction_id for each in results]
    assert transactions == sorted(transactions)
    task = await client.tasks.get(device.own.id)
    assert (task.title, task.etag.rpartition("-")[2]) == (own[-1].value["title"], str(1 + len(own)))


async def assert_merged(client: AsyncTimeloom, devices: Sequence[Device]) -> None:
    """The record that all changed has what was written last in each field; whoever lost is listed once."""
    merged = devices[0].merged
    task = await client.tasks.get(merged.id)
    expected = latest(each for device in devices for each in device.mutations_of(merged))
    assert {name: getattr(task, name) for name in expected} == expected
    listed = {each.mutation.id: each.id for each in await conflicts(client, merged)}
    answered = {
        each.id: device.answers[each.id].conflict_id
        for device in devices
        for each in device.mutations_of(merged)
    }
    assert listed == {mutation: conflict for mutation, conflict in answered.items() if conflict}


async def assert_left_to_people(client: AsyncTimeloom, devices: Sequence[Device]) -> None:
    """Whoever came first to the record that people decide about keeps the others out."""
    decided = devices[0].decided
    outcomes = {
        device.queue.client_id: {device.answers[each.id].outcome for each in device.mutations_of(decided)}
        for device in devices
    }
    first = next(each for each in devices if outcomes[each.queue.client_id] == {MutationOutcome.APPLIED})
    others = [each for each in devices if each is not first]
    assert [outcomes[each.queue.client_id] for each in others] == [{MutationOutcome.CONFLICT}] * 2
    description = latest(first.mutations_of(decided))["description"]
    assert (await client.environments.get(decided.id)).description == description
    still_open = await conflicts(client, decided, SyncConflictStatus.OPEN)
    assert sorted(each.mutation.id for each in still_open) == sorted(
        each.id for device in others for each in device.mutations_of(decided)
    )
