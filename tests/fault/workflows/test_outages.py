"""PostgreSQL or NATS is away while executions run: they go on when it is back, and nothing happens twice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.fault.workflows.caller import Caller
from tests.fault.workflows.house import House
from tests.fault.workflows.test_killed_engines import check_chains
from timeloom_platform.embedded.nats import EmbeddedNats

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

EXECUTIONS = 20
STEPS = 15
RESTARTS = 2


async def begin(caller: Caller) -> list[str]:
    return await caller.execute_all("chain", [STEPS] * EXECUTIONS)


async def test_executions_go_on_after_postgres_was_killed(house: House) -> None:
    engine = await house.engine()
    await house.worker(engine)
    async with house.caller(engine) as caller:
        begun = await begin(caller)
        for _ in range(RESTARTS):
            await house.begun("count_up", times=len(begun))
            beginning = asyncio.create_task(begin(caller))
            await house.restart_postgres()
            begun += await beginning

        await check_chains(house, caller, begun, steps=STEPS)


async def test_executions_go_on_without_nats_and_when_it_has_lost_everything(
    house: House, nats_server: EmbeddedNats
) -> None:
    one, other = await house.engine(), await house.engine()
    await house.worker(one)
    async with house.caller(one) as caller, house.caller(other) as away:
        begun = await begin(caller)

        await nats_server.kill()
        begun += await begin(caller)
        begun += await begin(away)  # its only worker is with the other engine
        nap = await away.execute("nap", 0.5)
        await check_chains(house, caller, begun, steps=STEPS)
        assert await away.output(nap) == "last"

        shutil.rmtree(Path(nats_server.specification.directory))
        await nats_server.start()
        begun = [*await begin(caller), *await begin(away)]
        await check_chains(house, caller, begun, steps=STEPS)
