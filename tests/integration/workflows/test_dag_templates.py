"""The templates run as they are, with the input that they come with, beside the memory service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import timeloom_workflows.templates
from tests.integration.memory.service import MemoryClient, running_service
from tests.integration.workflows.dags import Ran, begin, define, ended
from tests.integration.workflows.http_server import Answer, http_server
from tests.integration.workflows.service import SECRET, Replica, running_replica
from timeloom_memory.assembly import PACKAGE as MEMORY_PACKAGE
from timeloom_memory.assembly import ROOM as MEMORY_ROOM
from timeloom_platform.channel import open_channel
from timeloom_platform.testing import eventually
from timeloom_platform.testing.databases import Rooms
from timeloom_workflows.actions.llm import LlmSettings
from timeloom_workflows.actions.memory import SERVICES
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.assembly import PACKAGE, ROOM
from timeloom_workflows.control.approvals import Verdict
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.settings import ActionSettings, EngineSettings

DIRECTORY = Path(timeloom_workflows.templates.__file__).parent
TEMPLATES = {path.stem: json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.json"))}


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE, MEMORY_ROOM: MEMORY_PACKAGE}


@pytest_asyncio.fixture
async def memory(database_url: str) -> AsyncIterator[MemoryClient]:
    async with running_service(database_url) as running:
        yield running


@pytest_asyncio.fixture(params=["with a model", "without a model"])
async def replica(
    database_url: str, memory: MemoryClient, request: pytest.FixtureRequest
) -> AsyncIterator[Replica]:
    def answer(_: Any) -> Answer:
        message = {"role": "assistant", "content": "The model's own words."}
        return Answer.of({"model": "small", "choices": [{"message": message, "finish_reason": "stop"}]})

    async with (
        http_server(answer) as model,
        open_channel(memory.server.address, services=SERVICES, tokens=memory.server.tokens) as channel,
    ):
        has_model = request.param == "with a model"
        llm = LlmSettings(llm_model="small", llm_base_url=f"{model.url}/v1") if has_model else LlmSettings()
        outside = Outside(ActionSettings(llm=llm), secret=SECRET, environ={}, memory=channel)
        async with running_replica(
            database_url,
            project_id=memory.project_id,
            engine=EngineSettings(),
            with_ping=False,
            outside=outside,
        ) as running:
            yield running


def test_there_are_eight() -> None:
    assert len(TEMPLATES) >= 8


@pytest.mark.parametrize("name", TEMPLATES)
async def test_a_template_runs_to_its_end(name: str, replica: Replica) -> None:
    done = await approved(replica, name)
    assert done.status == "SUCCEEDED", done.error
    assert done.execution.output is not None
    check = CHECKS.get(name)
    assert check is None or check(done.output), done.output


CHECKS: dict[str, Callable[[Any], bool]] = {
    "rag_ingestion": lambda output: "three months" in json.dumps(output),
}


async def approved(replica: Replica, name: str) -> Ran:
    """Runs a template; whatever is asked of people is approved."""
    template = TEMPLATES[name]
    definition = {key: value for key, value in template["definition"].items() if key != "steps"}
    workflow_id = await define(replica, template["definition"]["steps"], **definition)
    execution_id = await begin(replica, workflow_id, template["exampleInput"])

    async def has_ended() -> bool:
        execution = await replica.execution(execution_id)
        if not execution.status.has_ended:
            with suppress(WrongStatusError):  # nobody is asked right now
                await replica.assembly.hand.approving.decide(
                    replica.project_id, execution_id, step_id="", verdict=Verdict.APPROVED, decided_by="Ada"
                )
        return execution.status.has_ended

    await eventually(has_ended, timeout_seconds=60, describe=name)
    return await ended(replica, execution_id)
