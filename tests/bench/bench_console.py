"""The console in a real Chromium: how soon it is there, and whether it stays responsive with a lot to show.

The machine that draws the page is the one that serves it: PostgreSQL, NATS, all services and a browser
without a graphics card share its processors. A task that takes long on it takes less on any desk.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_span_in_context
from playwright.sync_api import Browser, Page
from rich.progress import track

from tests.bench.browser_trace import traced
from tests.bench.report import Figure, Report, Section, console
from tests.helpers import console as built
from tests.helpers.browsers import open_browser
from tests.helpers.stack import StackProcess
from timeloom import AsyncTimeloom, Timeloom
from timeloom_platform.testing import scratch_directory

EXECUTIONS: Final = int(os.environ.get("TIMELOOM_BENCH_EXECUTIONS", "100000"))
SNAPSHOTS: Final = 1_000
SPANS: Final = 10_000
STATE_MEGABYTES: Final = 5
BUILD_SECONDS_MAX: Final = 60.0
FIRST_LOAD_KB_MAX: Final = 250.0
TASK_MS_MAX: Final = 200.0
FRAMES_MIN: Final = 55.0
"""Sixty in a second, less what a display's own clock is off."""

_WEB: Final = built.ROOT / "web"
_CALLS_AT_ONCE: Final = 64
_LOADS: Final = 5
_ASSET = re.compile(r'(?:src|href)="(/[^"]+\.(?:js|css))"')

# The browser tells of a paint some time after it.
_FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) resolve(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""

# Drags the slider to the end and back, a move in each frame, as a hand does.
_DRAG = """async ([x, y, width]) => {
  const strip = document.querySelector("[role=slider]");
  const options = { bubbles: true, clientY: y, pointerId: 1, button: 0, buttons: 1, isPrimary: true };
  const send = (type, at) => strip.dispatchEvent(new PointerEvent(type, { ...options, clientX: at }));
  strip.setPointerCapture = () => {};
  strip.hasPointerCapture = () => true;
  strip.releasePointerCapture = () => {};
  send("pointerdown", x + 20);
  const frames = [];
  await new Promise((resolve) => {
    const start = performance.now();
    let before = start;
    const tick = (now) => {
      frames.push(now - before);
      before = now;
      const share = (now - start) / 4000;
      if (share >= 1) return resolve();
      send("pointermove", x + 20 + (share < 0.5 ? share * 2 : 2 - share * 2) * (width - 40));
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  send("pointerup", x + 20);
  frames.shift();
  return frames;
}"""


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="Console",
        peer="what it is meant to reach",
        notes=("Chromium without a window or a graphics card, on the machine that serves the page.",),
    )
    report.show_heading(console())
    with report.shown_section("Build") as section:
        _measure_build(section)
    with scratch_directory() as directory:
        stack = StackProcess(directory / "data")
        try:
            stack.up()
            # Before the browser starts, which takes the thread's event loop.
            asyncio.run(_create_executions(stack))
            with open_browser() as browser:
                _measure_pages(report, browser, stack)
        finally:
            stack.end()
    report.show_outcome(console())
    return report


def _measure_pages(report: Report, browser: Browser, stack: StackProcess) -> None:
    credentials = stack.credentials
    key = credentials["apiKey"]
    with report.shown_section("A cold load") as section:
        _measure_load(section, browser, stack.http_url, key)
    with (
        Timeloom(api_key=key, grpc_address=credentials["grpcAddress"], url=stack.http_url) as client,
        report.shown_section("A lot to show") as section,
    ):
        page = _signed_in(browser, stack.http_url, key)
        _measure_slider(section, page, client)
        _measure_state(section, page, client)
        _measure_trace(section, page, stack)
        _measure_list(section, page)


# -- How soon it is there ---------------------------------------------------------------


def _measure_build(section: Section) -> None:
    built.build()
    began = time.monotonic()
    subprocess.run(["npm", "run", "--silent", "console"], cwd=_WEB, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    section.add(Figure(name="build", unit="s", ours=seconds, better="lower", limit=BUILD_SECONDS_MAX))


def _measure_load(section: Section, browser: Browser, url: str, key: str) -> None:
    page_text = (built.BUILT / "index.html").read_text(encoding="utf-8")
    files = [built.BUILT / "index.html", *(built.BUILT / name[1:] for name in _ASSET.findall(page_text))]
    for name, suffix, limit in (("gzip", ".gz", FIRST_LOAD_KB_MAX), ("Brotli", ".br", None)):
        size = sum(_packed(file, suffix) for file in files) / 1000
        section.add(Figure(name=f"first load, {name}", unit="kB", ours=size, better="lower", limit=limit))
    paints, titles = [], []
    for _ in range(_LOADS):
        page = _signed_in(browser, url, key)
        page.goto("/executions", wait_until="commit")
        page.get_by_role("heading", level=1, name="Executions").wait_for()
        titles.append(page.evaluate("() => performance.now()"))
        paints.append(page.evaluate(_FIRST_PAINT))
        page.context.close()
    section.add(
        Figure(name="first contentful paint, median", unit="ms", ours=_median(paints), better="lower"),
        Figure(name="screen to work with, median", unit="ms", ours=_median(titles), better="lower"),
    )


def _packed(file: Path, suffix: str) -> int:
    packed = file.with_name(file.name + suffix)
    return (packed if packed.is_file() else file).stat().st_size


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _signed_in(browser: Browser, url: str, key: str) -> Page:
    context = browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    built.sign_in(context, key)
    return context.new_page()


# -- A lot to show ----------------------------------------------------------------------


def _measure_slider(section: Section, page: Page, client: Timeloom) -> None:
    random = Random(7)
    with client.record(agent_id="trainer", name=f"{SNAPSHOTS} steps") as execution:
        state: dict[str, Any] = {"epoch": 0, "metrics": {}, "log": []}
        for step in range(SNAPSHOTS):
            state["epoch"] = step
            state["metrics"] = {"loss": round(1 / (step + 1), 4), "rate": random.random()}
            state["log"] = [*state["log"][-20:], f"step {step}"]
            execution.step(f"train-{step % 7}", state, wait=False)
        identifier = execution.id
    page.goto(f"/executions/{identifier}")
    page.get_by_role("tree").wait_for()
    slider = page.get_by_role("slider", name="Step")
    box = slider.bounding_box()
    assert box is not None
    page.wait_for_load_state("networkidle")
    with traced(page) as trace:
        frames: list[float] = page.evaluate(_DRAG, [box["x"], box["y"] + 40, box["width"]])
    rate = 1000 * len(frames) / sum(frames)
    section.add(
        Figure(name=f"slider over {SNAPSHOTS:,} snapshots", unit="frames/s", ours=rate, limit=FRAMES_MIN),
        _longest(f"slider over {SNAPSHOTS:,} snapshots", trace.longest_ms),
    )


def _measure_state(section: Section, page: Page, client: Timeloom) -> None:
    random = Random(7)
    rows = [{"id": number, "text": random.randbytes(40).hex()} for number in range(STATE_MEGABYTES * 9_500)]
    with client.record(agent_id="collector", name=f"{STATE_MEGABYTES} MB") as execution:
        for step in range(4):
            rows[step * 7] = {"id": step, "text": "changed"}
            execution.step("collect", {"rows": rows, "step": step})
        identifier = execution.id
    with traced(page) as trace:
        page.goto(f"/executions/{identifier}")
        page.get_by_role("tree").wait_for()
        page.wait_for_load_state("networkidle")
        for _ in range(2):
            page.keyboard.press("ArrowLeft")
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(300)
    section.add(_longest(f"a state of {STATE_MEGABYTES} MB, opened and stepped", trace.longest_ms))


def _measure_trace(section: Section, page: Page, stack: StackProcess) -> None:
    trace_id = _send_spans(stack)
    with traced(page) as trace:
        page.goto(f"/observability/traces/{trace_id}")
        page.get_by_role("heading", level=1).wait_for()
        page.get_by_text(re.compile(rf"{SPANS:,}|{SPANS}|{SPANS // 1000}K spans")).first.wait_for(
            timeout=60_000
        )
        page.mouse.move(700, 600)
        for _ in range(20):
            page.mouse.wheel(0, 2_000)
            page.wait_for_timeout(50)
    section.add(_longest(f"a trace of {SPANS:,} spans, opened and scrolled", trace.longest_ms))


def _send_spans(stack: StackProcess) -> str:
    exporter = OTLPSpanExporter(
        endpoint=f"http://127.0.0.1:{stack.otlp_grpc_port}",
        insecure=True,
        headers={"authorization": f"Bearer {stack.credentials['apiKey']}"},
    )
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=2 * SPANS))
    tracer = provider.get_tracer("bench")
    now = time.time_ns()
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "bench"}
    root = tracer.start_span("bench", start_time=now, attributes=attributes)
    parents = [root]
    for number in range(1, SPANS):
        parent = parents[number // 5]
        span = tracer.start_span(
            f"step {number}", context=set_span_in_context(parent), start_time=now + number * 1_000_000
        )
        span.end(end_time=now + (number + 5) * 1_000_000)
        parents.append(span)
    root.end(end_time=now + (SPANS + 10) * 1_000_000)
    provider.shutdown()
    return format(root.get_span_context().trace_id, "032x")


def _measure_list(section: Section, page: Page) -> None:
    with traced(page) as trace:
        page.goto("/executions")
        page.get_by_role("row").nth(5).wait_for()
        page.mouse.move(900, 600)
        for _ in range(60):
            page.mouse.wheel(0, 3_000)
            page.wait_for_timeout(50)
    section.add(_longest(f"a list of {EXECUTIONS:,} executions, opened and scrolled", trace.longest_ms))


async def _create_executions(stack: StackProcess) -> None:
    credentials = stack.credentials
    async with AsyncTimeloom(
        api_key=credentials["apiKey"], grpc_address=credentials["grpcAddress"]
    ) as client:
        numbers = iter(track(range(EXECUTIONS), "Executions to list", console=console(), transient=True))

        async def create() -> None:
            for number in numbers:
                await client.executions.create(
                    agent_id=f"agent-{number % 20}", name=f"execution {number} {secrets.token_hex(3)}"
                )

        await asyncio.gather(*(create() for _ in range(_CALLS_AT_ONCE)))


def _longest(name: str, milliseconds: float) -> Figure:
    return Figure(
        name=f"longest task: {name}", unit="ms", ours=milliseconds, better="lower", limit=TASK_MS_MAX
    )
