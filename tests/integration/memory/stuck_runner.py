"""A process that does a job up to its third step and goes no further: `python -m … DATABASE_URL`."""

from __future__ import annotations

import asyncio
import sys

from timeloom_memory.assembly import ROOM
from timeloom_memory.jobs.hints import JobHints
from timeloom_memory.jobs.model import JobKind, Work
from timeloom_memory.jobs.runner import JobRunner
from timeloom_platform.database import Database

LEASE_SECONDS = 2.0


class Stuck:
    """Counts to three and waits."""

    async def run(self, work: Work) -> str:
        for step in (1, 2, 3):
            await work.advance(phase="counting", done=step, total=10, checkpoint=str(step))
        await asyncio.Event().wait()
        return "{}"

    async def clean_up(self, work: Work) -> None:
        raise AssertionError(work.job.id)


async def main(database_url: str) -> None:
    database = await Database.connect(database_url, room=ROOM)
    handlers = {JobKind.OPTIMIZE: Stuck()}
    runner = JobRunner(database=database, handlers=handlers, hints=JobHints(), lease_seconds=LEASE_SECONDS)
    await runner.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
