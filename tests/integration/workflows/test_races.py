"""Whoever comes first wins, and the other is told."""

from __future__ import annotations

import pytest

from tests.integration.workflows.races import race
from tests.integration.workflows.service import Replica

COUNT = 200


@pytest.mark.parametrize("action", ["pause", "cancel", "fork"])
async def test_an_action_and_a_completion_are_never_both_first(
    workflows_service: Replica, action: str
) -> None:
    winners = await race(workflows_service, action, COUNT)

    assert winners.total() == COUNT
    assert set(winners) == {"action", "completion"}
