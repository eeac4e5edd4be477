"""`timeloom tasks`, `environments`, `preferences` and `agent-sessions` against the real service."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.integration.sdk.workspace_service import WorkspaceService
from timeloom import Timeloom, cli
from timeloom.records import AgentSessionType

LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")
SECRET = "a-token-that-nobody-may-see"


class Command:
    """Runs `timeloom` with the service's key."""

    def __init__(self, service: WorkspaceService) -> None:
        self.arguments = ["--api-key", service.api_key, "--grpc-address", service.address]

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(
            cli.command_line,
            [*self.arguments, *arguments],
            input=stdin,
            catch_exceptions=False,
            standalone_mode=False,
        )

    def __call__(self, *arguments: str, stdin: str = "") -> list[str]:
        """What the command says; the service, which runs in the same process, logs there, too."""
        lines = self.run(*arguments, stdin=stdin).stdout.splitlines()
        return [" ".join(line.split()) for line in lines if line.strip() and not LOGGED.match(line)]

    def documents(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self(*arguments, "--json")]

    def document(self, *arguments: str) -> Any:
        return json.loads("\n".join(self(*arguments, "--json")))


@pytest.fixture
def command(workspace_service: WorkspaceService) -> Command:
    return Command(workspace_service)


def test_a_task_is_made_found_changed_and_deleted(command: Command) -> None:
    user = uuid.uuid4().hex
    assert command("tasks", "list", "--user", user) == [
        "No tasks. Make one with `timeloom tasks create TITLE`."
    ]
    options = ("--user", user, "--tag", "home", "--priority", "high", "--metadata", '{"pots": 3}')
    (task_id,) = command("tasks", "create", "Water the plants", *options)
    command("tasks", "create", "Paint [the] door", "--user", user)
    heading, first, second = command("tasks", "list", "--user", user)
    assert heading == "task status priority title user changed"
    assert "pending medium Paint [the] door" in first
    assert second.startswith(f"{task_id} pending high Water the plants {user}")
    found = command.documents("tasks", "list", "--user", user, "--query", "PLANTS water")
    assert [(each["id"], each["tags"], each["metadata"]) for each in found] == [
        (task_id, ["home"], {"pots": 3})
    ]
    limited = command("tasks", "list", "--user", user, "--limit", "1")
    assert limited[-1] == "The first 1; --limit 0 shows all."
    changed = command.document("tasks", "update", task_id, "--status", "in-progress", "--archive")
    assert (changed["status"], changed["archived"], changed["title"]) == (
        "IN_PROGRESS",
        True,
        "Water the plants",
    )
    shown = command("tasks", "show", task_id)
    assert (shown[0], shown[2]) == ("Water the plants", "status in progress")
    assert "archived yes" in shown
    with pytest.raises(click.UsageError, match="nothing to change"):
        command("tasks", "update", task_id)
    assert command("tasks", "delete", task_id) == [f"The task {task_id} is gone."]
    assert len(command.documents("tasks", "list", "--user", user)) == 1


def test_a_secret_is_sealed_and_never_shown(command: Command) -> None:
    name = f"env-{uuid.uuid4().hex[:8]}"
    (environment_id,) = command(
        "environments", "create", name, "--variable", "PORT=8080", "--repository", "ada/app"
    )
    assert command("environments", "seal", name, "GITHUB_TOKEN", stdin=f"{SECRET}\n") == [
        f"GITHUB_TOKEN of {name} is sealed."
    ]
    shown = command("environments", "show", name)
    assert shown[0] == name
    assert {"$PORT 8080", "$GITHUB_TOKEN sealed", f"environment {environment_id}"} <= set(shown)
    listed = command("environments", "list", "--query", name)
    assert listed[1].startswith(f"{environment_id} {name} ada/app GITHUB_TOKEN")
    assert SECRET not in json.dumps([shown, listed, command.document("environments", "show", name)])
    command("environments", "unseal", name, "GITHUB_TOKEN")
    assert command.document("environments", "show", name)["secretNames"] == []
    with pytest.raises(click.ClickException, match="nothing to seal"):
        command("environments", "seal", name, "GITHUB_TOKEN", stdin="\n")
    with pytest.raises(click.BadParameter, match="NAME=VALUE"):
        command("environments", "create", "another", "--variable", "PORT")
    assert command("environments", "delete", name) == [f"The environment {name} is gone."]
    with pytest.raises(click.ClickException, match=f"There is no environment {name}"):
        command("environments", "show", name)


def test_an_environment_is_changed_in_what_is_given(command: Command) -> None:
    name = f"env-{uuid.uuid4().hex[:8]}"
    command(
        "environments", "create", name, "--variable", "PORT=8080", "--variable", "EMPTY=", "--user", "ada"
    )
    options = (
        "--name",
        f"{name}-b",
        "--variable",
        "PORT=",
        "--variable",
        "HOST=a=b",
        "--repository",
        "a/b",
    )
    assert command("environments", "update", name, *options) == [f"{name}-b is changed."]
    changed = command.document("environments", "show", f"{name}-b")
    assert (changed["variables"], changed["githubRepository"], changed["userId"]) == (
        {"EMPTY": "", "HOST": "a=b"},
        "a/b",
        "ada",
    )
    with pytest.raises(click.UsageError, match="nothing to change"):
        command("environments", "update", f"{name}-b")


def test_a_preference_is_set(command: Command) -> None:
    user = uuid.uuid4().hex
    assert command("preferences", "set", "theme", '"dark"', "--user", user) == ['theme is "dark"']
    command("preferences", "set", "theme", '{"name": "light"}', "--user", user)
    assert command.document("preferences", "show", "theme", "--user", user)["value"] == {"name": "light"}
    assert command("preferences", "list", "--user", user) == [
        "key user value",
        f'theme {user} {{"name": "light"}}',
    ]
    assert command("preferences", "delete", "theme", "--user", user) == ["The preference theme is gone."]
    with pytest.raises(click.ClickException, match=f"no preference theme of {user}"):
        command("preferences", "show", "theme", "--user", user)


def test_agent_sessions_are_listed_and_shown(command: Command, workspace_client: Timeloom) -> None:
    user = uuid.uuid4().hex
    made = workspace_client.agent_sessions.create(
        type=AgentSessionType.MULTI_AGENT, title="Dinner", user_id=user, data={"guests": ["Ada"]}, active=True
    )
    listed = command("agent-sessions", "list", "--user", user, "--active", "--type", "multi-agent")
    assert listed[1] == f"{made.id} multi-agent Dinner {user} yes"
    assert command("agent-sessions", "list", "--user", user, "--ended") == ["No agent sessions."]
    assert command("agent-sessions", "show", made.id)[0] == "Dinner, multi-agent"
    assert command.document("agent-sessions", "show", made.id)["data"] == {"guests": ["Ada"]}
    command("agent-sessions", "delete", made.id)
    assert command.documents("agent-sessions", "list", "--user", user) == []
