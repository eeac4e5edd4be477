"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import ServiceBinding
from timeloom_snapshots.codec import Codec
from timeloom_snapshots.committer import Committer
from timeloom_snapshots.effects import EffectReader
from timeloom_snapshots.executions import Executions
from timeloom_snapshots.forks import Forks
from timeloom_snapshots.hints import Hints
from timeloom_snapshots.history import History
from timeloom_snapshots.lane import LINGER_SECONDS, LaneContext
from timeloom_snapshots.marks import Marks
from timeloom_snapshots.playing import Playing
from timeloom_snapshots.pruning import Pruning
from timeloom_snapshots.questions import Questions
from timeloom_snapshots.reader import StateReader
from timeloom_snapshots.recording import Recording
from timeloom_snapshots.remover import Remover
from timeloom_snapshots.retention import Retention
from timeloom_snapshots.rollbacks import Rollbacks
from timeloom_snapshots.runs import DeltaRuns
from timeloom_snapshots.sealing import Sealer
from timeloom_snapshots.servicer import SnapshotsServicer
from timeloom_snapshots.time_travel_servicer import TimeTravelServicer
from timeloom_snapshots.transfer.exporter import Exporter
from timeloom_snapshots.transfer.importer import Importer
from timeloom_snapshots.upkeep import RETENTION_SECONDS, SEALING_SECONDS, Upkeep
from timeloom_snapshots.verification import Verifications
from timeloom_snapshots.walk import Walk

ROOM: Final = "snapshots"
PACKAGE: Final = "timeloom_snapshots"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service, and those of its parts that somebody has to run or close."""

    bindings: Sequence[ServiceBinding]
    committer: Committer
    recording: Recording
    hints: Hints
    executions: Executions
    pruning: Pruning
    retention: Retention
    sealer: Sealer
    upkeep: Upkeep
    playing: Playing

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""
        self.recording.close()
        self.hints.close()
        self.playing.close()


def assembled(
    *,
    database: Database,
    cursors: Cursors,
    clock: Callable[[], datetime],
    cache_bytes: int,
    linger_seconds: float = LINGER_SECONDS,
    sealing_seconds: float = SEALING_SECONDS,
    retention_seconds: float = RETENTION_SECONDS,
) -> Assembly:
    """Puts the service together."""
    codec = Codec.packaged()
    hints = Hints()
    reader = StateReader(database=database, codec=codec, cache_bytes=cache_bytes)
    committer = Committer(
        LaneContext(
            database=database,
            reader=reader,
            codec=codec,
            hints=hints,
            clock=clock,
            linger_seconds=linger_seconds,
        )
    )
    recording = Recording(committer=committer, database=database, codec=codec)
    executions = Executions(database=database, reader=reader, hints=hints, cursors=cursors)
    servicer = SnapshotsServicer(
        executions=executions,
        recording=recording,
        history=History(
            database=database, reader=reader, effects=EffectReader(codec), hints=hints, cursors=cursors
        ),
        clock=clock,
    )
    pruning = Pruning(database=database, remover=Remover(codec), executions=executions, clock=clock)
    retention = Retention(database=database, pruning=pruning, clock=clock)
    sealer = Sealer(database=database, codec=codec)
    runs = DeltaRuns(database=database, codec=codec)
    walk = Walk(database=database, reader=reader, runs=runs)
    playing = Playing(database=database, walk=walk)
    time_travel = TimeTravelServicer(
        executions=executions,
        exporter=Exporter(database=database, codec=codec, effects=EffectReader(codec)),
        forks=Forks(database=database, reader=reader, codec=codec, clock=clock),
        importer=Importer(database=database, codec=codec),
        marks=Marks(database=database),
        playing=playing,
        pruning=pruning,
        questions=Questions.assembled(
            database=database, reader=reader, runs=runs, walk=walk, cursors=cursors
        ),
        retention=retention,
        rollbacks=Rollbacks(database=database, reader=reader, hints=hints),
        verifications=Verifications(database=database, codec=codec),
    )
    return Assembly(
        bindings=[servicer.binding(), time_travel.binding()],
        committer=committer,
        recording=recording,
        hints=hints,
        executions=executions,
        pruning=pruning,
        retention=retention,
        sealer=sealer,
        upkeep=Upkeep(
            sealer=sealer,
            retention=retention,
            sealing_seconds=sealing_seconds,
            retention_seconds=retention_seconds,
        ),
        playing=playing,
    )
