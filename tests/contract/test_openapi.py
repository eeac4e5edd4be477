"""The OpenAPI document: it is valid, it is complete, and the gateway does what it says."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.contract.whole_house import House, open_whole_house
from tests.integration.gateway.house import Tenant, make_tenant_at
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.openapi.document import build, openapi_path
from timeloom_gateway.problems import Reasons
from timeloom_gateway.transcoding.rest import compile_routes
from timeloom_platform.testing import Databases

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
SECONDS_MAX = 600

# Endless streams; test_live.py of the gateway and test_streams.py of observability have them.
STREAMS = ("streamEvents", "tailEvents")
# Second addresses of the same methods, which differ in nothing else.
ALIASES = "Alias$"
# These take the very key away that schemathesis works with: they come last, with a key of their own.
DESTRUCTIVE = ("revokeApiKey", "rotateApiKey")


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return Contracts.load()


@pytest.fixture(scope="module")
def document(contracts: Contracts) -> dict[str, Any]:
    return build(contracts, list(compile_routes(contracts)), Reasons(contracts))


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_binding_of_every_method_is_described(contracts: Contracts, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    bound = {(route.binding.http_method, openapi_path(route)) for route in compile_routes(contracts)}
    assert bound <= described
    assert len(bound) == sum(len(method.bindings) for method in contracts.methods)


def test_everything_is_explained(document: dict[str, Any]) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert [each["operationId"] for each in operations if not each.get("summary")] == []
    assert len({each["operationId"] for each in operations}) == len(operations)
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    assert {tag for each in operations for tag in each["tags"]} <= tags


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '([^']+)'", repr(document))):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_documents_are_inline_json_and_enums_have_short_names(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "type" not in schemas["Snapshot"]["properties"]["state"]
    assert "RUNNING" in schemas["Execution"]["properties"]["status"]["enum"]
    assert schemas["CreateApiKeyRequest"]["properties"]["scope"]["enum"] == ["READ", "WRITE", "ADMIN"]
    assert "executionId" not in schemas["UpdateExecutionRequest"]["properties"]


def test_a_body_that_is_a_required_field_is_required(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/observability/retention"]["put"]["requestBody"]["required"] is True
    assert document["paths"]["/api/workflows/hooks/{hookId}"]["post"]["requestBody"]["required"] is False


@pytest.mark.timeout(2 * SECONDS_MAX)
async def test_schemathesis_finds_nothing(databases: Databases, tmp_path: Path) -> None:
    async with open_whole_house(databases) as house:
        tenant = await make_tenant_at(house.grpc_addresses["front"], house.tokens)
        await _prepare(house, tenant)
        everything_else = [f"--exclude-operation-id={name}" for name in (*STREAMS, *DESTRUCTIVE)]
        everything_else.append(f"--exclude-operation-id-regex={ALIASES}")
        await _run_schemathesis(house, tenant, tmp_path, "--max-examples=5", *everything_else)
        only_these = [f"--include-operation-id={name}" for name in DESTRUCTIVE]
        await _run_schemathesis(house, tenant, tmp_path, "--max-examples=5", *only_these)


async def _prepare(house: House, tenant: Tenant) -> None:
    """An execution to be found, so that not all answers are 404."""
    async with httpx.AsyncClient(base_url=house.http_url, headers=tenant.headers) as api:
        execution = (await api.post("/api/executions", json={"agentId": "planner"})).json()
        answer = await api.post(f"/api/executions/{execution['id']}/snapshots", json={"state": {"a": [1]}})
    assert answer.status_code == httpx.codes.OK, answer.text


async def _run_schemathesis(house: House, tenant: Tenant, directory: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("schemathesis")), f"--config-file={CONFIGURATION}", "run"),
        f"{house.http_url}/openapi.json",
        f"--header=Authorization: Bearer {tenant.keys['admin']}",
        *("--phases=coverage,fuzzing", "--seed=1", "--no-color", "--continue-on-failure"),
        *arguments,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    _, _, findings = output.decode().partition("FAILURES")
    assert process.returncode == 0, findings or output.decode()
