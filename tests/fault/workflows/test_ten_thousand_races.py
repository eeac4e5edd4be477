"""Ten thousand actions race against completions, a third of each kind."""

from __future__ import annotations

import pytest

from tests.integration.workflows.races import race
from tests.integration.workflows.service import running_replica
from timeloom_platform.testing.databases import Rooms
from timeloom_workflows.assembly import PACKAGE, ROOM
from timeloom_workflows.settings import EngineSettings

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

COUNT = 3_340


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest.mark.parametrize("action", ["pause", "cancel", "fork"])
async def test_an_action_and_a_completion_are_never_both_first(database_url: str, action: str) -> None:
    async with running_replica(database_url, engine=EngineSettings(engine_lease_seconds=60)) as replica:
        winners = await race(replica, action, COUNT)

    assert winners.total() == COUNT
    assert set(winners) == {"action", "completion"}
    print(f"{action}: {winners['action']:,} were first, {winners['completion']:,} were not")  # noqa: T201
