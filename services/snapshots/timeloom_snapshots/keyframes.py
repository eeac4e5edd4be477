"""When a whole state is stored besides its delta.

Reading a state takes its base, which is a keyframe or a delta that sets the root, and every delta since. A
new keyframe is due when these deltas together have grown to a multiple of the base: then keyframes never take
more than that share of the space, and reading costs at most that multiple of reading the base alone.
"""

from __future__ import annotations

from typing import Final

DELTAS_PER_BASE: Final = 2
"""How many times the size of their base the deltas since then may have."""

STEPS_MAX: Final = 256
"""How many deltas a read applies at most."""


def is_due(*, steps: int, delta_bytes: int, base_bytes: int) -> bool:
    """Tells whether a snapshot gets a keyframe.

    Args:
        steps: The deltas since the base, with this snapshot's own.
        delta_bytes: Their size, compressed.
        base_bytes: The size of the base, compressed.
    """
    return steps >= STEPS_MAX or delta_bytes > DELTAS_PER_BASE * base_bytes
