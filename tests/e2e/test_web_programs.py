"""What runs in browsers has tests of its own in web/: those that need no stack."""

from __future__ import annotations

import pytest

from tests.helpers import web
from tests.helpers.browsers import chromium

pytestmark = [pytest.mark.xdist_group("web"), pytest.mark.timeout(300)]

WASM = "@timeloom/wasm"


def test_the_consoles_pure_parts_keep_their_laws() -> None:
    web.npm("test", "--workspace", "@timeloom/console")


def test_the_kernels_and_their_fallbacks_say_the_same() -> None:
    web.npm("test", "--workspace", WASM)


def test_the_kernels_and_the_store_work_in_a_browser_whatever_it_lacks() -> None:
    web.npm("run", "test:browser", "--workspace", WASM, settings={"TIMELOOM_CHROMIUM": chromium()})
