"""What bounds synchronisation."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from timeloom_workspace.clocks import DRIFT_MS_MAX

MUTATION_AGE_MAX: Final = timedelta(days=90)
"""An older mutation is among the dead letters: what it would have met may be forgotten."""

MEMORY: Final = MUTATION_AGE_MAX + timedelta(milliseconds=2 * DRIFT_MS_MAX)
"""How long answers and deletions are remembered: as long as a mutation that asks for them is taken."""

CONFLICT_LIFE: Final = timedelta(days=30)
"""How long a conflict is listed after it was decided."""

DECIDED_CONFLICTS_MAX: Final = 10_000
"""How many conflicts of a project are listed that were decided; the oldest are forgotten first."""

OPEN_CONFLICTS_MAX: Final = 10_000
"""While a project has so many conflicts to decide, mutations that would open another are not taken."""

DEAD_LETTERS_MAX: Final = 10_000
"""While a project has so many dead letters, mutations that would become another are not taken."""

AWAITING_MAX: Final = 1_000
"""How many mutations that came before their record are applied with it; others are redriven by hand."""

MUTATIONS_PER_TRANSACTION: Final = 50

ATTEMPTS_MAX: Final = 4
"""How often a transaction is tried that another one got in the way of."""
