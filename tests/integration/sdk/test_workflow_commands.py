"""`timeloom workflows` against the real service."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.integration.sdk.workflow_definitions import ask, divide, sum_up, unique
from tests.integration.sdk.workflows_service import WorkflowsService
from timeloom import cli
from timeloom.cli.session import Session
from timeloom.cli.workflow_running import changing, loaded

LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")
SOON = 60.0


class Command:
    """Runs `timeloom workflows` with the service's key."""

    def __init__(self, service: WorkflowsService) -> None:
        self.arguments = ["--api-key", service.api_key, "--grpc-address", service.address, "workflows"]

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(
            cli.command_line,
            [*self.arguments, *arguments],
            input=stdin,
            catch_exceptions=False,
            standalone_mode=False,
        )

    def lines(self, *arguments: str, stdin: str = "") -> list[str]:
        """What the command says; the service, which runs in the same process, logs there, too."""
        lines = self.run(*arguments, stdin=stdin).stdout.splitlines()
        return [line for line in lines if line.strip() and not LOGGED.match(line)]

    def __call__(self, *arguments: str, stdin: str = "") -> list[str]:
        return [" ".join(line.split()) for line in self.lines(*arguments, stdin=stdin)]

    def documents(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self.lines(*arguments, "--json")]

    def document(self, *arguments: str) -> Any:
        return json.loads("\n".join(self.lines(*arguments, "--json")))


@pytest.fixture
def command(workflows_service: WorkflowsService) -> Command:
    return Command(workflows_service)


def written(tmp_path: Path, definition: dict[str, Any]) -> str:
    path = tmp_path / f"{definition['id']}.json"
    path.write_text(json.dumps(definition, indent=2), encoding="utf-8")
    return str(path)


def test_apply_says_what_changes(command: Command, tmp_path: Path) -> None:
    definition = sum_up(unique("sum"))
    path = written(tmp_path, definition)
    assert command("apply", path, "--dry-run") == [f"{definition['id']} new, version 1"]
    assert command("apply", path) == [f"{definition['id']} new, version 1"]
    assert command("apply", path) == [f"{definition['id']} unchanged, version 1"]
    definition["steps"][1]["value"]["twice"] = "${ steps.sum.output * 3 }"
    written(tmp_path, definition)
    assert command("apply", path) == [
        f"{definition['id']} version 1 → 2, 1 change",
        "~ /steps/1/value/twice",
    ]
    shown = command.document("show", definition["id"])
    assert (shown["version"], shown["definition"]) == (2, definition)
    assert [each["version"] for each in command.documents("show", definition["id"], "--versions")] == [2, 1]
    assert [each["id"] for each in command.documents("list", "--text", definition["id"])] == [
        definition["id"]
    ]
    assert any(line.startswith(f"{definition['id']} 2 dag on") for line in command("list"))


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_what_is_wrong_is_told_with_its_line(command: Command, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"wrong.{suffix}"
    if suffix == "json":
        path.write_text(
            '{\n  "id": "wrong",\n  "steps": [\n    {"id": "a", "type": "dance"}\n  ]\n}\n', "utf-8"
        )
        place = f"{path}:4:25: steps[0].type"
    else:
        path.write_text("id: wrong\nsteps:\n  - id: a\n    type: dance\n", "utf-8")
        place = f"{path}:4:11: steps[0].type"
    told = command.run("validate", str(path))
    lines = [line for line in told.stdout.splitlines() if not LOGGED.match(line)]
    assert (lines[0].startswith(place), told.return_value) == (True, 1), lines
    assert command.run("apply", str(path)).return_value == 1
    problems = command.documents("validate", str(path))
    assert problems[0]["place"] == "steps[0].type"


def test_a_file_that_is_no_definition_is_refused(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(click.ClickException, match="is not JSON"):
        command("apply", str(path))


def test_templates_are_shown_and_used(command: Command) -> None:
    found = command.documents("templates")
    assert len(found) >= 8
    name = found[0]["id"]
    assert command.lines("templates")[1].startswith(found[0]["id"])
    assert json.loads("\n".join(command.lines("templates", "show", name)))["steps"]
    workflow_id = unique("mine")
    said = command("templates", "use", name, "--id", workflow_id)
    assert said[0] == f"{workflow_id} new, version 1"
    assert said[-1].startswith(f"timeloom workflows run {workflow_id} --follow --input '{{")


def test_a_run_is_waited_for_and_followed(command: Command, tmp_path: Path) -> None:
    definition = sum_up(unique("sum"))
    command("apply", written(tmp_path, definition))
    waited = command.document("run", definition["id"], "--input", '{"a": 1, "b": 2}', "--wait")
    assert (waited["status"], waited["output"]) == ("SUCCEEDED", "It is 6.")

    followed = command.run("run", definition["id"], "-i", '{"a": 2, "b": 2}', "--follow")
    lines = [line for line in followed.stdout.splitlines() if not LOGGED.match(line)]
    assert followed.return_value == 0
    assert any(line.startswith("✓ double") and line.endswith("succeeded") for line in lines)
    assert lines[-1] == '"It is 8."'
    changes = command.documents("run", definition["id"], "-i", '{"a": 2, "b": 3}', "--follow")
    assert changes[-1]["execution"]["output"] == "It is 10."

    shown = command("show", waited["id"])
    assert shown[0].startswith(f"{definition['id']} v1 succeeded")
    assert [line.split()[2] for line in shown[1:4]] == ["sum", "double", "say"]
    assert f"time travel timeloom executions show {waited['id']}" in shown
    assert [each["id"] for each in command.document("show", waited["id"])["steps"]] == [
        "sum",
        "double",
        "say",
    ]
    assert command("step", waited["id"], "double")[0] == "double transform, succeeded"
    history = command("history", waited["id"])
    assert "execution succeeded" in history[-1]
    tailed = command("tail", waited["id"])
    assert tailed[-1] == '"It is 6."'
    begun = command.documents("executions", definition["id"], "--where", "status=succeeded")
    assert len(begun) == 3


def test_a_failed_run_exits_with_one(command: Command, tmp_path: Path) -> None:
    definition = divide(unique("divide"))
    command("apply", written(tmp_path, definition))
    failed = command.run("run", definition["id"], "-i", '{"over": 1, "by": 0}', "--wait")
    assert failed.return_value == 1
    assert " in step divide: " in failed.stdout
    (found,) = command.documents("executions", "--where", f"workflow={definition['id']}")
    assert found["error"]["stepId"] == "divide"
    again = command.run("rerun", found["id"], "--step", "2", "--follow")
    assert again.return_value == 1
    assert command.document("retry", found["id"])["retryCount"] == 2
    forked = command.run("fork", found["id"], "--at-step", "1", "--set", "input.by=5", "--follow")
    assert (forked.return_value, forked.stdout.splitlines()[-1]) == (0, "2")


def test_one_is_steered_by_hand(command: Command, tmp_path: Path) -> None:
    definition = ask(unique("ask"))
    command("apply", written(tmp_path, definition))
    begun = command.document("run", definition["id"], "-i", '{"name": "Ann"}')
    assert command("pause", begun["id"]) == [f"{begun['id']} paused"]
    assert command("resume", begun["id"], "--reason", "it is late") == [f"{begun['id']} running"]
    waiting = command.documents("executions", definition["id"], "--where", "since=1h")
    assert [each["id"] for each in waiting] == [begun["id"]]
    assert command("signal", begun["id"], "opened", '{"at": "noon"}')[0].startswith(begun["id"])
    _approve(command, begun["id"])
    ended = command.document("run", definition["id"], "-i", '{"name": "Bob"}', "--key", "again")
    assert (
        command.document("run", definition["id"], "--key", "again", "-i", '{"name": "Bob"}')["id"]
        == ended["id"]
    )
    tailed = command.run("tail", begun["id"])
    assert (tailed.return_value, '"door"' in tailed.stdout) == (0, True)
    assert command("cancel", ended["id"])[0].startswith(ended["id"])


def _approve(command: Command, execution_id: str) -> None:
    changes = command.documents("executions", "--where", "waiting=approval")
    if not any(each["id"] == execution_id for each in changes):
        # It has been resumed just now: the step asks as soon as somebody has taken it up.
        _wait_for_question(command, execution_id)
    said = command("approve", execution_id, "--by", "Bob", "--comment", "a friend")
    assert said == ["may succeeded"]


def _wait_for_question(command: Command, execution_id: str) -> None:
    for _ in range(200):
        steps = command.document("show", execution_id)["steps"]
        if any(step["waitingFor"] == "APPROVAL" for step in steps):
            return
    raise AssertionError("nobody asks")


def test_many_are_steered_by_a_filter(command: Command, tmp_path: Path) -> None:
    definition = ask(unique("ask"))
    command("apply", written(tmp_path, definition))
    for _ in range(3):
        command("run", definition["id"], "-i", '{"name": "Ann"}', "--attribute", "customer=7")
    mine = ("--where", f"workflow={definition['id']}", "--where", "attribute.customer=7")
    assert command("cancel", *mine, "--dry-run") == ["3 executions would be cancelled."]
    with pytest.raises(click.Abort):
        command.run("cancel", *mine, stdin="n\n")
    assert command("cancel", *mine, "--yes", "--reason", "they left") == ["3 executions cancelled."]
    assert command.document("cancel", *mine, "--yes")["changedCount"] == 0
    with pytest.raises(click.UsageError, match="either executions or --where"):
        command("cancel")
    with pytest.raises(click.BadParameter, match="is none of"):
        command("executions", "--where", "colour=blue")
    with pytest.raises(click.BadParameter, match="is none of pending"):
        command("executions", "--where", "status=blue")


def test_numbers_and_dead_letters_are_shown(command: Command, tmp_path: Path) -> None:
    definition = sum_up(unique("sum"))
    command("apply", written(tmp_path, definition))
    command("run", definition["id"], "-i", '{"a": 1, "b": 2}', "--wait")
    told = command.document("stats", definition["id"], "--steps")
    assert told["workflows"][0]["succeededCount"] == 1
    assert [line.split()[0] for line in command("stats", definition["id"])][1:3] == [definition["id"], "all"]
    assert command("dead-letters", "--workflow", definition["id"]) == ["No dead letters."]
    assert command("disable", definition["id"]) == [f"The triggers of {definition['id']} are off."]
    assert command("enable", definition["id"]) == [f"The triggers of {definition['id']} are on."]


def test_a_worker_runs_what_a_module_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "orders_of_a_test.py"
    module.write_text(
        "from timeloom.workflows import task, workflow\n"
        "@workflow(id='order')\nasync def order(input): return input\n"
        "@task(name='resize')\ndef resize(input): return input\n"
        "both = [order, resize]\nnothing = 5\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for source in (str(module), "orders_of_a_test", "orders_of_a_test:both"):
        runs, tasks = loaded(source)
        assert ([each.id for each in runs], [each.name for each in tasks]) == (["order"], ["resize"])
    assert [each.id for each in loaded("orders_of_a_test:order")[0]] == ["order"]
    for source, reason in (
        ("orders_of_a_test:nobody", "has no 'nobody'"),
        ("orders_of_a_test:nothing", "has no workflows or tasks"),
        ("nowhere_at_all", "There is no module"),
    ):
        with pytest.raises(click.ClickException, match=reason):
            loaded(source)


def test_events_and_triggers_are_shown(command: Command, tmp_path: Path) -> None:
    definition = sum_up(unique("sum"))
    name = f"number/{definition['id']}"
    definition["triggers"] = [{"type": "event", "event": name}, {"type": "cron", "cron": "@daily"}]
    command("apply", written(tmp_path, definition))
    assert command("publish", name, '{"a": 1, "b": 1}', "--id", definition["id"])[0].startswith(
        definition["id"]
    )
    assert [each["id"] for each in command.documents("events", name)] == [definition["id"]]
    assert any(line.startswith(f"{definition['id']} {name}") for line in command("events", name))
    rows = command("triggers", definition["id"])
    assert [line.split()[2] for line in rows[1:]] == ["event", "cron"]


def test_a_tail_tells_of_all_that_get_on(
    workflows_service: WorkflowsService, command: Command, tmp_path: Path
) -> None:
    definition = ask(unique("ask"))
    command("apply", written(tmp_path, definition))
    begun = command.document("run", definition["id"], "-i", '{"name": "Ann"}')
    with Session(
        api_key=workflows_service.api_key, grpc_address=workflows_service.address, url=None
    ) as session:
        told = (each for each in changing(session) if each.id == begun["id"])
        assert not next(told).has_ended
        command("cancel", begun["id"])
        assert next(each for each in told if each.has_ended).status == "CANCELLED"
