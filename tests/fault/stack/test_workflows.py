"""A machine dies with all that runs on it: workflows go on where they were, and paused ones stay paused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.helpers.stack import StackProcess

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

TURNS = 60
EACH_SECONDS = 60.0
DEFINITION = {
    "id": "turns",
    "steps": [
        {
            "id": "each",
            "type": "loop",
            "while": f"iteration < {TURNS}",
            "maxIterations": TURNS,
            "steps": [
                {"id": "rest", "type": "wait", "for": "50ms"},
                {"id": "turn", "type": "transform", "value": "${ iteration }"},
            ],
        }
    ],
}
CODE = f"""
from timeloom.workflows import sleep, step, workflow


@step
async def turn(number):
    return number


@workflow(id="code")
async def code():
    total = 0
    for number in range({TURNS}):
        await sleep("50ms")
        total += await turn(number)
    return total
"""


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    stack = StackProcess(scratch_directory / "data")
    yield stack
    stack.end()


class Workflows:
    """Calls the stack over REST."""

    def __init__(self, stack: StackProcess) -> None:
        self._stack = stack

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._stack.credentials['apiKey']}"}
        url = f"{self._stack.http_url}/api/workflows{path}"
        answer = httpx.request(method, url, headers=headers, json=body, timeout=20, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    def execution(self, execution_id: str) -> Any:
        found = self.call("GET", f"/executions/{execution_id}")
        return found.get("execution", found)

    def begin(self, workflow_id: str) -> str:
        return str(self.call("POST", f"/{workflow_id}/execute", {})["id"])

    def recorded(self, execution_id: str) -> list[str]:
        """The steps that succeeded, in the order in which the history has them."""
        events: list[Any] = []
        token = ""
        while True:
            query = f"?pageSize=500&pageToken={token}"
            page = self.call("GET", f"/executions/{execution_id}/history{query}")
            events += page["events"]
            if not (token := page.get("nextPageToken", "")):
                return [each["stepId"] for each in events if each["type"] == "STEP_SUCCEEDED"]


def until(condition: Callable[[], Any]) -> Any:
    """Returns what a condition comes to, once that is something."""
    deadline = time.monotonic() + EACH_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)
    return found


def test_all_go_on_where_they_were_when_everything_was_killed(stack: StackProcess, tmp_path: Path) -> None:
    source = tmp_path / "code.py"
    source.write_text(CODE, encoding="utf-8")
    workflows = Workflows(stack.up())
    worker = stack.spawn("workflows", "worker", str(source))
    try:
        workflows.call("POST", "", {"definition": DEFINITION})
        until(lambda: [each for each in workflows.call("GET", "")["workflows"] if each["id"] == "code"])
        paused = {name: workflows.begin(name) for name in ("turns", "code")}
        for each in paused.values():
            # At once: on a slow machine it could have ended before.
            until(partial(has_got_on, workflows, each))
            assert workflows.call("POST", f"/executions/{each}/pause", {})["status"] == "PAUSED"
        begun = {name: workflows.begin(name) for name in ("turns", "code")}
        for each in begun.values():
            until(partial(has_got_on, workflows, each))

        family = [psutil.Process(worker.pid), *stack.family()]
        for process in family:
            with suppress(psutil.NoSuchProcess):  # it went with the one that was killed before
                process.kill()
        worker.wait()
        stack.process.wait()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []
        stack.up()
        worker = stack.spawn("workflows", "worker", str(source))
        halted = {each: workflows.execution(each)["succeededStepCount"] for each in paused.values()}

        for each in begun.values():
            check(workflows, each)
        for each, count in halted.items():
            standing = workflows.execution(each)
            assert (standing["status"], standing["succeededStepCount"]) == ("PAUSED", count)
            assert count < 2 * TURNS
            workflows.call("POST", f"/executions/{each}/resume", {})
        for each in paused.values():
            check(workflows, each)
    finally:
        worker.kill()
        worker.wait()


def has_got_on(workflows: Workflows, execution_id: str) -> bool:
    return bool(workflows.execution(execution_id)["succeededStepCount"] > 10)


def check(workflows: Workflows, execution_id: str) -> None:
    """Waits for the end of an execution, which has taken each step once."""
    execution = until(lambda: found if (found := workflows.execution(execution_id)).get("endTime") else None)
    assert execution["status"] == "SUCCEEDED", execution
    recorded = workflows.recorded(execution_id)
    assert len(recorded) == len(set(recorded)) >= 2 * TURNS
