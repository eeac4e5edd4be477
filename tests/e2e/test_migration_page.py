"""The page about migrations says what is so: its export is one, and its commands and its program run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running_stack import RunningStack

PAGE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    """Returns the page's snippets in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.json").write_text(snippets("json")[0])


def test_the_commands_run(stack: RunningStack) -> None:
    commands = [line.split() for line in snippets("sh")[0].splitlines()]
    assert [command[2] for command in commands] == ["plan", "start", "verify", "rollback"]
    for command in commands:
        assert command[0] == "timeloom"
        stack.run(*command[1:])


def test_the_program_runs(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMELOOM_API_KEY", stack.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", stack.grpc_address)
    said: list[str] = []

    def say(*values: object) -> None:
        said.append(" ".join(str(value) for value in values))

    names: dict[str, Any] = {"print": say}
    (program,) = snippets("python")
    try:
        exec(compile(program, "docs/migration.md", "exec"), names)
    finally:
        client = names["client"]
        client.migrations.roll_back(names["migration"].id)
        client.migrations.wait(names["migration"].id)
        client.close()
    assert (said[-2:], said[0].endswith("%")) == (["100%", "True"], True)
