"""`/migrate.js` in a real Chromium, against the real stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid

import pytest

from tests.e2e.running_stack import RunningStack
from tests.helpers import node

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(240)]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROGRAM_LIMIT_SECONDS = 200.0


def _browser() -> str:
    for name in (os.environ.get("TIMELOOM_CHROMIUM", ""), *BROWSERS):
        if found := shutil.which(name):
            return found
    return pytest.skip(
        f"there is no browser: none of {', '.join(BROWSERS)}, and TIMELOOM_CHROMIUM names none"
    )


@pytest.mark.parametrize("program", ["migrate.test.mjs", "migrate-elsewhere.test.mjs"])
def test_a_browser_brings_over_what_an_app_kept_in_it(stack: RunningStack, program: str) -> None:
    command = [node.node(), "--test", "--test-force-exit", "--test-reporter=spec", program]
    project = json.loads(stack.run("projects", "create", f"browser {uuid.uuid4()}", "--json"))
    with stack.client(project["apiKey"]) as admin:
        made = admin.post("/api/api-keys", json={"name": "reader", "scope": "READ"})
        assert made.is_success, made.text
    environment = node.environment(http_url=stack.http_url, api_key=project["apiKey"])
    done = subprocess.run(
        command,
        cwd=node.programs(),
        env={
            **environment,
            "TIMELOOM_CHROMIUM": _browser(),
            "TIMELOOM_READ_KEY": made.json()["secret"],
        },
        capture_output=True,
        text=True,
        timeout=PROGRAM_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
