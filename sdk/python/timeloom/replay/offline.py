"""Replaying without a server: from a recording that was read or loaded before."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from timeloom._blocking import Portal
from timeloom.aio.replaying import AsyncReplaying
from timeloom.client import Replay, Replaying
from timeloom.replay.recording import Recording


@contextmanager
def replay(recording: Recording, *, default: Callable[[Any], Any] | None = None) -> Generator[Replay]:
    """Run an agent's code again beside a recording, like `Timeloom.replay`, with no client.

        with replay(Recording.load("run.timeloom")) as replayed:
            agent(replayed.execution)

    Args:
        recording: What to replay.
        default: As it was given to `record`.
    """

    async def load() -> Recording:
        return recording

    portal = Portal()
    try:
        with Replaying(portal, AsyncReplaying(load, default=default)) as replayed:
            yield replayed
    finally:
        portal.close()
