"""A real Chromium: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.helpers.needs import is_missing

NAMES = ("chromium", "chromium-browser", "google-chrome")
SETTING = "TIMELOOM_CHROMIUM"


def chromium() -> str:
    """Where the browser is; skips the test where there is none."""
    for name in (os.environ.get(SETTING, ""), *NAMES):
        if found := shutil.which(name):
            return found
    return is_missing(f"there is no browser: none of {', '.join(NAMES)}, and {SETTING} names none")


@contextmanager
def open_browser(*arguments: str) -> Generator[Browser]:
    """Starts the browser without a window, and ends it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", *arguments])
        try:
            yield browser
        finally:
            browser.close()
