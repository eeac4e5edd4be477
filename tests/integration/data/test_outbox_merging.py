"""Events that one event can tell travel as one, without anything being lost or told twice."""

import pytest

from tests.helpers.events import kept, number_of, tell, waiting
from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.outbox import OutboxRelay, table


def later_of_even(earlier: events_pb2.Event, later: events_pb2.Event) -> events_pb2.Event | None:
    """Of two even numbers the later one tells both; odd ones are told by themselves."""
    return None if number_of(earlier) % 2 or number_of(later) % 2 else later


@pytest.fixture
def relay(database: Database, bus: Bus) -> OutboxRelay:
    return OutboxRelay(database, bus, merge=later_of_even)


async def without_doubt(relay: OutboxRelay, database: Database, project_id: str) -> None:
    """Ends the doubt that every relay starts with: a round that goes well."""
    await tell(database, project_id, [1], topic="executions/other")
    assert await relay.relay_once() == 1


async def test_neighbours_travel_as_one_and_the_order_stays(
    relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    await without_doubt(relay, database, project_id)
    for numbers in ([2], [4, 6], [7], [8], [10]):
        await tell(database, project_id, numbers)

    assert await relay.relay_once() == 5

    assert await kept(bus, project_id, topics="executions/one") == {"executions/one": [6, 7, 10]}
    assert await waiting(database) == 0


async def test_topics_are_merged_each_by_itself(
    relay: OutboxRelay, database: Database, bus: Bus, project_id: str
) -> None:
    await without_doubt(relay, database, project_id)
    for number in (2, 4):
        await tell(database, project_id, [number], topic="executions/a")
        await tell(database, project_id, [number], topic="executions/b")

    await relay.relay_once()

    assert await kept(bus, project_id, topics="executions/a") == {"executions/a": [4]}
    assert await kept(bus, project_id, topics="executions/b") == {"executions/b": [4]}


async def test_what_was_merged_but_not_noted_is_not_told_again(
    relay: OutboxRelay,
    database: Database,
    bus: Bus,
    project_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rows of a round that failed after its publication come again, with one more behind them."""
    await without_doubt(relay, database, project_id)
    for number in (2, 4):
        await tell(database, project_id, [number])
    with monkeypatch.context() as patched:
        patched.setattr(table, "DELETE", "SELECT 1 / 0, $1::bigint[]")
        with pytest.raises(Exception, match="division by zero"):
            await relay.relay_once()
    await tell(database, project_id, [6])
    restarted = OutboxRelay(database, bus, merge=later_of_even)

    assert await restarted.relay_once() == 3

    assert await kept(bus, project_id, topics="executions/one") == {"executions/one": [4, 6]}
    assert await waiting(database) == 0
