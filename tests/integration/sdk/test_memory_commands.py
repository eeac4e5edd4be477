"""`timeloom memory` against the real service."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.integration.sdk.memory_service import MemoryService
from timeloom import Timeloom, cli, errors

LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


class Command:
    """Runs `timeloom memory` with the service's key."""

    def __init__(self, service: MemoryService) -> None:
        self.arguments = ["--api-key", service.api_key, "--grpc-address", service.address, "memory"]

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

    def documents(self, *arguments: str, stdin: str = "") -> list[Any]:
        return [json.loads(line) for line in self.lines(*arguments, "--json", stdin=stdin)]

    def document(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads("\n".join(self.lines(*arguments, "--json", stdin=stdin)))


@pytest.fixture
def command(memory_service: MemoryService) -> Command:
    return Command(memory_service)


@pytest.fixture
def namespace() -> str:
    return f"project/{uuid.uuid4().hex[:8]}"


def test_what_is_added_is_found(command: Command, namespace: str) -> None:
    made = command.document(
        "add", "The staging database is db-7.", "-n", namespace, "--kind", "skill", "--tag", "db"
    )
    assert (made["namespace"], made["kind"], made["tags"]) == (namespace, "SKILL", ["db"])
    command("add", "-", "-n", namespace, stdin="Lunch is at noon.\n")
    first, place = command("search", "staging database", "-n", namespace)[:2]
    assert first == "1 The staging database is db-7."
    assert made["id"] in place
    lunch = command.documents("search", "lunch", "-n", namespace)
    assert lunch[0]["memory"]["content"] == "Lunch is at noon."
    assert len(command.documents("list", "-n", namespace)) == 2
    assert [each["id"] for each in command.documents("list", "-n", namespace, "--tag", "db")] == [made["id"]]
    shown = command("get", made["id"])
    assert shown[0] == "The staging database is db-7."
    assert f"memory {made['id']}, version 1" in shown
    explained = command("search", "staging database", "-n", namespace, "--explain")
    assert any(line.startswith("semantic #1") for line in explained)


def test_a_context_is_pasted_as_it_is(command: Command, namespace: str) -> None:
    command("add", "Ann likes green tea.", "-n", namespace, "--at", "2026-05-01T12:00")
    result = command.run("context", "what does Ann like?", "-n", namespace)
    assert "Ann likes green tea." in result.stdout
    assert "tokens of" in result.stderr
    made = command.document("context", "what does Ann like?", "-n", namespace)
    assert made["text"] in result.stdout
    assert len(made["results"]) == 1


def test_deleting_is_taken_back_and_told_in_the_history(command: Command, namespace: str) -> None:
    made = command.document("add", "Short-lived.", "-n", namespace)
    assert command("delete", made["id"], "--reason", "a mistake") == ["1 memory deleted"]
    assert command("list", "-n", namespace) == ["No memories."]
    assert len(command.documents("list", "-n", namespace, "--deleted")) == 1
    assert command("restore", made["id"]) == ["1 memory restored"]
    changes = [each["change"] for each in command.documents("history", made["id"])]
    assert changes == ["RESTORED", "DELETED", "CREATED"]
    assert any("a mistake" in line for line in command("history", made["id"]))
    command("delete", made["id"], "--purge")
    with pytest.raises(errors.NotFoundError):
        command("get", made["id"])


def test_a_file_makes_the_same_memories_once(command: Command, namespace: str, tmp_path: Path) -> None:
    for number in range(5):
        command(
            "add",
            f"Fact {number}: ünï \U0001f600.",
            "-n",
            namespace,
            "--key",
            f"k{number}",
            "--importance",
            "7",
        )
    file = tmp_path / "memories.jsonl"
    written = command.run("export", str(file), "-n", namespace, "--vectors")
    assert "5 memories written" in written.stderr
    before = command.documents("list", "-n", namespace)
    assert command("import", str(file)) == ["5 memories imported"]
    assert command.documents("list", "-n", namespace) == before
    copy = f"{namespace}-copy"
    assert command("import", str(file), "--into", copy) == ["5 memories imported"]
    copied = command.documents("list", "-n", copy)
    for name in ("content", "key", "importance", "occurTime", "tags"):
        assert sorted(repr(each[name]) for each in copied) == sorted(repr(each[name]) for each in before)
    plain = '{"content": "From a note."}\n\n{"content": "Another.", "kind": "skill"}\n'
    assert command("import", "-", "-n", f"{namespace}-notes", stdin=plain) == ["2 memories imported"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Line 2: Expecting property name"),
        ("[]", "Line 2: not a JSON object"),
        ('{"text": "x"}', "Line 2: a memory has no 'text'"),
        ('{"content": ""}', "Line 2: content is missing"),
        ('{"content": "x", "kind": "no"}', "Line 2: 'NO' is not a valid MemoryKind"),
        ('{"content": "x", "occurTime": "soon"}', "Line 2: Invalid isoformat string"),
    ],
)
def test_a_wrong_line_is_named(command: Command, namespace: str, line: str, told: str) -> None:
    with pytest.raises(click.ClickException, match="Line 2") as raised:
        command("import", "-", "-n", namespace, stdin=f'{{"content": "fine"}}\n{line}\n')
    assert told in raised.value.message


def test_sharing_is_given_listed_and_revoked(command: Command) -> None:
    agent, other = f"a-{uuid.uuid4().hex[:6]}", f"b-{uuid.uuid4().hex[:6]}"
    made = command.document("add", "A secret of mine.", "--agent", agent)
    assert made["namespace"] == f"agent/{agent}"
    with pytest.raises(errors.NotFoundError):
        command("get", made["id"], "--agent", other)
    grant = command.document("share", f"agent/{other}", "-n", f"agent/{agent}", "--agent", agent)
    assert command("get", made["id"], "--agent", other)[0] == "A secret of mine."
    assert [each["id"] for each in command.documents("grants", "-n", f"agent/{agent}")] == [grant["id"]]
    assert command("revoke", grant["id"], "--agent", agent) == ["Revoked."]
    with pytest.raises(errors.NotFoundError):
        command("get", made["id"], "--agent", other)
    with pytest.raises(click.UsageError):
        command("share", "project")


def test_namespaces_are_listed(command: Command, namespace: str) -> None:
    command("add", "x", "-n", f"{namespace}/deep")
    found = command.documents("namespaces", namespace)
    assert [(each["name"], each["memoryCount"]) for each in found] == [(f"{namespace}/deep", 1)]


def test_a_namespace_is_looked_after(command: Command, memory_client: Timeloom, namespace: str) -> None:
    topics = ["The cat sleeps on the warm sofa", "The rocket engine burns liquid oxygen"]
    memory_client.memory.add_many(
        [f"{topics[number % 2]} in case {number}." for number in range(20)], namespace=namespace
    )
    summary = command.document("summarize", namespace, "--max-tokens", "60")
    assert summary["text"]
    assert summary["tokenCount"] <= 60
    clusters = command.documents("clusters", namespace, "--anew", "--count", "2")
    assert sorted(each["memoryCount"] for each in clusters) == [10, 10]
    job = command.document("optimize", namespace)
    assert (job["state"], job["dryRun"]) == ("SUCCEEDED", True)
    assert job["report"]
    assert job["id"] in [each["id"] for each in command.documents("jobs", "-n", namespace)]
    assert command.document("stats")["memoryCount"] >= 20
    assert any(line.startswith("memories") for line in command("stats"))


def test_help_has_examples(command: Command) -> None:
    for name in ("add", "search", "context", "list", "export", "import", "share", "summarize", "optimize"):
        assert "Examples:" in command.run(name, "--help").output
