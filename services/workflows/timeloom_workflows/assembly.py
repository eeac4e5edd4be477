"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import ServiceBinding
from timeloom_workflows.actions.breaking import Breakers
from timeloom_workflows.actions.outside import Outside
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.hand import Hand
from timeloom_workflows.control.orphans import Orphans
from timeloom_workflows.control.stats import Stats
from timeloom_workflows.driving.definitions import Definitions
from timeloom_workflows.driving.doing import Doing
from timeloom_workflows.driving.driver import DagDriver
from timeloom_workflows.driving.surroundings import Surroundings
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.engine.runtime import EngineRuntime
from timeloom_workflows.executions_servicer import WorkflowExecutionsServicer
from timeloom_workflows.flow.admission import FlowAdmission
from timeloom_workflows.model import WorkflowKind
from timeloom_workflows.servicer import WorkflowsServicer
from timeloom_workflows.settings import EngineSettings
from timeloom_workflows.starting.children import Children
from timeloom_workflows.starting.starting import Starting
from timeloom_workflows.starting.versions import Versions
from timeloom_workflows.storage.system import SystemConnection
from timeloom_workflows.triggers.assembly import Triggering
from timeloom_workflows.triggers.callbacks import Callbacks
from timeloom_workflows.triggers.following import TriggerFollower
from timeloom_workflows.triggers_servicer import WorkflowTriggersServicer
from timeloom_workflows.worker_servicer import WorkflowWorkerServicer
from timeloom_workflows.workers.children import Children as CodeChildren
from timeloom_workflows.workers.code_driver import CodeDriver
from timeloom_workflows.workers.presence import Presence
from timeloom_workflows.workers.task_desk import Tasks
from timeloom_workflows.workers.workers import Workers
from timeloom_workflows.workflows import Workflows

ROOM: Final = "workflows"
PACKAGE: Final = "timeloom_workflows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service, and those of its parts that somebody has to run or close."""

    bindings: Sequence[ServiceBinding]
    runtime: EngineRuntime
    hand: Hand
    dag_driver: DagDriver
    tasks: Tasks
    workers: Workers
    presence: Presence
    stats: Stats
    triggering: Triggering
    orphans: Orphans

    @property
    def engine(self) -> Engine:
        """What owns executions, begins them and commits what they do."""
        return self.runtime.engine

    async def run(self) -> None:
        """Does the service's own work until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.runtime.run())
                tasks.create_task(self.tasks.run())
                tasks.create_task(self.workers.run())
                tasks.create_task(self.presence.run())
                tasks.create_task(self.triggering.run())
                tasks.create_task(self.orphans.run())
        finally:
            await self.dag_driver.close()

    async def listen(self, bus: Bus) -> None:
        """Takes what other replicas and services tell, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.runtime.listen(bus))
            tasks.create_task(self.triggering.listen(bus))

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""
        self.engine.waiters.close()
        self.hand.followers.close()
        self.workers.end_streams()


def assembled(
    *,
    database: Database,
    cursors: Cursors,
    clock: Callable[[], datetime],
    engine: EngineSettings,
    outside: Outside,
) -> Assembly:
    """Puts the service together."""
    runtime = EngineRuntime(database, engine)
    versions = Versions(database)
    workflows = Workflows(database=database, cursors=cursors, clock=clock, followers=[TriggerFollower()])
    admission = FlowAdmission(database)
    hand = Hand.assembled(
        database=database, cursors=cursors, engine=runtime.engine, versions=versions, admission=admission
    )
    triggering = Triggering.assembled(
        database=database,
        cursors=cursors,
        clock=clock,
        engine=runtime.engine,
        versions=versions,
        admission=admission,
        controls=hand.controls,
        secrets=outside.webhook_secrets,
    )
    children = Children(versions=versions, admission=admission)
    changing = Changing(database=database, engine=runtime.engine)
    tasks = Tasks(
        engine=runtime.engine,
        database=database,
        changing=changing,
        connection=SystemConnection(database),
    )
    code_driver = CodeDriver(
        engine=runtime.engine,
        database=database,
        children=CodeChildren(children),
        tasks=tasks,
        signals=hand.signals,
        events=triggering.waking,
        deliveries_max=engine.deliveries_max,
    )
    workers = Workers(
        engine=runtime.engine,
        driver=code_driver,
        tasks=tasks,
        register=workflows.register_code,
        connection=SystemConnection(database),
        lease_seconds=engine.worker_lease_seconds,
    )
    presence = Presence(workers=workers, database=database, connection=SystemConnection(database))
    stats = Stats(database=database, workers=presence)
    dag_driver = DagDriver(
        Surroundings(
            engine=runtime.engine,
            database=database,
            definitions=Definitions(database),
            doing=Doing(actions=outside.actions, breakers=Breakers(database)),
            children=children,
            controls=hand.controls,
            signals=hand.signals,
            callbacks=outside.callbacks,
            public_url=outside.public_url,
            deliveries_max=engine.deliveries_max,
            suspects=asyncio.Lock(),
            desk=tasks,
            events=triggering.waking,
        )
    )
    runtime.engine.register(WorkflowKind.DAG, dag_driver)
    runtime.engine.register(WorkflowKind.CODE, code_driver)
    return Assembly(
        runtime=runtime,
        hand=hand,
        dag_driver=dag_driver,
        tasks=tasks,
        workers=workers,
        presence=presence,
        stats=stats,
        triggering=triggering,
        orphans=Orphans(database=database, controls=hand.controls),
        bindings=[
            WorkflowsServicer(workflows=workflows, stats=stats).binding(),
            WorkflowExecutionsServicer(
                starting=Starting(
                    engine=runtime.engine, versions=versions, database=database, admission=admission
                ),
                hand=hand,
                clock=clock,
            ).binding(),
            WorkflowTriggersServicer(
                triggering, Callbacks(changing=changing, tokens=outside.callbacks)
            ).binding(),
            WorkflowWorkerServicer(workers).binding(),
        ],
    )
