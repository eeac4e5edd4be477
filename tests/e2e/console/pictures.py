"""Take the pictures of the console in docs/images/console anew: `make screenshots`.

A Timeloom of its own is filled with the showcase; every screen is opened in a real Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from playwright.sync_api import Browser, Page, expect
from rich.console import Console

from showcase.filling import fill
from tests.e2e.running_stack import running_stack
from tests.helpers import console
from tests.helpers.browsers import open_browser
from tests.helpers.screens import SCREENS, places_of
from timeloom import Timeloom, configuration

FOLDER = Path(__file__).parents[3] / "docs" / "images" / "console"
SEED = 7
_SETTLE_LIMIT_MS = 15_000
_DRAWN_MS = 1_500


def main() -> int:
    """Take all, or those that are named."""
    wanted = set(sys.argv[1:]) or {screen.name for screen in SCREENS}
    terminal = Console()
    console.build()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_stack() as stack, open_browser() as browser:
        found = configuration.resolve(
            api_key=stack.api_key, environ={"TIMELOOM_DATA_DIR": str(stack.data_dir)}
        )
        with Timeloom(api_key=stack.api_key, grpc_address=stack.grpc_address) as client:
            fill(client, otlp_endpoint=found.otlp_endpoint, api_key=stack.api_key, random=Random(SEED))
            places = places_of(client)
        page = _open(browser, stack.http_url, stack.api_key)
        for screen in SCREENS:
            if screen.name in wanted:
                _take(page, screen.name, screen.path.format(**places))
                terminal.print(f"  {screen.name}")
    return 0


def _open(browser: Browser, url: str, api_key: str) -> Page:
    context = browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    console.sign_in(context, api_key)
    return context.new_page()


def _take(page: Page, name: str, path: str) -> None:
    page.goto(path)
    page.get_by_role("heading", level=1).wait_for()
    loading = page.get_by_role("main").get_by_role("status", name="Loading")
    expect(loading).to_have_count(0, timeout=_SETTLE_LIMIT_MS)
    # What is drawn from answers in between; screens that follow shapes are never without a request.
    page.wait_for_timeout(_DRAWN_MS)
    for scheme in console.SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f"html[data-mantine-color-scheme='{scheme}']", state="attached")
        page.screenshot(path=FOLDER / f"{name}-{scheme}.png")


if __name__ == "__main__":
    sys.exit(main())
