"""The hand on executions, put together from its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_workflows.control.approving import Approving
from timeloom_workflows.control.bulk import Bulk
from timeloom_workflows.control.changing import Changing
from timeloom_workflows.control.controls import Controls
from timeloom_workflows.control.dead_letters import DeadLetters
from timeloom_workflows.control.following import Followers
from timeloom_workflows.control.forking import Forking
from timeloom_workflows.control.reading import Reading
from timeloom_workflows.control.signals import Signals
from timeloom_workflows.control.watching import Watching
from timeloom_workflows.engine.engine import Engine
from timeloom_workflows.starting.starting import Admission
from timeloom_workflows.starting.versions import Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What people and programs do to executions from outside, and what they see of them."""

    reading: Reading
    watching: Watching
    followers: Followers
    controls: Controls
    forking: Forking
    signals: Signals
    approving: Approving
    bulk: Bulk
    dead_letters: DeadLetters

    @classmethod
    def assembled(
        cls,
        *,
        database: Database,
        cursors: Cursors,
        engine: Engine,
        versions: Versions,
        admission: Admission,
    ) -> Self:
        """Puts it together."""
        followers = Followers()
        engine.on_changed(followers.tell)
        changing = Changing(database=database, engine=engine)
        controls = Controls(changing=changing)
        return cls(
            reading=Reading(database=database, cursors=cursors, ends=engine.waiters),
            watching=Watching(database=database, followers=followers),
            followers=followers,
            controls=controls,
            forking=Forking(
                database=database,
                changing=changing,
                engine=engine,
                versions=versions,
                admission=admission,
            ),
            signals=Signals(changing=changing),
            approving=Approving(changing=changing),
            bulk=Bulk(database=database, controls=controls),
            dead_letters=DeadLetters(database=database, changing=changing, cursors=cursors),
        )
