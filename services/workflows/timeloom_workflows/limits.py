"""The bounds of everything that can grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""An input, output, signal or other JSON document."""

DEFINITION_BYTES_MAX: Final = 1024 * 1024
STEPS_PER_EXECUTION_MAX: Final = 10_000
"""Steps of one execution; a loop that goes on for ever begins another execution."""

STATE_BYTES_MAX: Final = 64 * 1024 * 1024
"""All outputs of an execution's steps together: what a worker is sent."""

SIGNALS_PENDING_MAX: Final = 1_000
"""Signals of an execution that no step has taken yet."""

NESTING_MAX: Final = 32
"""Steps within steps, and executions within executions."""

DEFINITION_NESTING_MAX: Final = 16
"""Steps within steps of a definition."""

STEPS_PER_DEFINITION_MAX: Final = 1_000
STEP_ID_LENGTH_MAX: Final = 500
"""Of a step of an execution, with the places of what it is within."""

PROBLEMS_MAX: Final = 100
"""Of a definition, that it is told at once."""

LOOP_TURNS_MAX: Final = 1_000
ITEMS_PER_FOREACH_MAX: Final = 10_000
BATCH_MAX: Final = 1_000
"""Executions that one call begins."""

EVENT_LIFE: Final = timedelta(days=7)
"""How long events are kept, and a step that begins to wait looks back at most."""

WAIT_SECONDS_MAX: Final = 300
"""How long a call waits for an execution to end."""

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""The documents on one page of a list; a page ends early rather than have more."""

FIRST_STEPS: Final = 1_000
"""The steps that come with an execution; the others are listed."""

WATCHED_ENTRIES: Final = 500
"""The entries of the history that one message to whoever watches an execution stands for."""

CONTROLLED_DEFAULT: Final = 1_000
"""The executions that one call changes if it does not say how many."""

STATS_LINES_MAX: Final = 10_000
"""The workflows, and the steps, that statistics have lines for."""
