"""Live topics over WebSocket and server-sent events, from a real JetStream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.gateway.house import House, Tenant
from tests.integration.gateway.test_sessions import make_link
from tests.integration.gateway.test_streams import frames
from timeloom.events.v1 import events_pb2
from timeloom_gateway.live.protocol import SUBSCRIPTIONS_MAX
from timeloom_gateway.sockets import protocol
from timeloom_platform import ids
from timeloom_platform.bus import Bus
from timeloom_platform.testing import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def bus(house: House) -> AsyncIterator[Bus]:
    connection = await Bus.connect(house.nats.url, name="test")
    yield connection
    await connection.close()


async def tell(
    bus: Bus, tenant: Tenant, execution_id: str, sequence: int = 1, *, step_name: str = "plan"
) -> None:
    """An event of one execution, as the snapshots service tells it."""
    recorded = events_pb2.SnapshotsRecorded(
        execution_id=execution_id, first_sequence=sequence, last_sequence=sequence, step_name=step_name
    )
    topic = f"executions/{execution_id}"
    event = events_pb2.Event(
        id=str(ids.uuid7()), project_id=tenant.project_id, topic=topic, snapshots_recorded=recorded
    )
    await bus.publish(event, deadline_seconds=60)


class Socket:
    """A WebSocket whose messages are JSON objects."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self.connection.recv())
        return found

    async def ask(self, **message: Any) -> dict[str, Any]:
        await self.send(**message)
        return await self.receive()


def open_socket(house: House, **headers: str) -> Any:
    return connect(
        f"ws://{house.gateway.http_address}/api/ws", additional_headers=headers, proxy=None, close_timeout=1
    )


@pytest_asyncio.fixture(loop_scope="module")
async def socket(house: House, tenant: Tenant) -> AsyncIterator[Socket]:
    async with open_socket(house, **tenant.headers) as connection:
        opened = Socket(connection)
        assert await opened.receive() == {"type": "ready", "projectId": tenant.project_id, "scope": "ADMIN"}
        yield opened


class TestWebSocket:
    async def test_a_topic_brings_its_events_and_no_others(
        self, bus: Bus, socket: Socket, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        answer = await socket.ask(type="subscribe", id="one", topic="executions/a")
        assert (answer["type"], answer["id"], answer["topic"]) == ("subscribed", "one", "executions/a")
        await tell(bus, other_tenant, "a", 8)
        await tell(bus, tenant, "b", 9)
        await tell(bus, tenant, "a", 1)
        event = await socket.receive()
        assert (event["type"], event["id"], event["kind"]) == ("event", "one", "snapshotsRecorded")
        assert event["event"]["snapshotsRecorded"] == {
            "executionId": "a",
            "firstSequence": 1,
            "lastSequence": 1,
            "stepName": "plan",
        }
        assert int(event["position"]) > int(answer["position"])

    async def test_a_topic_contains_those_below_it(self, bus: Bus, socket: Socket, tenant: Tenant) -> None:
        await socket.ask(type="subscribe", id="all", topic="executions")
        for execution in ("a", "b"):
            await tell(bus, tenant, execution)
        topics = [(await socket.receive())["event"]["topic"] for _ in range(2)]
        assert topics == ["executions/a", "executions/b"]

    async def test_a_subscription_resumes_after_its_position(
        self, bus: Bus, socket: Socket, tenant: Tenant
    ) -> None:
        await socket.ask(type="subscribe", id="one", topic="executions/a")
        for sequence in (1, 2, 3):
            await tell(bus, tenant, "a", sequence)
        positions = [(await socket.receive())["position"] for _ in range(3)]
        assert (await socket.ask(type="unsubscribe", id="one")) == {"type": "unsubscribed", "id": "one"}
        again = await socket.ask(type="subscribe", id="two", topic="executions/a", position=positions[0])
        assert again["position"] == positions[0]
        assert [(await socket.receive())["position"] for _ in range(2)] == positions[1:]

    async def test_a_position_that_is_not_kept_ends_its_subscription_only(self, socket: Socket) -> None:
        await socket.send(type="subscribe", id="old", topic="executions", position="1")
        kinds = {(await socket.receive())["type"] for _ in range(2)}
        assert kinds == {"subscribed", "error"}
        assert await socket.ask(type="ping") == {"type": "pong"}

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ("{", "MALFORMED_JSON"),
            ('{"type":"shout"}', "INVALID_FIELD"),
            ('{"type":"subscribe","id":"a"}', "INVALID_FIELD"),
            ('{"type":"subscribe","id":"a","topic":"executions","extra":1}', "INVALID_FIELD"),
            ('{"type":"subscribe","id":"","topic":"executions"}', "INVALID_FIELD"),
            ('{"type":"subscribe","id":"a","topic":"executions//b"}', "INVALID_FIELD"),
            ('{"type":"subscribe","id":"a","topic":"executions","position":"x"}', "INVALID_FIELD"),
            ('{"type":"unsubscribe","id":"nobody"}', "NOT_FOUND"),
            ('{"type":"authenticate","apiKey":"x"}', "INVALID_FIELD"),
        ],
    )
    async def test_a_message_that_is_wrong_is_answered(self, socket: Socket, message: str, code: str) -> None:
        await socket.connection.send(message)
        answer = await socket.receive()
        assert (answer["type"], answer["problem"]["code"]) == ("error", code)
        assert await socket.ask(type="ping") == {"type": "pong"}

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "subscribe", "id": "a", "topic": "executions//b"},
            {"type": "subscribe", "id": "a", "topic": "executions", "position": "x"},
            {"type": "unsubscribe", "id": "a"},
        ],
    )
    async def test_a_refusal_says_which_subscription_it_is_about(
        self, socket: Socket, message: dict[str, str]
    ) -> None:
        answer = await socket.ask(**message)
        assert (answer["type"], answer["id"]) == ("error", "a")

    async def test_there_are_not_too_many_subscriptions(self, socket: Socket) -> None:
        for index in range(SUBSCRIPTIONS_MAX):
            await socket.ask(type="subscribe", id=str(index), topic="executions")
        twice = await socket.ask(type="subscribe", id="0", topic="executions")
        assert twice["problem"]["code"] == "ALREADY_EXISTS"
        more = await socket.ask(type="subscribe", id="more", topic="executions")
        assert more["problem"]["code"] == "RATE_LIMITED"

    async def test_a_connection_that_closes_leaves_nothing_running(
        self, house: House, tenant: Tenant
    ) -> None:
        async with open_socket(house, **tenant.headers) as connection:
            socket = Socket(connection)
            await socket.receive()
            for index in range(20):
                await socket.ask(type="subscribe", id=str(index), topic="executions")
            assert house.metrics.http.live_clients >= 1
        await eventually(lambda: house.metrics.http.live_clients == 0)

    async def test_a_message_that_is_too_large_ends_the_connection(self, socket: Socket) -> None:
        await socket.connection.send("x" * (protocol.MESSAGE_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


class TestWebSocketCredentials:
    async def test_the_first_message_may_bring_the_key(self, house: House, tenant: Tenant) -> None:
        async with open_socket(house) as connection:
            ready = await Socket(connection).ask(type="authenticate", apiKey=tenant.keys["read"])
        assert (ready["type"], ready["scope"]) == ("ready", "READ")

    @pytest.mark.parametrize(
        "message",
        [{"type": "authenticate", "apiKey": "tl_wrong"}, {"type": "ping"}],
    )
    async def test_without_good_credentials_the_connection_ends(
        self, house: House, message: dict[str, str]
    ) -> None:
        async with open_socket(house) as connection:
            socket = Socket(connection)
            assert (await socket.ask(**message))["type"] == "error"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == protocol.CLOSE_UNAUTHENTICATED

    async def test_a_handshake_with_a_wrong_key_is_refused(self, house: House) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with open_socket(house, authorization="Bearer tl_wrong"):
                pass
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["code"] == "INVALID_API_KEY"

    @pytest.mark.parametrize(("origin", "accepted"), [("", True), ("https://evil.example", False)])
    async def test_a_cookie_counts_for_pages_of_the_own_origin(
        self, house: House, tenant: Tenant, *, origin: str, accepted: bool
    ) -> None:
        async with house.client() as browser:
            await browser.get(await make_link(house, tenant))
            cookie = f"timeloom_session={browser.cookies['timeloom_session']}"
        handshake = open_socket(house, cookie=cookie, origin=origin or house.url)
        if accepted:
            async with handshake as connection:
                assert (await Socket(connection).receive())["type"] == "ready"
        else:
            with pytest.raises(InvalidStatus) as refused:
                await handshake
            assert refused.value.response.status_code == 403

    async def test_another_path_is_no_web_socket(self, house: House) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{house.gateway.http_address}/api/other", proxy=None)
        assert refused.value.response.status_code == 404
        assert json.loads(refused.value.response.body or b"")["code"] == "UNIMPLEMENTED"

    async def test_a_request_without_a_handshake_is_told_what_the_route_is(self, house: House) -> None:
        async with house.client() as client:
            answer = await client.get("/api/ws")
            refused = await client.request("TRACE", "/api/ws")
        assert (answer.status_code, answer.json()["code"]) == (426, "UPGRADE_REQUIRED")
        assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


class TestEventStream:
    async def test_events_arrive_with_their_positions(self, house: House, bus: Bus, tenant: Tenant) -> None:
        async with house.client(tenant) as api:
            async with api.stream("GET", "/api/stream?topic=executions/a&topic=executions/b") as answer:
                events = frames(answer)
                for execution in ("a", "c", "b"):
                    await tell(bus, tenant, execution)
                first, second = await anext(events), await anext(events)
            assert [each["data"]["topic"] for each in (first, second)] == ["executions/a", "executions/b"]
            assert first["event"] == "snapshotsRecorded"
            resume = {"last-event-id": first["id"]}
            async with api.stream("GET", "/api/stream?topic=executions", headers=resume) as answer:
                events = frames(answer)
                topics = [(await anext(events))["data"]["topic"] for _ in range(2)]
            assert topics == ["executions/c", "executions/b"]

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 400),
            ("topic=", 400),
            ("topic=a//b", 400),
            ("topic=a&position=x", 400),
            ("topic=a&position=1&position=2", 400),
            ("topic=a&color=red", 400),
            ("topic=a&position=1", 410),
        ],
    )
    async def test_a_wrong_request_is_a_problem(
        self, house: House, tenant: Tenant, query: str, status: int
    ) -> None:
        async with house.client(tenant) as api:
            assert (await api.get(f"/api/stream?{query}")).status_code == status

    async def test_it_needs_credentials(self, house: House) -> None:
        async with house.client() as client:
            assert (await client.get("/api/stream?topic=executions")).status_code == 401
