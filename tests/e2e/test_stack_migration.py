"""A browser's data on the whole stack, by the command line: planned, brought over, verified, taken back."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running_stack import RunningStack
from tests.helpers.browser_exports import browser_export
from timeloom.exports import Export

MADE = browser_export(task_count=20, message_count=60, environment_count=4, memory_count=20, dimension=8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_bytes(MADE.export.dumps())
    return path


def run(stack: RunningStack, *arguments: str) -> tuple[int, str, str]:
    """Runs `timeloom migrate …`, and returns its exit code and what it printed."""
    done = stack.attempt("migrate", *arguments)
    return done.returncode, done.stdout, done.stderr


def read(stack: RunningStack, *arguments: str) -> dict[str, Any]:
    code, output, errors = run(stack, *arguments, "--json")
    assert code == 0, errors
    document: dict[str, Any] = json.loads(output)
    return document


def test_a_file_is_planned_brought_over_verified_and_taken_back(stack: RunningStack, file: Path) -> None:
    planned = read(stack, "plan", str(file))
    with stack.client() as client:
        before = client.get("/api/tasks").json()
        started = read(stack, "start", str(file))
        between = client.get("/api/tasks", params={"pageSize": 1000}).json()
        verified = read(stack, "verify", str(file))
        taken_back = read(stack, "rollback", started["id"], "--yes")
        after = client.get("/api/tasks").json()

    assert planned["migration"]["status"] == "PLANNED"
    assert {item["action"] for item in planned["items"]} >= {"CREATE", "KEEP", "SKIP", "REFUSE"}
    assert (started["status"], started["progress"]) == ("SUCCEEDED", 1.0)
    assert len(between["tasks"]) - len(before.get("tasks", [])) == MADE.created["tasks"]
    assert verified["ok"] is True
    assert taken_back["migration"]["status"] == "ROLLED_BACK"
    assert taken_back["conflicts"] == []
    assert after == before


def test_people_see_what_is_odd_and_never_a_secret(stack: RunningStack, file: Path) -> None:
    code, output, errors = run(stack, "plan", str(file))

    assert code == 0, errors
    assert re.search(r"refuse +environments .*is no JSON", output)
    assert "create" in output
    logs = "".join(log.read_text("utf-8", "replace") for log in (stack.data_dir / "logs").glob("*.log"))
    assert logs
    assert [secret for secret in MADE.secrets if secret in output + errors + logs] == []


def test_a_changed_byte_is_refused_by_its_record(stack: RunningStack, tmp_path: Path) -> None:
    file = tmp_path / "changed.json"
    file.write_bytes(MADE.export.dumps().replace(b'"dark"', b'"darl"'))

    code, output, errors = run(stack, "start", str(file))

    assert (code, output) == (1, "")
    assert "(theme): it was changed after it was exported" in errors


def test_another_policy_for_secrets_needs_another_migration(stack: RunningStack, tmp_path: Path) -> None:
    file = tmp_path / "small.json"
    file.write_bytes(Export.of([("localStorage", "theme", uuid.uuid4().hex)]).dumps())
    migration_id = read(stack, "plan", str(file))["migration"]["id"]

    code, output, errors = run(stack, "start", str(file), "--secrets", "refuse")
    assert (code, output) == (1, "")
    assert "begun with --secrets seal, and that holds for all of it" in errors
    assert f"`timeloom migrate delete {migration_id}`" in errors

    assert run(stack, "delete", migration_id, "--yes")[0] == 0
    assert read(stack, "plan", str(file), "--secrets", "refuse")["migration"]["secretPolicy"] == "REFUSE"


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["verify", "nowhere.json"], 2, "neither a file nor a migration's identifier"),
        (
            ["plan", "nowhere.json", "--on-conflict", "guess"],
            2,
            "is none of skip, overwrite, merge, rename, ask",
        ),
        (["rollback", "0b0c0d0e-1111-4222-8333-444455556666", "--yes"], 1, "no migration"),
    ],
)
def test_what_is_wrong_is_said(stack: RunningStack, arguments: list[str], code: int, problem: str) -> None:
    found, _, errors = run(stack, *arguments)

    assert found == code
    assert problem in " ".join(errors.lower().split())
