"""The page about time travel says what is so: its snippets run, one after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from timeloom import Timeloom

PAGE = Path(__file__).parents[3] / "docs" / "time-travel.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)


def test_the_snippets_run(client: Timeloom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIMELOOM_API_KEY", client.configuration.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", client.configuration.grpc_address)
    monkeypatch.chdir(tmp_path)
    prompts: list[str] = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return f"See the river, and the hills, {len(prompts)}."

    said: list[str] = []
    names: dict[str, Any] = {
        "model": model,
        "print": lambda *values: said.append(" ".join(str(value) for value in values)),
    }
    snippets = PYTHON.findall(PAGE.read_text(encoding="utf-8"))
    try:
        for snippet in snippets:
            said.clear()
            exec(compile(snippet, str(PAGE), "exec"), names)
            assert said == SAID.findall(snippet)
    finally:
        names["client"].close()
    assert (len(snippets), len(prompts)) == (10, 1)
