"""The part that keeps records."""

from __future__ import annotations

from timeloom_platform.data_keys import Rewrapping
from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.parts import Part, Surroundings
from timeloom_workspace.records.records import Records
from timeloom_workspace.records.secrets_servicer import SecretsServicer
from timeloom_workspace.records.servicer import WorkspaceServicer


def records(surroundings: Surroundings) -> Part:
    """Puts the part together."""
    kept = Records(
        database=surroundings.database,
        cursors=surroundings.cursors,
        clock=HybridClock(lambda: int(surroundings.clock().timestamp() * 1000)),
        master_keys=surroundings.master_keys,
    )
    rewrapping = Rewrapping(surroundings.database, surroundings.master_keys)
    secrets = SecretsServicer(surroundings.database, surroundings.master_keys)
    return Part(bindings=[WorkspaceServicer(kept).binding(), secrets.binding()], jobs=[rewrapping.run])
