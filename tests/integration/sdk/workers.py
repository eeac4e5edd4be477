"""A worker beside a blocking test, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from timeloom.cli.workflow_running import loaded
from timeloom.workflows import Worker


@contextmanager
def working(source: str, **connection: Any) -> Generator[None]:
    """What `timeloom workflows worker` does with a file, for the block."""
    runs, tasks = loaded(source)
    loop, ready = asyncio.new_event_loop(), threading.Event()
    made: list[Worker] = []

    async def work() -> None:
        async with Worker(workflows=runs, tasks=tasks, **connection) as worker:
            made.append(worker)
            running = asyncio.create_task(worker.run(handle_signals=False))
            await worker.connected()
            ready.set()
            await running

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),), daemon=True)
    thread.start()
    assert ready.wait(60), "the worker is not connected"
    try:
        yield
    finally:
        loop.call_soon_threadsafe(made[0].stop)
        thread.join(60)
        loop.close()
