"""The commands of time travel against the real service."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.integration.sdk.service import Service
from timeloom import Timeloom, cli
from timeloom.resources import EffectKind


class Command:
    """Runs `timeloom` with the service's key."""

    def __init__(self, service: Service, key: str) -> None:
        self.arguments = ["--api-key", key, "--grpc-address", service.address]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            cli.command_line, [*self.arguments, *arguments], catch_exceptions=False, standalone_mode=False
        )

    def __call__(self, *arguments: str) -> list[str]:
        return [" ".join(line.split()) for line in self.run(*arguments).stdout.splitlines() if line.strip()]

    def document(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def command(service: Service) -> Command:
    return Command(service, service.api_key)


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[Timeloom]:
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        yield client


@pytest.fixture
def execution_id(client: Timeloom) -> str:
    with client.record(agent_id="agent") as execution:
        for number in range(1, 6):
            execution.effect(EffectKind.TOOL, "book", number, number)
            execution.step(f"step {number}", {"n": number, "half": number // 2})
    return execution.id


def test_an_execution_is_forked_and_tagged(command: Command, execution_id: str) -> None:
    patch = '[{"op": "replace", "path": "/n", "value": 30}]'
    made = command.document("executions", "fork", execution_id, "3", "--name", "if", "--patch", patch)
    assert (made["name"], made["headSequence"]) == ("if", 4)
    assert made["forkedFrom"] == {"executionId": execution_id, "sequence": 3}
    (line,) = command("executions", "fork", execution_id, "2")
    assert line.endswith(f"forked from #2 of {execution_id}")
    assert command("executions", "tag", made["id"], "a", "b", "--remove", "c") == ["#a #b"]
    assert command("executions", "tag", execution_id, "x", "--snapshot", "3", "--label", "here") == ["#x"]


def test_a_rollback_lists_what_it_does_not_undo(command: Command, execution_id: str) -> None:
    lines = command("executions", "rollback", execution_id, "3", "--expect", "5", "--reopen")
    assert lines == ["head 5 → 3", "Not undone:", "#4 tool book", "#5 tool book"]


def test_values_are_followed(command: Command, execution_id: str) -> None:
    assert command("executions", "history", execution_id, "/half") == [
        "#1 + step 1",
        "+ 0",
        "#2 ~ step 2",
        "- 0",
        "+ 1",
        "#4 ~ step 4",
        "- 1",
        "+ 2",
    ]
    assert command("executions", "bisect", execution_id, "state.n >= 3")[-1] == "First bad: #3, after #2"
    lines = command("executions", "bisect", execution_id, "state.n == 2 || state.n == 5", "--exhaustive")
    assert lines[-1] == "The predicate is not monotone. It flips at #2, #3, #5."


def test_comparing_exits_like_diff(command: Command, client: Timeloom, execution_id: str) -> None:
    with client.record(agent_id="agent") as other:
        for number in range(1, 5):
            other.step(f"step {number}", {"n": number + (number == 3), "half": number // 2})
    same = command.run("executions", "compare", execution_id, execution_id)
    assert same.return_value == 0
    different = command.run("executions", "compare", execution_id, other.id)
    assert different.return_value == 1
    assert [" ".join(line.split()) for line in different.stdout.splitlines()] == [
        "~ 3 ↔ 3 step 3",
        "- 5 ↔ · step 5",
        "3 same, 1 different, 1 missing, 0 extra; first divergence at 'step 3' (different)",
    ]


def test_the_timeline_is_a_table(command: Command, execution_id: str) -> None:
    lines = command("executions", "timeline", execution_id)
    assert lines[0] == "time # what"
    assert [line.split(maxsplit=1)[1] for line in lines if "step 2" in line] == ["2 step 2 step end"]
    assert sum("tool book" in line for line in lines) == 5


def test_verification_says_that_all_is_well(command: Command, execution_id: str) -> None:
    result = command.run("executions", "verify", execution_id)
    assert (result.return_value, result.stdout.strip()) == (0, "intact: 5 snapshots")


def test_a_file_goes_out_and_comes_in(
    command: Command, client: Timeloom, execution_id: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "run.timeloom")
    assert command.run("executions", "export", execution_id, path).stderr.endswith(f"written to {path}\n")
    client.executions.delete(execution_id)
    assert command("executions", "import", path) == [f"{execution_id} 5 snapshots"]


def test_pruning_asks_before_it_deletes(command: Command, client: Timeloom, execution_id: str) -> None:
    only = ("executions", "prune", "--execution", execution_id, "--keep-last", "2")
    assert command(*only)[-1].endswith("would be deleted; --yes does it")
    assert client.executions.get(execution_id).snapshot_count == 5
    assert command.document(*only, "--yes")["snapshotCount"] == 3
    assert [each.sequence for each in client.snapshots.list(execution_id)] == [4, 5]


def test_a_policy_is_set_shown_and_cleared(service: Service) -> None:
    command = Command(service, service.admin_key)
    assert command("retention", "get") == ["There is no policy: everything is kept."]
    command("retention", "set", "--keep-last", "9", "--keep-younger-than", "30d", "--keep-kind", "checkpoint")
    assert command("retention", "get") == [
        "keep last 9",
        "keep tagged -",
        "keep younger than 30 days",
        "keep kinds checkpoint",
        "delete ended after -",
    ]
    assert command.document("retention", "get")["keepYoungerThan"] == "2592000s"
    assert command("retention", "clear") == ["Everything is kept."]


def test_a_playback_is_printed(command: Command, execution_id: str) -> None:
    lines = command("play", execution_id, "--speed", "0", "--path", "/n", "--break-change", "/half")
    assert lines[0].startswith("#1 step 1")
    assert len(lines) == 4
    assert "breakpoint" in lines[2]
    result = command.run("play", execution_id, "--speed", "0", "--json")
    states = [json.loads(line)["state"]["n"] for line in result.stdout.splitlines()]
    assert states == [1, 2, 3, 4, 5]


def test_a_terminal_plays_under_control(command: Command, execution_id: str) -> None:
    primary, secondary = pty.openpty()
    program = "import sys; from timeloom.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command.arguments, "play", execution_id],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "20"},
    )
    os.close(secondary)
    seen = ""

    def until(text: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < deadline, seen[-2000:]
            seen += os.read(primary, 65536).decode("utf-8", "replace")

    try:
        until("1/5")
        for key, text in (
            (b"\x1b[C", "2/5"),
            (b"G", "5/5"),
            (b"\x1b[D", "4/5"),
            (b"g", "1/5"),
            (b" ", "5/5"),
        ):
            seen = ""
            os.write(primary, key)
            until(text)
        os.write(primary, b"q")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(primary)
