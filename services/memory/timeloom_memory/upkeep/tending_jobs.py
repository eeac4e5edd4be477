"""Looking after namespaces as jobs."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

import msgspec

from timeloom_memory.jobs.model import Work
from timeloom_memory.model import MemoryPolicy
from timeloom_memory.upkeep.tending import Tending
from timeloom_memory.upkeep.tending_parameters import TendingParameters, wish_of


class Policies(Protocol):
    """What the projects want to become of their memories."""

    async def get(self, project_id: UUID) -> MemoryPolicy:
        """Returns a project's policy."""
        ...


class TendingHandler:
    """Does the jobs that cluster or optimise. Whatever it has done when a job is cancelled stays."""

    def __init__(self, *, tending: Tending, policies: Policies) -> None:
        self._tending = tending
        self._policies = policies

    async def run(self, work: Work) -> str:
        """Does a job and returns its report."""
        job = work.job
        asked = msgspec.json.decode(job.parameters, type=TendingParameters)
        wish = wish_of(asked, await self._policies.get(job.project_id))

        async def progress(phase: str, done: int, total: int) -> None:
            await work.advance(phase=phase, done=done, total=total)

        report = await self._tending.run(
            job.project_id, job.namespace, wish, dry_run=job.dry_run, progress=progress
        )
        return msgspec.json.encode(report).decode()

    async def clean_up(self, work: Work) -> None:
        """There is nothing to take away: each step leaves memories as they may be."""
