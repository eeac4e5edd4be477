"""The TypeScript client: its own tests against a real stack, and its package as it is installed."""

from __future__ import annotations

import json
import tarfile
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.running_stack import RunningStack
from tests.helpers import web
from tests.helpers.browsers import open_browser

CLIENT = "@timeloom/client"
EXAMPLE = "@timeloom/example-agent-watch"
# What somebody who installs the package has installed beside it.
BESIDE = (
    "openapi-fetch",
    "openapi-typescript-helpers",
    "@tanstack",
    "react",
    "react-dom",
    "@types",
    "csstype",
)
PROGRAM = """
import { createTimeloom, TimeloomError, type Execution } from "@timeloom/client";
import { useExecutions, type Listing } from "@timeloom/client/react";

const timeloom = createTimeloom({ url: "http://127.0.0.1:9", apiKey: "tl_key" });
const asked: Promise<{ data: { executions: Execution[] } }> = timeloom.rest.GET("/api/agent-executions", {
  params: { query: { statuses: ["RUNNING"] } },
});
export const listing: (query: { agentId: string }) => Listing<Execution> = useExecutions;

// @ts-expect-error no such status
timeloom.rest.GET("/api/agent-executions", { params: { query: { statuses: ["LOST"] } } }).catch(() => {});

try {
  await asked;
} catch (error) {
  if (!(error instanceof TimeloomError)) throw error;
  console.log(error.code, typeof useExecutions, timeloom.live.status);
}
"""


def test_its_tests_pass_against_a_real_stack(stack: RunningStack) -> None:
    settings = {
        "TIMELOOM_URL": stack.http_url,
        "TIMELOOM_API_KEY": stack.api_key,
        "TIMELOOM_OTLP_URL": stack.otlp_http_url,
    }
    printed = web.npm("test", "--workspace", CLIENT, settings=settings)
    assert "gateway" in printed
    assert "failed" not in printed


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of somebody else, who has installed the package."""
    folder = tmp_path_factory.mktemp("project")
    web.npm("run", "build", "--workspace", CLIENT)
    packed = web.npm("pack", "--silent", "--workspace", CLIENT, "--pack-destination", str(folder))
    modules = folder / "node_modules"
    (modules / CLIENT).mkdir(parents=True)
    with tarfile.open(folder / packed.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    (folder / "package").replace(modules / CLIENT)
    for name in BESIDE:
        (modules / name).symlink_to(web.WEB / "node_modules" / name)
    (folder / "package.json").write_text(json.dumps({"type": "module"}), encoding="utf-8")
    (folder / "program.ts").write_text(PROGRAM, encoding="utf-8")
    return folder


def test_its_package_has_what_it_needs_and_nothing_else(installed: Path) -> None:
    package = installed / "node_modules" / CLIENT
    described = json.loads((package / "package.json").read_text(encoding="utf-8"))
    exported = [
        path
        for entry in described["exports"].values()
        for condition, path in entry.items()
        if condition != "timeloom-source"
    ]
    assert [path for path in exported if not (package / path).is_file()] == []
    assert {path.name for path in package.iterdir()} == {"dist", "package.json", "README.md"}


def test_a_program_outside_the_workspace_compiles_and_runs(installed: Path) -> None:
    strict = ("--strict", "--exactOptionalPropertyTypes")
    modern = (
        "--module",
        "nodenext",
        "--target",
        "es2023",
        "--lib",
        "es2023,dom,dom.iterable",
        "--types",
        "node",
    )
    web.program(str(web.WEB / "node_modules/.bin/tsc"), *strict, *modern, "program.ts", cwd=installed)
    assert web.program("node", "program.js", cwd=installed) == "UNREACHABLE function closed\n"


def test_the_example_shows_what_an_agent_does(stack: RunningStack) -> None:
    settings = {"TIMELOOM_URL": stack.http_url, "TIMELOOM_API_KEY": stack.api_key}
    with web.server(EXAMPLE, settings=settings) as url, open_browser() as browser, stack.client() as client:
        page = browser.new_page()
        page.goto(url)
        name = f"watched {uuid.uuid4()}"
        execution = client.post("/api/agent-executions", json={"agentId": "watched", "name": name}).json()
        snapshots = [{"stepName": step, "state": {"at": step}} for step in ("look", "leap")]
        client.post(f"/api/agent-executions/{execution['id']}/snapshots:batch", json={"snapshots": snapshots})
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", name="look (1 of 2)")).to_be_visible()
        page.get_by_role("button", name="On", exact=True).click()
        expect(page.locator("pre")).to_contain_text('"at": "leap"')
