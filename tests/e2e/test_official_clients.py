"""The official clients of ElectricSQL's protocol, unmodified: their own programs tell what fails."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.e2e.running_stack import RunningStack
from tests.helpers import node

pytestmark = pytest.mark.xdist_group("stack")

PROGRAM_LIMIT_SECONDS = 180.0


@pytest.mark.parametrize("program", ["electric", "tanstack", "pglite"])
def test_an_official_client_keeps_a_shape(stack: RunningStack, program: str) -> None:
    command = [node.node(), "--test", "--test-force-exit", "--test-reporter=spec", f"{program}.test.mjs"]
    done = subprocess.run(
        command,
        cwd=node.programs(),
        env=node.environment(http_url=stack.http_url, api_key=stack.api_key),
        capture_output=True,
        text=True,
        timeout=PROGRAM_LIMIT_SECONDS,
        check=False,
    )
    # Shown with -s: how long TanStack DB waited for its transactions is among it.
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
