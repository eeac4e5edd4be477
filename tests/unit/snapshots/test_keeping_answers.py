"""What pruning did, as callers are told."""

from __future__ import annotations

from uuid import UUID

from timeloom._travel_convert import pruning
from timeloom_snapshots.keeping_answers import pruned_message
from timeloom_snapshots.pruning import Pruned, PrunedExecution

EXECUTION = UUID(int=1)
FIVE_GIBIBYTES = 5 * 1024**3 + 1


def test_an_execution_may_take_more_than_four_gibibytes() -> None:
    done = PrunedExecution(
        execution_id=EXECUTION, snapshot_count=3, stored_bytes=FIVE_GIBIBYTES, is_deleted=True
    )

    told = pruning(pruned_message(Pruned(executions=[done, done], is_truncated=False)))

    assert [each.stored_bytes for each in told.executions] == [FIVE_GIBIBYTES, FIVE_GIBIBYTES]
    assert told.stored_bytes == 2 * FIVE_GIBIBYTES
