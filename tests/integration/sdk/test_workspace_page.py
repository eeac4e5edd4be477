"""The page about the workspace says what is so: its snippets run, one after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sdk.workspace_service import WorkspaceService

PAGE = Path(__file__).parents[3] / "docs" / "workspace.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)


def test_the_snippets_run(
    workspace_service: WorkspaceService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIMELOOM_API_KEY", workspace_service.api_key)
    monkeypatch.setenv("TIMELOOM_GRPC_ADDRESS", workspace_service.address)
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    names: dict[str, Any] = {
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
    assert len(snippets) == 7
