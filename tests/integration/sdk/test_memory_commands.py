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

from tests.integration.sdk.memory_service import OTHER_MODEL, MemoryService
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


def test_what_no_longer_holds_is_superseded(command: Command, namespace: str) -> None:
    home = command.document("add", "Ann lives in Graz.", "-n", namespace, "--key", "ann")
    now = command.document("supersede", home["id"], "Ann lives in Linz.", "--reason", "moved")
    assert (now["supersedes"], now["key"]) == (home["id"], "ann")
    assert [each["content"] for each in command.documents("list", "-n", namespace)] == ["Ann lives in Linz."]
    newest, _ = command.documents("history", home["id"])
    assert (newest["change"], newest["reason"]) == ("SUPERSEDED", "moved")
    with pytest.raises(errors.InvalidFieldError, match="validFrom must not be before"):
        command("supersede", now["id"], "Ann lives in Wels.", "--from", "2020-05-01")
    (told,) = command("supersede", now["id"], "Ann lives in Wels.", "--from", "0m")
    assert told.endswith(f"in the place of {now['id']}")
    with pytest.raises(errors.TimeloomError):
        command("supersede", home["id"], "Ann lives on the moon.")


def test_agents_confirm_and_contradict(command: Command, namespace: str) -> None:
    seen = command.document("add", "The build takes four minutes.", "-n", namespace)
    shown = command.document("add", "Build 7 took four minutes.", "-n", namespace)
    assert command("evidence", seen["id"]) == ["No evidence."]
    said = command.document(
        *("evidence", seen["id"], "--confirm", "--agent", "tester"),
        *("--note", "seen in the log", "--shown-by", shown["id"]),
    )
    assert said["confidence"] > seen["confidence"]
    (told,) = command("evidence", seen["id"], "--contradict", "--agent", "deployer")
    assert told == f"confidence {command.document('get', seen['id'])['confidence']:.2f}"
    against, for_it = command.documents("evidence", seen["id"])
    assert (against["agentId"], against["stance"]) == ("deployer", "CONTRADICTS")
    assert (for_it["agentId"], for_it["note"], for_it["evidenceMemoryId"]) == (
        *("tester", "seen in the log"),
        shown["id"],
    )
    assert any("seen in the log" in line for line in command("evidence", seen["id"]))


@pytest.mark.parametrize("options", [("--confirm", "--contradict"), ("--note", "x")])
def test_evidence_says_one_thing_at_a_time(command: Command, options: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        command("evidence", str(uuid.uuid4()), *options)


def test_sides_are_brought_into_line(command: Command, namespace: str) -> None:
    here, there = f"{namespace}/here", f"{namespace}/there"
    command("add", "Opens at nine.", "-n", here, "--key", "hours", "--importance", "8")
    command("add", "Tea is in the cupboard.", "-n", here)
    command("add", "Opens at ten.", "-n", there, "--key", "hours", "--importance", "3")
    planned = command("sync", here, there, "--policy", "importance")
    assert planned == ["1 copied, 1 took source", "Nothing was changed; --yes does it."]
    assert len(command.documents("list", "-n", there)) == 1
    done = command.documents("sync", here, there, "--policy", "importance", "--yes")
    assert sorted(each["action"] for each in done) == ["COPIED", "TOOK_SOURCE"]
    contents = {each["content"] for each in command.documents("list", "-n", there)}
    assert contents == {"Opens at nine.", "Tea is in the cupboard."}
    assert command("sync", here, there, "--both-ways", "--yes")[0] == "4 unchanged"
    assert command("sync", f"{namespace}/none", there, "--yes") == ["Nothing to bring over."]


def test_vectors_are_made_anew(command: Command, namespace: str) -> None:
    for content in ("Tea.", "Coffee."):
        command("add", content, "-n", namespace)
    job = command.document("reembed", namespace, OTHER_MODEL)
    assert (job["kind"], job["state"]) == ("REEMBED", "SUCCEEDED")
    models = {each["embeddingModel"] for each in command.documents("list", "-n", namespace)}
    assert models == {OTHER_MODEL}
    begun = command.document("reembed", namespace, "words", "--no-wait")
    assert begun["id"] in [each["id"] for each in command.documents("jobs", "-n", namespace)]
    with pytest.raises(errors.InvalidFieldError):
        command("reembed", namespace, "no-such-model")


def test_what_scores_too_little_is_left_out(command: Command, namespace: str) -> None:
    command("add", "Ann likes green tea.", "-n", namespace)
    assert command("search", "mushroom recipes", "-n", namespace, "--score-min", "0.15") == ["Nothing found."]
    assert len(command.documents("search", "mushroom recipes", "-n", namespace)) == 1
    assert command.document("context", "mushroom recipes", "-n", namespace)["text"] == ""
    assert command.document("context", "mushroom recipes", "-n", namespace, "--score-min", "0")["text"]


EXEMPLIFIED = (
    *("add", "search", "context", "list", "export", "import", "share", "summarize", "optimize"),
    *("supersede", "evidence", "sync", "reembed"),
)


def test_help_has_examples(command: Command) -> None:
    for name in EXEMPLIFIED:
        assert "Examples:" in command.run(name, "--help").output
