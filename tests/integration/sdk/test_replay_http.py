"""HTTP calls of httpx and requests: recorded as they pass, answered in a replay, secrets left out."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import requests

from timeloom import AsyncTimeloom, Timeloom
from timeloom.client import RecordedExecution
from timeloom.replay import ReplayDiverged, capture_http
from timeloom.resources import EffectKind

SECRETS = ("sk-secret", "hunter2", "s3ssion", "t0ken", "c00kie")


class Handler(BaseHTTPRequestHandler):
    """A service that counts, streams, redirects, fails and sets cookies."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        type(self).count += 1
        if self.path.startswith("/stream"):
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for number in range(3):
                self._chunk(f"data: {number} of {self.count} ü\n\n".encode())
            self._chunk(b"")
        elif self.path.startswith("/redirect"):
            self._answer(302, b"", location="/json")
        elif self.path.startswith("/zipped"):
            self._answer(200, gzip.compress(f"zipped {self.count}".encode()), **{"content-encoding": "gzip"})
        elif self.path.startswith("/binary"):
            self._answer(200, bytes([255, 254, self.count % 256]))
        else:
            body = {"count": self.count, "access_token": "t0ken", "ü": "é"}
            self._answer(
                404 if self.path.startswith("/missing") else 200,
                json.dumps(body, indent=1).encode(),
                **{"content-type": "application/json", "set-cookie": "c=c00kie"},
            )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def with_httpx(url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with httpx.Client(headers={"Authorization": "Bearer sk-secret"}, cookies={"c": "s3ssion"}) as client:
        found["json"] = client.get(f"{url}/json", params={"api_key": "sk-secret", "q": "a b"}).json()["count"]
        posted = client.post(f"{url}/json", json={"password": "hunter2", "n": [1, 2.5]})
        found["posted"] = (posted.status_code, posted.json()["ü"], posted.headers["content-type"])
        form = client.post(f"{url}/json", data={"client_secret": "hunter2", "grant": "x"})
        found["form"] = form.json()["count"]
        found["upload"] = client.post(f"{url}/json", files={"file": b"content"}).json()["count"]
        found["redirect"] = client.get(f"{url}/redirect", follow_redirects=True).json()["count"]
        found["zipped"] = client.get(f"{url}/zipped").text
        found["binary"] = list(client.get(f"{url}/binary").content)
        with client.stream("GET", f"{url}/stream") as response:
            found["lines"] = list(response.iter_lines())
        with client.stream("GET", f"{url}/stream") as response:
            found["partly"] = next(response.iter_lines())
        try:
            client.get(f"{url}/missing").raise_for_status()
        except httpx.HTTPStatusError as error:
            found["missing"] = error.response.status_code
    try:
        httpx.get("http://127.0.0.1:9/nobody")
    except httpx.ConnectError as error:
        found["refused"] = [str(error), error.request.method]
    return found


def with_requests(url: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with requests.Session() as session:
        session.headers["X-Api-Key"] = "sk-secret"
        found["json"] = session.get(f"{url}/json", params={"token": "t0ken"}).json()["count"]
        posted = session.post(f"{url}/json", json={"n": 1}, auth=("me", "hunter2"))
        found["posted"] = (posted.status_code, posted.json()["ü"], posted.reason)
        found["cookies"] = sorted(session.cookies.keys())
        found["upload"] = session.post(f"{url}/json", files={"file": b"content"}).json()["count"]
        found["redirect"] = session.get(f"{url}/redirect").json()["count"]
        found["zipped"] = session.get(f"{url}/zipped").text
        found["binary"] = list(session.get(f"{url}/binary").content)
        with session.get(f"{url}/stream", stream=True) as response:
            found["lines"] = list(response.iter_lines(decode_unicode=True))
        with session.get(f"{url}/stream", stream=True) as response:
            found["partly"] = next(response.iter_content(8)).decode()
        try:
            session.get(f"{url}/missing").raise_for_status()
        except requests.HTTPError as error:
            found["missing"] = str(error.response)
    try:
        requests.get("http://127.0.0.1:9/nobody")
    except requests.ConnectionError as error:
        found["refused"] = str(error)[:20]
    return found


@pytest.mark.parametrize("library", [with_httpx, with_requests])
def test_calls_are_answered_from_the_recording(
    client: Timeloom, url: str, library: Callable[[str], dict[str, Any]]
) -> None:
    def program(execution: RecordedExecution) -> None:
        with capture_http(execution):
            execution.step("called", library(url))

    with client.record(agent_id="agent") as execution:
        program(execution)
    snapshot = client.snapshots.get(execution.id, 1)
    assert {effect.kind for effect in snapshot.effects} == {EffectKind.HTTP}
    stored = json.dumps([[effect.request, effect.response] for effect in snapshot.effects])
    assert [secret for secret in SECRETS if secret in stored] == []
    before = Handler.count
    with client.replay(execution.id) as replayed:
        program(replayed.execution)
    assert replayed.result.identical
    assert before == Handler.count


async def test_asynchronous_calls_are_answered_too(service: Any, url: str) -> None:
    async def program(client: AsyncTimeloom) -> str:
        async with client.record(agent_id="agent") as execution, httpx.AsyncClient() as http:
            with capture_http(execution):
                first = (await http.get(f"{url}/json")).json()["count"]
                async with http.stream("GET", f"{url}/stream") as response:
                    lines = [line async for line in response.aiter_lines()]
            await execution.step("called", {"first": first, "lines": lines})
        return execution.id

    async with AsyncTimeloom(api_key=service.api_key, grpc_address=service.address) as client:
        execution_id = await program(client)
        before = Handler.count
        async with client.replay(execution_id) as replayed:
            await program(client)
    assert replayed.result.identical
    assert before == Handler.count


def test_a_call_that_was_not_recorded_does_not_leave_the_process(client: Timeloom, url: str) -> None:
    with client.record(agent_id="agent") as execution:
        execution.step("nothing", {})
    before = Handler.count
    for call in (lambda: httpx.get(f"{url}/json"), lambda: requests.get(f"{url}/json", timeout=5)):
        with pytest.raises(ReplayDiverged, match="no more effects in this step"), client.replay(execution.id):
            call()
    assert before == Handler.count


def test_nothing_stays_hooked(client: Timeloom, url: str) -> None:
    send, handle = requests.adapters.HTTPAdapter.send, httpx.HTTPTransport.handle_request
    with client.record(agent_id="agent") as execution:
        with capture_http(execution), capture_http(execution):
            assert requests.adapters.HTTPAdapter.send is not send
        httpx.get(f"{url}/json")
        execution.step("nothing", {})
    assert requests.adapters.HTTPAdapter.send is send
    assert httpx.HTTPTransport.handle_request is handle
    assert client.snapshots.get(execution.id, 1).effects == ()
