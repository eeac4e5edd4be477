"""The page about workflows says what is so: its snippets run, one after another, and so does the example."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.integration.sdk.workers import working
from tests.integration.sdk.workflows_service import WorkflowsService
from timeloom import cli

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "workflows.md"
SNIPPET = re.compile(r"^```(json|python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.py)\n")
SAID = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)


@pytest.fixture
def at_home(workflows_service: WorkflowsService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder where the client finds the service."""
    monkeypatch.setenv("TIMELOOM_API_KEY", workflows_service.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", workflows_service.address)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_snippets_run(at_home: Path) -> None:
    said: list[str] = []
    names: dict[str, Any] = {"print": lambda *values: said.append(" ".join(str(value) for value in values))}
    snippets = SNIPPET.findall(PAGE.read_text(encoding="utf-8"))
    counts = dict.fromkeys(("json", "python", "sh"), 0)
    with ExitStack() as stack:
        stack.callback(lambda: names["client"].close())  # noqa: PLW0108 - a snippet makes it
        for language, text in snippets:
            counts[language] += 1
            if language == "json":
                (at_home / f"{json.loads(text)['id']}.json").write_text(text, encoding="utf-8")
            elif language == "sh":
                _run_commands(text)
            elif file := FILE.match(text):
                (at_home / file[1]).write_text(text, encoding="utf-8")
                stack.enter_context(working(str(at_home / file[1])))
            else:
                said.clear()
                exec(compile(text, str(PAGE), "exec"), names)
                assert said == SAID.findall(text)
        assert names["workflows"].validate("nightly-report.json") == ()
    assert counts == {"json": 3, "python": 9, "sh": 4}


def _run_commands(text: str) -> None:
    for line in text.splitlines():
        arguments = shlex.split(line)[1:]
        if arguments[1] == "worker":
            continue
        done = CliRunner().invoke(cli.command_line, arguments, catch_exceptions=False, standalone_mode=False)
        assert (done.exit_code, done.return_value or 0) == (0, 0), f"{line}\n{done.output}"


@pytest.mark.usefixtures("at_home")
def test_the_example_goes_on_where_it_stood(capsys: pytest.CaptureFixture[str]) -> None:
    example = runpy.run_path(str(ROOT / "examples" / "durable_agent.py"))
    for _ in range(2):
        asyncio.run(example["main"]("Why is the sky blue?", yes=True))
        shown = capsys.readouterr().out
        assert "succeeded: {" in shown
        assert "'published': True" in shown
        assert "what history says about: Why is the sky blue?; what physics says" in shown
