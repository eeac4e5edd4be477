"""What is bounded, by name."""

from __future__ import annotations

from typing import Final

EXPORT_BYTES_MAX: Final = 64 * 1024 * 1024
"""What all records of a migration may take."""

KEY_LENGTH_MAX: Final = 2_000
STORE_LENGTH_MAX: Final = 500

ITEMS_MAX: Final = 200_000
"""Resources that one export may contain."""

READ_RECORDS_MAX: Final = 2_000
"""Records that are read at once."""

READ_BYTES_MAX: Final = 4 * 1024 * 1024
"""What the values of records that are read at once may take, unless it is one record."""

BATCH_ITEMS_MAX: Final = 500
"""Items that are handled at once."""

BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
"""What the fields of items that are handled at once may take, unless it is one item."""

ADVANCE_SECONDS: Final = 4.0
"""After so long no further batch is begun in one call."""

PROBLEMS_KEPT_MAX: Final = 100
"""Of a verification's problems, so many are told."""

WORKFLOW_TURNS_MAX: Final = 1_000
"""As many as a loop of a workflow has; a migration that needs more gets another execution."""

IDLE_SECONDS: Final = 60.0
"""A migration that has not got on for so long while it should gets another workflow execution."""
