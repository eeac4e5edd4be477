"""A method that streams both ways, as a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.gateway.house import House, Tenant, make_tenant, open_house
from tests.integration.gateway.test_live import Socket
from tests.integration.gateway.test_sessions import make_link
from tests.integration.gateway.time_travel import UNKNOWN, MemoryTimeTravel
from timeloom_gateway.sockets import calls, protocol, reception
from timeloom_gateway.sockets import connection as sockets
from timeloom_platform.testing import Databases, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTION = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e48"
ALIASES = ("agent-executions", "executions")
OPEN = {"requestId": 1, "open": {"sequence": 1}}


def knock(house: House, path: str = f"/api/executions/{EXECUTION}/replay", /, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return connect(
        f"ws://{house.gateway.http_address}{path}", additional_headers=named, proxy=None, close_timeout=1
    )


@asynccontextmanager
async def playback(
    house: House, tenant: Tenant, path: str = f"/api/executions/{EXECUTION}/replay"
) -> AsyncIterator[Socket]:
    """A socket whose client is known, and told so."""
    async with knock(house, path, **tenant.headers) as opened:
        socket = Socket(opened)
        assert (await socket.receive())["type"] == "ready"
        yield socket


async def closing(socket: Socket) -> tuple[int, str]:
    """The code of the connection's end, and that of the problem that was told before; empty if none was."""
    told: list[str] = []
    with pytest.raises(ConnectionClosed) as closed:
        await _listen(socket, told)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, told[-1] if told else ""


async def _listen(socket: Socket, told: list[str]) -> None:
    while True:
        message = await socket.receive()
        told.append(message.get("problem", {}).get("code", ""))


class TestConversation:
    @pytest.mark.parametrize("name", ALIASES)
    async def test_each_message_is_a_request_and_each_response_a_message(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel, name: str
    ) -> None:
        async with playback(house, tenant, f"/api/{name}/{EXECUTION}/replay") as socket:
            opened = await socket.ask(**OPEN)
            assert (opened["requestId"], opened["frame"]["snapshot"]["sequence"]) == (1, 1)
            await socket.send(requestId=2, step={"count": 2})
            frames = [await socket.receive() for _ in range(2)]
            assert [each["frame"]["snapshot"]["sequence"] for each in frames] == [1, 2]
            assert {each["requestId"] for each in frames} == {2}
        first, second = time_travel.commands
        assert (first.execution_id, second.execution_id) == (EXECUTION, "")
        assert time_travel.projects == [tenant.project_id]

    async def test_the_service_ends_the_connection_when_it_is_done(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with playback(house, tenant) as socket:
            await socket.ask(**OPEN)
            last = await socket.ask(requestId=3, pause={})
            assert last["status"]["speed"] == 2.0
            assert await closing(socket) == (1000, "")
        await eventually(lambda: time_travel.ended == ["well"])

    async def test_a_client_that_closes_has_ended_its_requests(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with playback(house, tenant) as socket:
            await socket.ask(**OPEN)
        await eventually(lambda: time_travel.ended)
        assert time_travel.ended == ["well"]
        await eventually(lambda: house.metrics.http.live_clients == 0)

    async def test_the_call_is_cancelled_when_the_client_is_lost(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with playback(house, tenant) as socket:
            await socket.ask(**OPEN)
            socket.connection.transport.abort()
            await eventually(lambda: time_travel.ended)
        assert time_travel.ended == ["cancelled"]
        await eventually(lambda: house.metrics.http.live_clients == 0)

    async def test_an_error_of_the_service_is_told_before_the_end(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with playback(house, tenant, f"/api/executions/{UNKNOWN}/replay") as socket:
            error = await socket.ask(**OPEN)
            assert (error["type"], error["problem"]["status"]) == ("error", 404)
            assert await closing(socket) == (4404, "")
        await eventually(lambda: time_travel.open_calls == 0)

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ("{", "MALFORMED_JSON"),
            ("", "MALFORMED_JSON"),
            ("[]", "INVALID_FIELD"),
            ('{"opne":{}}', "INVALID_FIELD"),
            ('{"step":{"count":1001}}', "INVALID_FIELD"),
            ('{"step":{"count":"1"}}', "INVALID_FIELD"),
            (f'{{"executionId":"{EXECUTION}","open":{{}}}}', "INVALID_FIELD"),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False])
    async def test_a_wrong_message_ends_the_connection(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        message: str,
        code: str,
        *,
        is_first: bool,
    ) -> None:
        async with playback(house, tenant) as socket:
            if not is_first:
                await socket.ask(**OPEN)
            await socket.connection.send(message)
            assert await closing(socket) == (protocol.CLOSE_INVALID, code)
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_deadline_ends_it(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with knock(house, **tenant.headers, request_timeout="0.2") as opened:
            socket = Socket(opened)
            assert await closing(socket) == (4504, "DEADLINE_EXCEEDED")
        assert time_travel.remaining[0] is not None
        assert time_travel.remaining[0] < 0.5

    async def test_a_message_that_is_too_large_ends_it(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with playback(house, tenant) as socket:
            await socket.connection.send("x" * (protocol.MESSAGE_BYTES_MAX + 1))
            assert await closing(socket) == (1009, "")
        await eventually(lambda: time_travel.open_calls == 0)


class TestPace:
    async def test_a_client_that_reads_nothing_is_let_go(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(sockets, "SEND_SECONDS_MAX", 0.3)
        async with playback(house, tenant) as socket:
            await socket.ask(**OPEN)
            socket.connection.transport.pause_reading()
            for _ in range(1000):
                await socket.send(requestId=2, step={"count": 1000})
            await eventually(lambda: time_travel.ended == ["cancelled"])
            socket.connection.transport.resume_reading()
            assert (await closing(socket))[0] == protocol.CLOSE_TOO_SLOW

    async def test_a_service_that_takes_nothing_is_not_waited_for(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(calls, "TAKE_SECONDS_MAX", 0.3)
        time_travel.taking.clear()
        async with playback(house, tenant) as socket:
            path = "x" * 4096
            filling = asyncio.create_task(_fill(socket, requestId=2, open={"path": path}))
            assert await closing(socket) == (protocol.CLOSE_RATE_LIMITED, "OVERLOADED")
            filling.cancel()


async def _fill(socket: Socket, **message: Any) -> None:
    while True:
        await socket.send(**message)


class TestCredentials:
    async def test_the_first_message_may_bring_the_key(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel
    ) -> None:
        async with knock(house) as opened:
            socket = Socket(opened)
            ready = await socket.ask(type="authenticate", apiKey=tenant.keys["read"])
            assert ready == {"type": "ready", "projectId": tenant.project_id, "scope": "READ"}
            assert (await socket.ask(**OPEN))["frame"]["snapshot"]["sequence"] == 1
        assert time_travel.projects == [tenant.project_id]

    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ({"type": "authenticate", "apiKey": "tl_wrong"}, "INVALID_API_KEY"),
            (OPEN, "UNAUTHENTICATED"),
        ],
    )
    async def test_without_good_credentials_no_call_begins(
        self, house: House, time_travel: MemoryTimeTravel, message: dict[str, Any], code: str
    ) -> None:
        async with knock(house) as opened:
            socket = Socket(opened)
            await socket.send(**message)
            assert await closing(socket) == (protocol.CLOSE_UNAUTHENTICATED, code)
        assert time_travel.projects == []

    async def test_a_handshake_with_a_wrong_key_is_refused(self, house: House) -> None:
        assert await refusal(knock(house, authorization="Bearer tl_wrong")) == (401, "INVALID_API_KEY")

    @pytest.mark.parametrize(("origin", "accepted"), [("", True), ("https://evil.example", False)])
    async def test_a_cookie_counts_for_pages_of_the_own_origin(
        self, house: House, tenant: Tenant, *, origin: str, accepted: bool
    ) -> None:
        async with house.client() as browser:
            await browser.get(await make_link(house, tenant))
            cookie = f"timeloom_session={browser.cookies['timeloom_session']}"
        handshake = knock(house, cookie=cookie, origin=origin or house.url)
        if accepted:
            async with handshake as opened:
                assert (await Socket(opened).receive())["type"] == "ready"
        else:
            assert await refusal(handshake) == (403, "CSRF_REJECTED")

    async def test_a_revoked_key_ends_the_connection(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reception, "RECHECK_SECONDS", 0.05)
        async with house.client(tenant) as api:
            made = (await api.post("/api/api-keys", json={"name": "short", "scope": "READ"})).json()
            async with knock(house, authorization=f"Bearer {made['secret']}") as opened:
                socket = Socket(opened)
                await socket.receive()
                await socket.ask(**OPEN)
                await api.post(f"/api/api-keys/{made['apiKey']['id']}:revoke")
                assert await closing(socket) == (protocol.CLOSE_UNAUTHENTICATED, "UNAUTHENTICATED")
        await eventually(lambda: time_travel.ended == ["cancelled"])


async def refusal(handshake: Any) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refused:
        await handshake
    response = refused.value.response
    return response.status_code, json.loads(response.body or b"")["code"]


class TestRoute:
    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            (f"/api/executions/{EXECUTION}/replay?sequence=1", 400, "INVALID_FIELD"),
            ("/api/executions/%ff/replay", 400, "INVALID_FIELD"),
            (f"/api/executions/{EXECUTION}/timeline", 404, "UNIMPLEMENTED"),
            (f"/api/executions/{EXECUTION}/nothing", 404, "UNIMPLEMENTED"),
        ],
    )
    async def test_a_path_that_leads_to_no_socket_is_refused(
        self, house: House, tenant: Tenant, path: str, status: int, code: str
    ) -> None:
        assert await refusal(knock(house, path, **tenant.headers)) == (status, code)

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_a_request_without_a_handshake_is_told_what_the_route_is(
        self, api: httpx.AsyncClient, method: str
    ) -> None:
        answer = await api.request(method, f"/api/executions/{EXECUTION}/replay")
        assert answer.status_code == 426
        assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")

    async def test_a_gateway_that_leaves_says_so(self, databases: Databases) -> None:
        async with open_house(databases) as house:
            tenant = await make_tenant(house)
            async with playback(house, tenant) as socket:
                await socket.ask(**OPEN)
                leaving = asyncio.create_task(house.gateway.drain())
                assert await closing(socket) == (1012, "")
                await leaving
            await eventually(lambda: house.time_travel.open_calls == 0)
