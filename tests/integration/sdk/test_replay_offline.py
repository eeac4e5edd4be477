"""A recorded agent is replayed in a network namespace in which no interface is up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sdk import offline_agents
from tests.integration.sdk.service import Service
from timeloom import Timeloom
from timeloom.langgraph import TimeloomSaver
from timeloom.replay import capture_http
from timeloom.replay.langgraph import capture_langgraph, execution_of

ROOT = Path(__file__).parents[3]


def _may_unshare() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-n", "true"], check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _may_unshare(), reason="a network namespace takes unshare -n as root")


class _Remote(BaseHTTPRequestHandler):
    """The services that the agents ask; never the same answer twice."""

    def do_GET(self) -> None:
        body = json.dumps(
            {"text": uuid.uuid4().hex, "id": uuid.uuid4().hex, "euros": uuid.uuid4().int % 1000}
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def remote() -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Remote) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        offline_agents.SERVER["url"] = f"http://127.0.0.1:{server.server_port}"
        yield
        server.shutdown()


@pytest.fixture(scope="module")
def recordings(service: Service, remote: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What both agents did, as files."""
    del remote
    folder = tmp_path_factory.mktemp("recordings")
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        with client.record(agent_id="plain") as execution, capture_http(execution):
            offline_agents.plain(execution, "")
        saver = TimeloomSaver(client)
        with capture_langgraph(saver, thread_id=offline_agents.THREAD, http=True):
            offline_agents.graph(saver, "")
        ids = {"plain": execution.id, "graph": execution_of(offline_agents.THREAD)}
        for name, execution_id in ids.items():
            client.recording(execution_id).save(folder / name)
    return {name: folder / name for name in ids}


RUNS = [(kind, variant) for kind in ("plain", "graph") for variant in ("", "question", "state")]


@pytest.fixture(scope="module")
def outcomes(recordings: dict[str, Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """How replays went where nothing can be reached, not even this machine itself."""
    runs = [(kind, str(recordings[kind]), variant) for kind, variant in RUNS]
    program = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}]
from tests.integration.sdk import offline_agents
assert offline_agents.interfaces_up() == [], offline_agents.interfaces_up()
offline_agents.SERVER["url"] = {offline_agents.SERVER["url"]!r}
offline_agents.main({runs!r})
"""
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(RUNS, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize(("kind", "steps"), [("plain", 4), ("graph", 5)])
def test_the_same_code_is_identical(
    outcomes: dict[tuple[str, str], dict[str, Any]], kind: str, steps: int
) -> None:
    found = outcomes[kind, ""]
    assert (found["status"], found["steps"]) == ("IDENTICAL", steps), found["report"]


@pytest.mark.parametrize(
    ("kind", "variant", "step", "lines"),
    [
        ("plain", "question", 3, ["The code asked tool lookup something else.", "~ /city", '"Faro"']),
        ("plain", "state", 4, ["The state after the step is another one.", "~ /chosen", '"Porto"']),
        ("graph", "question", 5, ["The code asked llm RemoteModel something else.", '"Be brief."']),
        ("graph", "state", 5, ["The state after the step is another one.", "messages"]),
    ],
)
def test_changed_code_diverges_at_its_step(
    outcomes: dict[tuple[str, str], dict[str, Any]], kind: str, variant: str, step: int, lines: list[str]
) -> None:
    found = outcomes[kind, variant]
    assert (found["status"], found["diverged_at"]) == ("DIVERGED", step)
    assert found["report"].startswith(f"DIVERGED at step {step} ")
    assert [line for line in lines if line not in found["report"]] == []
