"""How far a memory is to be trusted: the mean of a Beta distribution that follows what agents say.

A memory begins with some confidence c, which is 0.5 unless it was made of others. That counts as two voices,
of which 2c confirm: the prior is Beta(2c, 2(1 - c)), and for c = 0.5 the uniform one, as in Laplace's rule of
succession. Each agent adds one voice to either side, so that the order in which they speak does not matter.
"""

from __future__ import annotations

from typing import Final

PRIOR_VOICES: Final = 2.0
"""For how many voices the confidence counts that a memory begins with."""


def posterior(prior: float, *, confirming: int, contradicting: int) -> float:
    """Returns the confidence, from 0 to 1.

    Args:
        prior: The confidence that the memory began with, from 0 to 1.
        confirming: The number of agents that confirm it.
        contradicting: The number of agents that contradict it.
    """
    return (PRIOR_VOICES * prior + confirming) / (PRIOR_VOICES + confirming + contradicting)
