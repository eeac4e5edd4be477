"""The pages, the console's files, health, and what the gateway counts."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.integration.gateway.house import House, open_house
from timeloom_platform.testing import Databases, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_documentation_needs_nothing_from_elsewhere(house: House) -> None:
    async with house.client() as browser:
        page = await browser.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'self'" in page.headers["content-security-policy"]
        links = re.findall(r'(?:src|href)="([^"#][^"]*)"', page.text)
        assert all(link.startswith("/") for link in links)
        for link in links:
            assert (await browser.get(link)).status_code == 200, link


async def test_pages_of_every_origin_may_include_the_export_script(house: House) -> None:
    async with house.client() as browser:
        script = await browser.get("/migrate.js")
        refused = await browser.post("/migrate.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "TimeloomMigration" in script.text
    assert refused.status_code == 405


async def test_without_a_console_a_page_says_so(house: House) -> None:
    async with house.client(accept="text/html") as browser:
        page = await browser.get("/")
    assert page.status_code == 200
    assert "no console" in page.text
    assert 'href="/docs"' in page.text


async def test_the_console_answers_every_path_that_is_no_file(databases: Databases, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Console</title>")
    (tmp_path / "assets" / "main-1a2b.js").write_text("export {}")
    (tmp_path / "sw.js").write_text("")
    async with (
        open_house(databases, console_dir=tmp_path) as house,
        house.client(accept="text/html") as browser,
    ):
        pages = [await browser.get(path) for path in ("/", "/executions/1", "/index.html")]
        script = await browser.get("/assets/main-1a2b.js")
        worker = await browser.get("/sw.js")
        missing = await browser.get("/assets/other.js", headers={"accept": "*/*"})
        outside = await browser.get("/..%2f..%2fetc/passwd", headers={"accept": "*/*"})
        refused = await browser.post("/")
    assert [page.text for page in pages] == ["<!doctype html><title>Console</title>"] * 3
    assert pages[0].headers["cross-origin-embedder-policy"] == "require-corp"
    assert "'wasm-unsafe-eval'" in pages[0].headers["content-security-policy"]
    assert "immutable" in script.headers["cache-control"]
    # A worker of an isolated page.
    assert script.headers["cross-origin-embedder-policy"] == "require-corp"
    assert worker.headers["cache-control"] == "no-cache"
    assert (missing.status_code, missing.json()["code"]) == (404, "UNIMPLEMENTED")
    assert outside.status_code == 404
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_the_console_travels_in_the_smallest_form_that_the_browser_takes(
    databases: Databases, tmp_path: Path
) -> None:
    script = "export const answer = 42;" * 100
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "main.js").write_text(script)
    (tmp_path / "main.js.gz").write_bytes(gzip.compress(script.encode()))
    async with open_house(databases, console_dir=tmp_path) as house, house.client() as browser:
        packed = await browser.get("/main.js", headers={"accept-encoding": "deflate, gzip;q=0.8"})
        plain = await browser.get("/main.js", headers={"accept-encoding": "identity"})
    assert (packed.text, packed.headers["content-encoding"]) == (script, "gzip")
    assert packed.headers["content-type"] == plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (plain.text, "content-encoding" in plain.headers) == (script, False)
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding, origin"


async def test_it_is_alive_and_ready(house: House) -> None:
    async with house.client() as probe:
        assert (await probe.get("/healthz")).json() == {"status": "ok"}
        assert (await probe.get("/readyz")).json() == {"status": "ready"}


async def _is_ready(probe: httpx.AsyncClient) -> bool:
    return (await probe.get("/readyz")).status_code == 200


async def test_a_gateway_without_its_bus_is_not_ready_and_says_why(databases: Databases) -> None:
    async with open_house(databases) as house, house.client() as probe:
        await eventually(lambda: _is_ready(probe), describe="the gateway is ready")
        await house.nats.kill()
        answer = await probe.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["missing"]) == {"bus"}


async def test_a_gateway_that_leaves_says_so_first(databases: Databases) -> None:
    async with open_house(databases) as house, house.client() as probe:
        assert (await probe.get("/readyz")).status_code == 200
        await house.gateway.drain()
        with pytest.raises(httpx.TransportError):
            await probe.get("/readyz")


async def test_requests_are_counted_by_route(house: House, api: httpx.AsyncClient) -> None:
    await api.get("/api/executions/x")
    registry = CollectorRegistry()
    registry.register(house.metrics.http)
    text = generate_latest(registry).decode()
    route = '{method="GET",route="/api/executions/{execution_id}",status="400"}'
    assert f"http_server_requests_total{route}" in text
    assert "http_server_in_flight 0.0" in text
