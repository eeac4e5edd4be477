"""Cancellations that get lost on their way."""

import asyncio


def heed_cancellation() -> None:
    """Raise a cancellation that was lost: in Python 3.11 `wait_for` drops one that comes with an answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
