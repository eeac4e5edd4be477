"""Files: a client's stream as an upload, a server's stream as a download."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.integration.gateway.house import House, Tenant, make_tenant, open_house
from tests.integration.gateway.time_travel import UNKNOWN, MemoryTimeTravel
from timeloom_gateway.settings import LimitSettings
from timeloom_gateway.web import files, readers
from timeloom_platform.errors import DataLossError
from timeloom_platform.testing import Databases, eventually
from timeloom_platform.web import bodies

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXECUTION = "019a7f3e-5c1b-7d42-9f0e-3b2a6c8d1e48"
EXPORT = f"/api/agent-executions/{EXECUTION}/export"
IMPORT = "/api/agent-executions:import"
MEDIA_TYPE = "application/vnd.timeloom.execution"
FILE = bytes(range(256)) * 4096
"""One MiB."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body that announces no length."""
    for part in parts:
        yield part


class TestUpload:
    @pytest.mark.parametrize("content_type", [MEDIA_TYPE, "Application/Octet-Stream; charset=x", None])
    @pytest.mark.parametrize("name", ["agent-executions", "executions"])
    async def test_a_body_arrives_in_parts(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel, content_type: str | None, name: str
    ) -> None:
        headers = {"content-type": content_type} if content_type else {}
        answer = await api.post(f"/api/{name}:import", content=FILE, headers=headers)
        assert (answer.status_code, answer.json()["agentId"]) == (200, str(len(FILE)))
        assert b"".join(time_travel.parts) == FILE
        assert max(map(len, time_travel.parts)) <= bodies.PART_BYTES_MAX

    async def test_small_chunks_make_whole_parts(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        small = [FILE[start : start + 1000] for start in range(0, len(FILE), 1000)]
        answer = await api.post(IMPORT, content=chunks(*small))
        assert answer.json()["agentId"] == str(len(FILE))
        assert [len(part) for part in time_travel.parts] == [bodies.PART_BYTES_MAX] * 4

    async def test_an_empty_file_is_one_empty_part(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        assert (await api.post(IMPORT)).status_code == 200
        assert time_travel.parts == [b""]

    @pytest.mark.parametrize(
        ("headers", "status", "code"),
        [
            ({"content-type": "application/json"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
            ({"content-type": "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
            ({"content-encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
            ({"accept": "text/html"}, 406, "NOT_ACCEPTABLE"),
            ({"idempotency-key": "a"}, 400, "INVALID_FIELD"),
            ({"request-timeout": "x"}, 400, "INVALID_FIELD"),
        ],
    )
    async def test_a_wrong_head_begins_no_call(
        self,
        api: httpx.AsyncClient,
        time_travel: MemoryTimeTravel,
        headers: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        answer = await api.post(IMPORT, content=FILE, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (time_travel.parts, time_travel.open_calls) == ([], 0)

    async def test_a_query_is_refused(self, api: httpx.AsyncClient) -> None:
        assert (await api.post(f"{IMPORT}?chunk=YQ==", content=b"a")).status_code == 400

    @pytest.mark.parametrize("announced", [True, False])
    async def test_more_than_the_limit_is_refused(self, databases: Databases, *, announced: bool) -> None:
        limits = LimitSettings(upload_bytes_max=len(FILE) - 1)
        async with open_house(databases, limits=limits) as house:
            async with house.client(await make_tenant(house)) as api:
                answer = await api.post(IMPORT, content=FILE if announced else chunks(FILE[:-1], FILE[-1:]))
                assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")
                assert answer.json()["metadata"] == {"limitBytes": str(len(FILE) - 1)}
                assert (await api.post(IMPORT, content=FILE[1:])).status_code == 200
            await eventually(lambda: house.time_travel.open_calls == 0)

    @pytest.mark.parametrize("after", [0, 2])
    async def test_a_refusal_in_the_middle_is_the_answer(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel, after: int
    ) -> None:
        time_travel.refuses_after = after
        answer = await api.post(IMPORT, content=FILE * 8)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_FIELD")
        assert answer.json()["violations"] == [{"field": "chunk", "description": "is damaged"}]
        assert len(time_travel.parts) == after + 1

    async def test_a_service_that_is_slow_slows_the_client_down(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        """Little of a large file is on its way while the service takes nothing of it."""
        time_travel.taking.clear()
        sent = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(256):
                yield FILE
                sent += len(FILE)

        uploading = asyncio.create_task(api.post(IMPORT, content=body(), timeout=60))
        await eventually(lambda: time_travel.open_calls == 1)
        previous = -1
        while sent != previous:
            previous = sent
            for _ in range(20):
                assert (await api.get("/healthz")).status_code == 200
        assert sent < 32 * len(FILE)
        time_travel.taking.set()
        assert (await uploading).json()["agentId"] == str(256 * len(FILE))

    @pytest.mark.parametrize("is_sent", [True, False])
    async def test_the_call_is_cancelled_when_the_client_leaves(
        self, house: House, tenant: Tenant, time_travel: MemoryTimeTravel, *, is_sent: bool
    ) -> None:
        time_travel.taking.clear()
        body = FILE if is_sent else FILE[:-1]
        async with raw(house, head(tenant, announced=len(FILE)) + body) as (_, writer):
            await eventually(lambda: time_travel.open_calls == 1)
            writer.transport.abort()
            await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_body_that_stops_is_given_up(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(bodies, "STALLED_SECONDS_MAX", 0.2)
        async with raw(house, head(tenant, announced=len(FILE)) + FILE[:-1]) as (reader, _):
            assert b" 408 " in await reader.readline()
            assert b"BODY_TIMEOUT" in await reader.readuntil(b"}")
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_service_that_takes_nothing_is_not_waited_for(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "TAKE_SECONDS_MAX", 0.2)
        time_travel.taking.clear()
        # More than a window of gRPC holds, however far it has grown.
        answer = await api.post(IMPORT, content=FILE * 64)
        assert (answer.status_code, answer.json()["code"]) == (429, "OVERLOADED")

    async def test_an_answer_that_does_not_come_is_not_waited_for(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "FINISH_SECONDS_MAX", 0.2)
        time_travel.taking.clear()
        answer = await api.post(IMPORT, content=b"a")
        assert (answer.status_code, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_deadline_that_is_over_at_once_is_no_defect(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        for content in (b"", FILE):
            answer = await api.post(IMPORT, content=content, headers={"request-timeout": "5e-324"})
            # gRPC may be done before it looks at its clock.
            assert answer.status_code in {httpx.codes.OK, httpx.codes.GATEWAY_TIMEOUT}, answer.text
        await eventually(lambda: time_travel.open_calls == 0)


def head(tenant: Tenant, *, announced: int) -> bytes:
    return (
        f"POST {IMPORT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.keys['write']}\r\n"
        f"content-length: {announced}\r\n\r\n"
    ).encode()


@asynccontextmanager
async def raw(
    house: House, request: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which this has been sent."""
    host, port = house.gateway.http_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    try:
        writer.write(request)
        yield reader, writer
    finally:
        writer.transport.abort()


class TestDownload:
    @pytest.mark.parametrize(
        ("accept", "content_type"),
        [
            ("*/*", MEDIA_TYPE),
            (MEDIA_TYPE, MEDIA_TYPE),
            ("application/octet-stream", "application/octet-stream"),
            ("text/html, application/*;q=0.5", MEDIA_TYPE),
        ],
    )
    async def test_the_responses_are_one_file(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel, accept: str, content_type: str
    ) -> None:
        for part in (FILE, b"", FILE[:7], None):
            time_travel.file.put_nowait(part)
        answer = await api.get(EXPORT, headers={"accept": accept})
        assert (answer.status_code, answer.content) == (200, FILE + FILE[:7])
        assert answer.headers["content-type"] == content_type
        assert answer.headers["cache-control"] == "no-store"
        disposition = f'attachment; filename="{EXECUTION}.timeloom.execution"'
        assert answer.headers["content-disposition"] == disposition

    async def test_a_file_may_be_empty(self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel) -> None:
        time_travel.file.put_nowait(None)
        answer = await api.get(EXPORT)
        assert (answer.status_code, answer.content) == (200, b"")

    async def test_a_head_is_answered_without_the_file(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        time_travel.file.put_nowait(FILE)
        answer = await api.head(EXPORT)
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_an_error_before_the_first_part_has_its_own_status(self, api: httpx.AsyncClient) -> None:
        answer = await api.get(f"/api/executions/{UNKNOWN}/export")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert "content-disposition" not in answer.headers

    async def test_an_error_in_the_middle_cannot_be_taken_for_the_end(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        for part in (FILE, DataLossError("The stored state is damaged.")):
            time_travel.file.put_nowait(part)
        with pytest.raises(httpx.TransportError):
            await api.get(EXPORT)
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_nothing_that_the_client_accepts(self, api: httpx.AsyncClient) -> None:
        answer = await api.get(EXPORT, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")

    async def test_the_call_is_cancelled_when_the_client_leaves(
        self, api: httpx.AsyncClient, time_travel: MemoryTimeTravel
    ) -> None:
        time_travel.file.put_nowait(FILE)
        async with api.stream("GET", EXPORT):
            assert time_travel.open_calls == 1
        await eventually(lambda: time_travel.open_calls == 0)

    async def test_a_client_that_takes_nothing_slows_the_service_down_and_is_let_go(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(files, "STALLED_SECONDS_MAX", 0.3)
        for _ in range(256):
            time_travel.file.put_nowait(FILE)
        key = tenant.keys["read"]
        request = f"GET {EXPORT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n"
        async with raw(house, request.encode()) as (reader, _):
            await eventually(lambda: time_travel.open_calls == 1)
            await eventually(lambda: time_travel.open_calls == 0)
            assert time_travel.file.qsize() > 200
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)

    async def test_a_revoked_key_ends_it(
        self,
        house: House,
        tenant: Tenant,
        time_travel: MemoryTimeTravel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(readers, "RECHECK_SECONDS", 0.05)
        async with house.client(tenant) as api:
            made = (await api.post("/api/api-keys", json={"name": "short", "scope": "READ"})).json()
            time_travel.file.put_nowait(FILE)
            async with house.client() as other:
                headers = {"authorization": f"Bearer {made['secret']}"}
                async with other.stream("GET", EXPORT, headers=headers) as answer:
                    await api.post(f"/api/api-keys/{made['apiKey']['id']}:revoke")
                    with pytest.raises(httpx.TransportError):
                        await answer.aread()
        await eventually(lambda: time_travel.open_calls == 0)
