"""The console in a real browser, on a stack and in projects of its own."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.e2e.running_stack import RunningStack, running_stack
from tests.helpers import console
from tests.helpers.browsers import open_browser
from timeloom import Timeloom

# Two test processes share two cores with a whole stack.
_WAIT_LIMIT_MS = 20_000
# What the page looked like when a test failed.
_PICTURES = Path(".pytest_cache") / "console"
_HAS_FAILED = pytest.StashKey[bool]()
# A refusal that the page shows is logged by the browser, too.
_REFUSALS = re.compile(r"Failed to load resource|net::ERR_")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remembers for the fixtures whether their test has failed."""
    report = yield
    if report.failed:
        item.stash[_HAS_FAILED] = True
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """A stack that serves the console as it was just built."""
    console.build()
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def project(stack: RunningStack) -> RunningStack:
    """The stack, with the key of a project that only this module's tests use."""
    made = json.loads(stack.run("projects", "create", f"console {uuid.uuid4()}", "--json"))
    return replace(stack, project_id=made["projectId"], api_key=made["apiKey"])


@pytest.fixture(scope="module")
def client(project: RunningStack) -> Iterator[Timeloom]:
    """The SDK's client of the module's project."""
    with Timeloom(api_key=project.api_key, grpc_address=project.grpc_address, url=project.http_url) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the module: as long as it runs, no other test of this process has an event loop."""
    with open_browser() as browser:
        yield browser


OpenContext = Callable[[], BrowserContext]
"""Opens a browser profile that nobody has used."""


@pytest.fixture
def service_workers() -> Literal["allow", "block"]:
    """Whether pages may keep the console's files: tests without a network need that, and it takes time."""
    return "block"


@pytest.fixture
def open_context(
    browser: Browser, project: RunningStack, service_workers: Literal["allow", "block"]
) -> Iterator[OpenContext]:
    """Opens profiles of the browser, and closes them after the test."""
    opened: list[BrowserContext] = []

    def open_one() -> BrowserContext:
        context = browser.new_context(
            base_url=project.http_url,
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            color_scheme="light",
            permissions=["clipboard-read", "clipboard-write"],
            service_workers=service_workers,
        )
        context.set_default_timeout(_WAIT_LIMIT_MS)
        expect.set_options(timeout=_WAIT_LIMIT_MS)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def page(open_context: OpenContext, project: RunningStack, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the console, signed in; whatever its scripts complain of fails the test."""
    context = open_context()
    console.sign_in(context, project.api_key)
    page = context.new_page()
    complaints = listen_for_complaints(page)
    yield page
    if request.node.stash.get(_HAS_FAILED, False) and not page.is_closed():
        _PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=_PICTURES / f"{request.node.name}.png")
    assert complaints == []


def listen_for_complaints(page: Page) -> list[str]:
    """A list that grows with each error of the page's scripts."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not _REFUSALS.search(message.text):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
