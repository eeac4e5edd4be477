"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import grpc.aio

from timeloom_migration.advancing import Advancing
from timeloom_migration.changes import Changes
from timeloom_migration.commands import Commands
from timeloom_migration.driving import Driving
from timeloom_migration.hints import Hints
from timeloom_migration.leftovers import Leftovers
from timeloom_migration.phases.batch import Work
from timeloom_migration.planning.model import Table
from timeloom_migration.questions import Questions
from timeloom_migration.servicer import MigrationServicer
from timeloom_migration.targets.memories import MemoriesTarget
from timeloom_migration.targets.mutations import MutationsTarget
from timeloom_migration.targets.workspace import WorkspaceTarget
from timeloom_migration.uploads import Uploads
from timeloom_migration.vault import Vault
from timeloom_platform.data_keys import Rewrapping
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import ServiceBinding

ROOM: Final = "migration"
PACKAGE: Final = "timeloom_migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """To the services that do what a migration needs; they make the current identity known."""

    memory: grpc.aio.Channel
    workflows: grpc.aio.Channel
    workspace: grpc.aio.Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service, and those of its parts that somebody has to run or close."""

    bindings: Sequence[ServiceBinding]
    driving: Driving
    rewrapping: Rewrapping
    hints: Hints

    async def run(self) -> None:
        """Does the service's own work until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.driving.run())
            tasks.create_task(self.rewrapping.run())

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""
        self.hints.close()


def assembled(
    *,
    database: Database,
    cursors: Cursors,
    clock: Callable[[], datetime],
    keys: MasterKeys,
    channels: Channels,
) -> Assembly:
    """Puts the service together."""
    hints = Hints()
    changes = Changes(clock=clock, hints=hints)
    vault = Vault(keys)
    records = WorkspaceTarget(channels.workspace)
    work = Work(
        database=database,
        targets={
            Table.TASKS: records,
            Table.ENVIRONMENTS: records,
            Table.PREFERENCES: records,
            Table.AGENT_SESSIONS: records,
            Table.MEMORIES: MemoriesTarget(channels.memory),
            Table.MUTATIONS: MutationsTarget(channels.workspace, records=records),
        },
        opening=vault,
        clock=clock,
    )
    advancing = Advancing(database=database, changes=changes, work=work)
    servicer = MigrationServicer(
        uploads=Uploads(database=database, changes=changes, sealing=vault),
        commands=Commands(
            database=database,
            changes=changes,
            advancing=advancing,
            leftovers=Leftovers(changes=changes, work=work),
        ),
        questions=Questions(database=database, cursors=cursors, hints=hints),
        advancing=advancing,
    )
    return Assembly(
        bindings=[servicer.binding()],
        rewrapping=Rewrapping(database, keys),
        driving=Driving(database=database, changes=changes, hints=hints, channel=channels.workflows),
        hints=hints,
    )
