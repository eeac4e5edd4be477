"""What a newcomer sees first: `make demo`, and the commands that it names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running_stack import RunningStack
from timeloom import Timeloom

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "langgraph_agent.py"
DEMO_LIMIT_SECONDS = 200


def run_demo(environ: dict[str, str], directory: Path) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
    done = subprocess.run(
        [sys.executable, DEMO],
        env=inherited | environ,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=DEMO_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_the_demo_records_into_the_stack_that_runs(stack: RunningStack, tmp_path: Path) -> None:
    shown = run_demo({"TIMELOOM_DATA_DIR": str(stack.data_dir)}, tmp_path)
    assert "No Timeloom runs here" not in shown
    with Timeloom(api_key=stack.api_key, grpc_address=stack.grpc_address) as client:
        (execution,) = client.executions.list(agent_id="trip-planner", limit=1)
        snapshots = list(client.snapshots.list(execution.id))
        assert [snapshot.parent_sequence for snapshot in snapshots] == [*range(9), 5, *range(10, 14)]
        assert client.snapshots.get(execution.id, 9, path="/trip/total").state == 628
        assert client.snapshots.get(execution.id, path="/trip/total").state == 398
    assert f"{stack.http_url}/api/agent-executions/{execution.id}" in shown
    for command in ("executions show last", "snapshots show last 5 --path /trip", "snapshots diff last 9"):
        assert stack.run(*command.split())


def test_the_demo_brings_its_own_stack_if_none_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    shown = run_demo({"TMPDIR": str(tmp_path), "TIMELOOM_GRPC_ADDRESS": "127.0.0.1:1"}, tmp_path)
    assert "starting one for this demo" in shown
    assert "make up" in shown
    assert list(tmp_path.iterdir()) == []
