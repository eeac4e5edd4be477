"""The workspace service is restarted while official clients follow a shape: they go on where they were."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from typing import Any

import httpx
import pytest

from tests.e2e.running_stack import RunningStack
from tests.helpers.follower import following
from tests.helpers.shape_copies import ARRIVAL_LIMIT_SECONDS, more_changes
from tests.helpers.shape_writer import Writer, check
from timeloom_platform.testing import eventually

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(180)]


def _workspace(stack: RunningStack) -> dict[str, Any]:
    state = json.loads((stack.data_dir / "state.json").read_text(encoding="utf-8"))
    (found,) = [each for each in state["processes"] if each["name"] == "workspace"]
    return dict(found)


async def test_official_clients_go_on_after_a_restart(stack: RunningStack) -> None:
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    async with httpx.AsyncClient(base_url=stack.http_url, headers=headers, trust_env=False) as client:
        writer = Writer(client=client, session_id=f"session-{uuid.uuid4()}", seed=4)
        async with following(stack.http_url, stack.api_key, writer.session_id) as followers:
            copies = [follower.copy for follower in followers]
            writing = asyncio.create_task(writer.run())
            await more_changes(copies)
            before = _workspace(stack)
            os.kill(before["pid"], signal.SIGTERM)

            def is_back() -> bool:
                now = _workspace(stack)
                return bool(now["state"] == "ready" and now["restarts"] > before["restarts"])

            await eventually(is_back, timeout_seconds=ARRIVAL_LIMIT_SECONDS)
            await more_changes(copies)
            writing.cancel()
            await asyncio.wait([writing])
            await check(copies, writer)
