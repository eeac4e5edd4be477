"""The page about observability says what is so: its program runs, in an interpreter of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.running_stack import RunningStack

pytestmark = pytest.mark.xdist_group("stack")

PAGE: Final = Path(__file__).parents[2] / "docs" / "observability.md"
PYTHON: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAID: Final = re.compile(r"print\(.*\)  # (.+)$", re.MULTILINE)
LIMIT_SECONDS: Final = 120.0


def test_the_program_runs(stack: RunningStack, tmp_path: Path) -> None:
    # In a project of its own: what it sets, such as retention, is nothing to other tests.
    api_key = json.loads(stack.run("projects", "create", "page", "--json"))["apiKey"]
    program = "".join(PYTHON.findall(PAGE.read_text(encoding="utf-8")))
    assert program.count("print(") == len(SAID.findall(program))
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nclient.close()\nobservation.close()\n"],
        env={**os.environ, "TIMELOOM_DATA_DIR": str(stack.data_dir), "TIMELOOM_API_KEY": api_key},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == SAID.findall(program)
