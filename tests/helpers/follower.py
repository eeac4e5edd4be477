"""The official client as a process that tells every message it gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.helpers import node
from tests.helpers.shape_copies import Copy

WAYS = ("poll", "sse")
_LINE_BYTES_MAX = 16 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Follower:
    """One client, and the copy that its messages make."""

    process: asyncio.subprocess.Process
    copy: Copy = field(default_factory=Copy)

    async def run(self) -> None:
        """Takes messages until the client ends."""
        output = self.process.stdout
        assert output is not None
        while line := await output.readline():
            self.copy.apply([json.loads(line)])


@asynccontextmanager
async def following(http_url: str, api_key: str, session_id: str) -> AsyncIterator[list[Follower]]:
    """Starts a client for each way of waiting for changes; one that gave up fails the test."""
    program, folder = node.node(), node.programs()
    environment = node.environment(http_url=http_url, api_key=api_key)
    followers = [
        Follower(
            process=await asyncio.create_subprocess_exec(
                program,
                "follow.mjs",
                session_id,
                way,
                cwd=folder,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_BYTES_MAX,
            )
        )
        for way in WAYS
    ]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(follower.run()) for follower in followers]
            yield followers
            assert [follower.process.returncode for follower in followers] == [None] * len(followers)
            for task in tasks:
                task.cancel()
    finally:
        for follower in followers:
            if follower.process.returncode is None:
                follower.process.kill()
            await follower.process.wait()
