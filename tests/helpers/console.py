"""The console, built from its sources and seen by a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.helpers import node

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "web" / "apps" / "console" / "dist"
_AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_BUILD_LIMIT_SECONDS = 300.0
SCHEMES: Final = ("light", "dark")
"""The colours that the console comes in."""
_SETTLED = (
    "() => Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition)"
    ".map((each) => each.finished.catch(() => null)))"
)
# What people who depend on it cannot work with, or hardly.
_GRAVE = ("serious", "critical")


def build() -> Path:
    """Where the console is, built anew if its sources are newer; skips the test without Node.js."""
    node.node()
    done = subprocess.run(
        [str(ROOT / "tools" / "web.sh"), "console"],
        capture_output=True,
        text=True,
        timeout=_BUILD_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        pytest.fail(f"the console was not built:\n{done.stdout}{done.stderr}", pytrace=False)
    return BUILT


def sign_in(context: BrowserContext, api_key: str) -> None:
    """Gives the browser a session, as the page for signing in does."""
    answer = context.request.post("/auth/session", headers={"Authorization": f"Bearer {api_key}"})
    assert answer.status == 201, answer.text()


def expect_accessible(page: Page) -> None:
    """Fails if axe finds anything grave on the page as it stands, in light or in dark colours."""
    found: list[str] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(f"html[data-mantine-color-scheme='{scheme}']", state="attached")
        # Colours that are still on their way to the other scheme are nobody's.
        page.evaluate(_SETTLED)
        found += [f"{scheme}: {each}" for each in _violations(page)]
    page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


def _violations(page: Page) -> list[str]:
    # Evaluated by the debugger, so that the policy of the page stays as it is.
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']} ({violation['help']}): {node['html'][:200]}"
        for violation in result["violations"]
        if violation["impact"] in _GRAVE
        for node in violation["nodes"]
    ]
