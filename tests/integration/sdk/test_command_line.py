"""The `timeloom` command against the real service, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.integration.sdk.service import Service
from timeloom import Timeloom, cli
from timeloom.resources import EffectKind

TIMELOOM = Path(sys.executable).with_name("timeloom")


class Command:
    """Runs `timeloom` with the service's key."""

    def __init__(self, service: Service) -> None:
        self._arguments = ["--api-key", service.api_key, "--grpc-address", service.address]

    def __call__(self, *arguments: str) -> list[str]:
        result = CliRunner().invoke(cli.command_line, [*self._arguments, *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert all(line == line.rstrip() or len(line) < 200 for line in result.output.splitlines())
        return [" ".join(line.split()) for line in result.output.splitlines() if line.strip()]

    def documents(self, *arguments: str) -> list[dict[str, object]]:
        return [json.loads(line) for line in self(*arguments, "--json")]


@pytest.fixture
def command(service: Service) -> Command:
    return Command(service)


@pytest.fixture(scope="module")
def execution_id(service: Service) -> str:
    """A recorded execution with two steps and an effect."""
    with Timeloom(api_key=service.api_key, grpc_address=service.address) as client:
        with client.record(
            agent_id="researcher", name="first try", input={"q": 1}, tags=["demo"]
        ) as execution:
            execution.step("plan", {"status": "planning", "notes": []}, label="begin")
            execution.effect(EffectKind.LLM, "model", {"prompt": "p"}, "because")
            execution.step("research", {"status": "done", "notes": ["Rayleigh"]})
            execution.output = "42"
        return execution.id


def test_executions_are_listed(command: Command, execution_id: str) -> None:
    (heading, *lines) = command("executions", "list", "--agent", "researcher", "--limit", "0")
    assert heading == "execution status steps agent name started took"
    assert any(line.startswith(f"{execution_id} succeeded 2 researcher first try") for line in lines)
    (document,) = command.documents(
        "executions", "list", "--tag", "demo", "--status", "succeeded", "--since", "1h"
    )
    assert (document["id"], document["snapshotCount"], document["output"]) == (execution_id, 2, "42")
    assert command("executions", "list", "--tag", "nothing") == [
        "No executions. Record one with `make demo`, or see `timeloom executions list --help`."
    ]


def test_an_execution_is_shown_with_its_timeline(command: Command, execution_id: str) -> None:
    lines = command("executions", "show", execution_id)
    assert lines[0] == "first try"
    assert f"execution {execution_id}" in lines
    assert "input {" in lines
    assert f"REST http://127.0.0.1:8080/api/agent-executions/{execution_id}" in lines
    assert "# step kind after state stored effects" in lines
    assert any(line.startswith("1 plan begin step end") for line in lines)
    assert any(line.startswith("2 research head step end +") and line.endswith(" 1") for line in lines)
    assert lines[-2:] == ["output", '"42"']
    document = json.loads("\n".join(command("executions", "show", execution_id, "--json")))
    assert document["headSequence"] == 2


def test_a_failed_execution_shows_why(command: Command, service: Service) -> None:
    with (
        Timeloom(api_key=service.api_key, grpc_address=service.address) as client,
        pytest.raises(ValueError, match="boom"),
        client.record(agent_id="agent") as execution,
    ):
        raise ValueError("boom [not markup]")
    lines = command("executions", "show", execution.id)
    assert "ValueError: boom [not markup]" in lines


def test_tail_prints_until_the_end(command: Command, execution_id: str) -> None:
    lines = command("executions", "tail", execution_id)
    assert lines[0].startswith("1 plan begin")
    assert lines[2:] == ["succeeded", "output", '"42"']
    assert [
        each["stepName"] for each in command.documents("executions", "tail", execution_id, "--after", "1")
    ] == ["research"]


def test_snapshots_are_listed(command: Command, execution_id: str) -> None:
    (_, first, second) = command("snapshots", "list", execution_id)
    assert first.startswith("1 plan begin")
    assert second.startswith("2 research")
    newest = command.documents("snapshots", "list", execution_id, "--newest-first", "--limit", "1")
    assert [each["sequence"] for each in newest] == [2]
    assert command("snapshots", "list", execution_id, "--kind", "error-state") == ["No snapshots."]


def test_a_state_is_shown_whole_in_part_and_with_effects(command: Command, execution_id: str) -> None:
    heading, *state = command("snapshots", "show", execution_id, "2")
    assert heading.startswith("#2 research ")
    assert state == [
        "{",
        '"notes": [',
        '"Rayleigh"',
        "],",
        '"status": "done"',
        "}",
        "1 effect; --effects shows them.",
    ]
    assert command("snapshots", "show", execution_id, "--path", "/notes/0")[1] == '"Rayleigh"'
    effects = command("snapshots", "show", execution_id, "2", "--effects")
    assert 'answered "because"' in effects
    document = json.loads("\n".join(command("snapshots", "show", execution_id, "1", "--json")))
    assert document["state"] == {"status": "planning", "notes": []}


def test_states_are_compared(command: Command, execution_id: str) -> None:
    assert command("snapshots", "diff", execution_id, "1", "2")[1:] == [
        "+ /notes/0",
        '+ "Rayleigh"',
        "~ /status",
        '- "planning"',
        '+ "done"',
        "1 added, 1 changed",
    ]
    assert command("snapshots", "diff", execution_id, "2", "2")[-1] == "No difference."
    document = json.loads("\n".join(command("snapshots", "diff", execution_id, "1", "--json")))
    assert [change["path"] for change in document["changes"]] == ["/notes/0", "/status"]


def test_last_is_the_newest_execution(command: Command, client: Timeloom) -> None:
    newest = client.executions.create(agent_id="agent", name="the newest")
    assert f"execution {newest.id}" in command("executions", "show", "last")


# -- In a process of its own ------------------------------------------------------------


def run(service: Service | None, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TIMELOOM_")}
    if service is not None:
        environ |= {"TIMELOOM_API_KEY": service.api_key, "TIMELOOM_GRPC_ADDRESS": service.address}
    return subprocess.run(
        [TIMELOOM, *arguments],
        env=environ,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_finds_its_settings_in_the_environment(
    service: Service, execution_id: str, tmp_path: Path
) -> None:
    done = run(service, "snapshots", "show", execution_id, "1", "--json", directory=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["stepName"] == "plan"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["executions", "show", "00000000-0000-7000-8000-000000000000"], 1, "Error: "),
        (["executions", "show", "nonsense"], 2, "neither an execution's identifier nor `last`"),
        (["executions", "list", "--status", "lost"], 2, "running, succeeded, failed, cancelled"),
        (["snapshots", "show", "last", "1", "--key", "k"], 2, "not both"),
        (["nothing"], 2, "No such command 'nothing'"),
    ],
)
def test_exit_codes_and_errors_say_what_is_wrong(
    service: Service, tmp_path: Path, arguments: Sequence[str], exit_code: int, said: str
) -> None:
    done = run(service, *arguments, directory=tmp_path)
    assert done.returncode == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_without_a_key_the_error_says_where_to_put_one(tmp_path: Path) -> None:
    done = run(None, "executions", "list", directory=tmp_path)
    assert done.returncode == 1
    assert "TIMELOOM_API_KEY" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(
    service: Service, client: Timeloom, tmp_path: Path
) -> None:
    agent = "many"
    for number in range(40):
        client.executions.create(agent_id=agent, name=str(number), input="x" * 4000)
    environ = {**os.environ, "TIMELOOM_API_KEY": service.api_key, "TIMELOOM_GRPC_ADDRESS": service.address}
    process = subprocess.Popen(
        [TIMELOOM, "executions", "list", "--agent", agent, "--limit", "0", "--json"],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_tail_shows_what_is_recorded_while_it_runs(
    service: Service, client: Timeloom, tmp_path: Path
) -> None:
    execution = client.executions.create(agent_id="agent")
    client.snapshots.record(execution.id, {"n": 1}, step_name="before")
    environ = {**os.environ, "TIMELOOM_API_KEY": service.api_key, "TIMELOOM_GRPC_ADDRESS": service.address}
    process = subprocess.Popen(
        [TIMELOOM, "executions", "tail", execution.id, "--json"],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    assert json.loads(process.stdout.readline())["stepName"] == "before"
    client.snapshots.record(execution.id, {"n": 2}, step_name="meanwhile")
    assert json.loads(process.stdout.readline())["stepName"] == "meanwhile"
    client.executions.complete(execution.id)
    assert process.wait(30) == 0
    watchdog.cancel()
    process.stdout.close()
