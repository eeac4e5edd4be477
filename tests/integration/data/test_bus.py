"""Publishing to JetStream and following it live."""

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest

from tests.helpers.events import complete, kept, number_of, take
from timeloom_platform.bus import (
    EVENT_BYTES_MAX,
    Bus,
    MessageRefusedError,
    PositionDroppedError,
    subject_filter,
    subject_of,
)
from timeloom_platform.bus.streams import EVENTS, TELEMETRY
from timeloom_platform.embedded.nats import EmbeddedNats
from timeloom_platform.errors import UnavailableError

pytestmark = pytest.mark.usefixtures("bus")


def everything_of(project_id: str) -> list[str]:
    return [subject_filter(project_id, "executions/>")]


async def test_a_repeated_publication_is_stored_once(bus: Bus, project_id: str) -> None:
    event = complete(project_id, 1)
    for _ in range(3):
        await bus.publish(event)

    assert await kept(bus, project_id) == {event.topic: [1]}


async def test_the_id_of_the_last_message_of_a_subject_can_be_asked(bus: Bus, project_id: str) -> None:
    first, second = complete(project_id, 1), complete(project_id, 2)
    assert await bus.last_message_id(subject_of(first)) is None

    await bus.publish(first)
    await bus.publish(second)

    assert await bus.last_message_id(subject_of(first)) == second.id


async def test_what_is_too_large_or_has_no_topic_is_refused(bus: Bus, project_id: str) -> None:
    large = complete(project_id, 1)
    large.execution_deleted.execution_id = "x" * (9 * 1024 * 1024)
    assert large.ByteSize() > EVENT_BYTES_MAX

    for event in (large, complete(project_id, 1, topic="executions//")):
        with pytest.raises(MessageRefusedError):
            await bus.publish(event)


async def test_a_subscriber_gets_every_event_in_order_with_its_position(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    for number in range(150):
        await bus.publish(complete(project_id, number, topic=f"executions/{number % 3}"))

    deliveries = await take(bus.subscribe_ordered(everything_of(project_id), start_sequence=start), 150)

    assert [number_of(delivery.event) for delivery in deliveries] == list(range(150))
    assert [delivery.sequence for delivery in deliveries] == list(range(start, start + 150))


async def test_a_subscriber_resumes_after_the_last_position_it_saw(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    for number in range(10):
        await bus.publish(complete(project_id, number))
    seen = await take(bus.subscribe_ordered(everything_of(project_id), start_sequence=start), 4)

    rest = await take(
        bus.subscribe_ordered(everything_of(project_id), start_sequence=seen[-1].sequence + 1), 6
    )

    assert [number_of(delivery.event) for delivery in rest] == [4, 5, 6, 7, 8, 9]


async def test_a_subscriber_without_a_position_gets_what_comes_from_now_on(bus: Bus, project_id: str) -> None:
    await bus.publish(complete(project_id, 1))
    deliveries = bus.subscribe_ordered(everything_of(project_id))
    following = asyncio.create_task(take(deliveries, 1))
    number = 2
    while not following.done():
        await bus.publish(complete(project_id, number))
        number += 1

    assert number_of((await following)[0].event) > 1


async def test_a_subscriber_sees_its_project_and_topics_only(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    await bus.publish(complete(str(uuid4()), 1))
    await bus.publish(complete(project_id, 2, topic="memory/team"))
    await bus.publish(complete(project_id, 3, topic="executions/one"))
    await bus.publish(complete(project_id, 4, topic="executions/two"))

    filters = [subject_filter(project_id, "executions/two"), subject_filter(project_id, "memory/*")]
    deliveries = await take(bus.subscribe_ordered(filters, start_sequence=start), 2)

    assert [number_of(delivery.event) for delivery in deliveries] == [2, 4]


async def test_filters_that_cover_one_another_deliver_an_event_once(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    for number in range(3):
        await bus.publish(complete(project_id, number, topic="executions/one"))

    filters = [*everything_of(project_id), subject_filter(project_id, "executions/one")]
    deliveries = await take(bus.subscribe_ordered(filters, start_sequence=start), 3)

    assert [number_of(delivery.event) for delivery in deliveries] == [0, 1, 2]


async def test_filters_that_overlap_in_part_select_just_what_they_say(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    topics = ["executions/one", "memory/one", "memory/two", "executions/two", "executions"]
    for number, topic in enumerate(topics):
        await bus.publish(complete(project_id, number, topic=topic))

    filters = [subject_filter(project_id, "executions/*"), subject_filter(project_id, "*/one")]
    deliveries = await take(bus.subscribe_ordered(filters, start_sequence=start), 3)

    assert [number_of(delivery.event) for delivery in deliveries] == [0, 1, 3]


async def test_a_subscriber_survives_a_killed_server_and_misses_nothing(
    bus: Bus, nats_server: EmbeddedNats, project_id: str
) -> None:
    start = await bus.last_sequence() + 1
    following = asyncio.create_task(
        take(bus.subscribe_ordered(everything_of(project_id), start_sequence=start), 60)
    )
    for number in range(60):
        if number % 20 == 10:
            await nats_server.kill()
            await nats_server.start()
        await bus.publish(complete(project_id, number))

    async with asyncio.timeout(60):
        deliveries = await following
    assert [number_of(delivery.event) for delivery in deliveries] == list(range(60))


async def test_a_position_that_is_no_longer_kept_is_told_plainly(bus: Bus, project_id: str) -> None:
    start = await bus.last_sequence() + 1
    for number in range(5):
        await bus.publish(complete(project_id, number))
    await bus.js.purge_stream(EVENTS, seq=start + 3)

    with pytest.raises(PositionDroppedError) as caught:
        await take(bus.subscribe_ordered(everything_of(project_id), start_sequence=start), 1)

    assert caught.value.metadata == {"firstSequence": str(start + 3), "lastSequence": str(start + 4)}
    kept_ones = await take(bus.subscribe_ordered(everything_of(project_id), start_sequence=start + 3), 2)
    assert [number_of(delivery.event) for delivery in kept_ones] == [3, 4]


async def test_a_lost_stream_is_made_again_and_its_old_positions_are_refused(
    bus: Bus, project_id: str
) -> None:
    for number in range(3):
        await bus.publish(complete(project_id, number))
    position = await bus.last_sequence()
    deliveries = bus.subscribe_ordered(everything_of(project_id), start_sequence=position + 1)
    async with aclosing(deliveries):
        await bus.js.delete_stream(EVENTS)

        await bus.publish(complete(project_id, 3))
        with pytest.raises(PositionDroppedError):
            await anext(deliveries)

    assert await bus.last_sequence() > position
    assert await kept(bus, project_id) == {"executions/one": [3]}


async def test_publishing_without_a_server_is_unavailable_within_the_deadline(
    bus: Bus, nats_server: EmbeddedNats, project_id: str
) -> None:
    await nats_server.kill()
    async with asyncio.timeout(20):
        with pytest.raises(UnavailableError):
            await bus.publish(complete(project_id, 1), deadline_seconds=0.5)
        with pytest.raises(UnavailableError):
            await bus.ping()

    await nats_server.start()
    await bus.publish(complete(project_id, 2))
    await bus.ping()


async def test_connecting_to_nothing_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeloom_platform.bus.client.CONNECT_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(UnavailableError):
        await Bus.connect("nats://127.0.0.1:1", name="test")


async def test_telemetry_has_a_stream_of_its_own(bus: Bus, project_id: str) -> None:
    before = await bus.last_sequence()
    start = await bus.last_sequence(TELEMETRY) + 1
    await bus.publish(complete(project_id, 1, topic="events"))

    (delivery,) = await take(
        bus.subscribe_ordered([subject_filter(project_id, "events")], start_sequence=start), 1
    )

    assert (delivery.sequence, number_of(delivery.event)) == (start, 1)
    assert await bus.last_message_id(subject_of(delivery.event)) == delivery.event.id
    assert await bus.last_sequence() == before
