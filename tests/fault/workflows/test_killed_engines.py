"""Engines die and are cut off: nothing acknowledged is lost, and what they write too late is refused."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.fault.workflows.caller import FAILED, Caller
from tests.fault.workflows.house import ENGINE_LEASE_SECONDS, House
from tests.fault.workflows.island import island
from tests.fault.workflows.proxy import wire_to
from tests.integration.workflows.http_server import Answer, Request, http_server
from timeloom.workflows.v1 import workflows_pb2

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

TAKEN_OVER = workflows_pb2.HISTORY_EVENT_TYPE_EXECUTION_TAKEN_OVER
BUSY_SECONDS = 10.0
"""What a machine that does other things, too, may be late by."""

KILLS = 4
EXECUTIONS = 40
STEPS = 12
DELIVERIES_MAX = 5
"""After so many losses an execution is given up; so say the settings unless told otherwise."""


def steps_of(count: int, name: str = "count_up") -> list[str]:
    """The ids of so many steps of a name."""
    return [name, *(f"{name}:{number}" for number in range(2, count + 1))]


def _place_of(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


async def check_chains(house: House, caller: Caller, execution_ids: Sequence[str], *, steps: int) -> int:
    """Checks executions that ended, and returns how many steps ran again.

    A step begins when what the one before it returned is acknowledged: so none runs again that another one
    followed, however often engines, workers and databases died.
    """
    again = 0
    for execution_id in execution_ids:
        assert await caller.output(execution_id) == steps
        assert await caller.recorded(execution_id) == steps_of(steps)
        runs = house.runs_of(execution_id)
        assert list(dict.fromkeys(runs)) == steps_of(steps)
        places = [steps_of(steps).index(run) for run in runs]
        assert places == sorted(places), runs
        again += len(runs) - steps
    return again


async def test_nothing_acknowledged_is_lost_when_an_engine_is_killed_amid_commits(house: House) -> None:
    rng = random.Random(3)
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        begun: list[str] = []
        for _ in range(KILLS):
            begun += await caller.execute_all("chain", [STEPS] * (EXECUTIONS // KILLS))
            await asyncio.sleep(rng.random() / 20)  # not always at the same point of a commit
            await engine.process.kill()
            await engine.process.start()

        again = await check_chains(house, caller, begun, steps=STEPS)
    # Whatever ran when an engine died may run again, once.
    assert again <= KILLS * EXECUTIONS


async def test_an_engine_that_is_cut_off_loses_what_it_owns_and_writes_nothing_more(house: House) -> None:
    url = urlsplit(house.postgres.url)
    assert url.hostname is not None
    assert url.port is not None
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(wire_to(url.hostname, url.port))
        location = f"{url.username}:{url.password}@{url.hostname}:{wire.port}"
        over_wire = urlunsplit((url.scheme, location, url.path, url.query, url.fragment))
        cut_off, other = await house.engine(database_url=over_wire), await house.engine()
        lonely = await house.worker(cut_off)
        caller = await stack.enter_async_context(house.caller(cut_off))
        sure = await stack.enter_async_context(house.caller(other))
        gated = await caller.execute("gated")
        chains = await caller.execute_all("chain", [50] * 10)
        await house.begun("held")

        wire.cut()
        rescuer = await house.worker(other)
        runs = await house.begun("held", times=2)
        house.gate.touch()
        output = await sure.output(gated)
        ended = [await sure.ended(execution_id) for execution_id in chains]
        history = [await sure.history(execution_id) for execution_id in (gated, *chains)]
        wire.mend()

        # The engine is back, and so is its worker, when this has run there.
        await rescuer.stop()
        assert await sure.output(await sure.execute("chain", 3)) == 3
        assert {run.pid for run in runs} == {lonely.pid, rescuer.pid}
        assert output["held"] == rescuer.pid
        assert [await sure.history(execution_id) for execution_id in (gated, *chains)] == history
        assert [await sure.get(execution_id) for execution_id in chains] == ended
        await check_chains(house, sure, chains, steps=50)


async def test_an_engine_whose_network_is_gone_loses_what_it_owns_within_its_lease(house: House) -> None:
    async with AsyncExitStack() as stack:
        away = await stack.enter_async_context(island())
        settings = {
            "TIMELOOM_NATS_URL": await away.url(house.nats.url),
            "TIMELOOM_IDENTITY_ADDRESS": await away.harbour(*_place_of(house.identity_address)),
        }
        cut_off = await house.engine(
            database_url=await away.url(house.postgres.url),
            settings=settings,
            host=away.address,
            within=away.command,
        )
        stack.push_async_callback(cut_off.process.kill)
        lonely = await house.worker(cut_off, within=away.command)
        stack.push_async_callback(lonely.kill)
        other = await house.engine()
        caller = await stack.enter_async_context(house.caller(cut_off))
        sure = await stack.enter_async_context(house.caller(other))
        gated = await caller.execute("gated")
        chains = await caller.execute_all("chain", [50] * 10)
        await house.begun("held")

        cut_time = datetime.now(UTC)
        await away.cut()
        rescuer = await house.worker(other)
        runs = await house.begun("held", times=2)
        house.gate.touch()
        output = await sure.output(gated)
        ended = [await sure.ended(execution_id) for execution_id in chains]
        history = [await sure.history(execution_id) for execution_id in (gated, *chains)]
        for process in (lonely, cut_off.process):
            os.kill(process.pid, 0)  # it lives: only nobody hears of it
        taken_over = next(entry for entry in history[0] if entry.type == TAKEN_OVER)
        seconds = taken_over.time.ToDatetime(UTC) - cut_time
        assert seconds <= timedelta(seconds=ENGINE_LEASE_SECONDS + 1 + BUSY_SECONDS)
        await away.mend()

        # The engine is back, and so is its worker, when this has run there.
        await rescuer.stop()
        assert await sure.output(await sure.execute("chain", 3)) == 3
        assert {run.pid for run in runs} == {lonely.pid, rescuer.pid}
        assert output["held"] == rescuer.pid
        assert [await sure.history(execution_id) for execution_id in (gated, *chains)] == history
        assert [await sure.get(execution_id) for execution_id in chains] == ended
        await check_chains(house, sure, chains, steps=50)


async def test_an_execution_that_takes_its_engines_down_is_given_up_and_takes_no_other_along(
    house: House,
) -> None:
    engine = await house.engine(settings={"TIMELOOM_WORKFLOWS_PRIVATE_HOSTS": "localhost"})
    killed = asyncio.Event()

    async def before(request: Request) -> None:
        if request.target == "/poison":
            await engine.process.kill()
            killed.set()
        else:
            await asyncio.sleep(0.3)

    async with (
        http_server(lambda request: Answer.of(request.target), before=before) as server,
        house.caller(engine) as caller,
    ):
        for name in ("poison", "bystander"):
            call = {"type": "http", "url": f"{server.url}/{name}"}
            await caller.define({"id": name, "steps": [{"id": "call", "type": "action", "action": call}]})
        bystanders = await caller.execute_all("bystander", [None] * 6)
        poison = await caller.execute("poison")

        for _ in range(DELIVERIES_MAX):
            await asyncio.wait_for(killed.wait(), 60)
            killed.clear()
            await engine.process.start()
        failed = await caller.ended(poison)
        letters = await caller.dead_letters()

        assert [(letter.execution_id, letter.error.type) for letter in letters] == [(poison, "PoisonError")]
        assert (failed.status, failed.error.step_id) == (FAILED, "call")
        for execution_id in bystanders:
            assert (await caller.output(execution_id))["body"] == "/bystander"
            assert await caller.recorded(execution_id) == ["call"]


@pytest.mark.parametrize("victim", ["worker", "engine"])
async def test_a_slot_is_freed_though_who_had_it_was_killed(house: House, victim: str) -> None:
    engine = await house.engine()
    worker = await house.worker(engine)
    async with house.caller(engine) as caller:
        begun = await caller.execute_all("one_at_a_time", [None] * 3)
        await house.begun("held")

        if victim == "worker":
            await worker.kill()
            await house.worker(engine)
        else:
            await engine.process.kill()
            await engine.process.start()
        runs = await house.begun("held", times=2 if victim == "worker" else 1)
        assert len({run.execution_id for run in runs}) == 1
        house.gate.touch()

        for execution_id in begun:
            await caller.output(execution_id)
            assert await caller.recorded(execution_id) == ["held"]
