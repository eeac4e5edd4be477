"""Whether a definition says how to undo something."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from timeloom_workflows.control.compensations import compensates

UNDO = {"type": "http", "url": "http://hotel"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], False),
        ([{"id": "book", "onError": {"strategy": "compensate"}}], False),
        ([{"id": "book", "compensate": UNDO}], True),
        ([{"id": "both", "branches": [[{"id": "a"}], [{"id": "book", "compensate": UNDO}]]}], True),
        ([{"id": "if", "then": [], "else": [{"id": "book", "compensate": UNDO}]}], True),
    ],
)
def test_compensations_are_found_however_deep(steps: list[dict[str, Any]], expected: bool) -> None:  # noqa: FBT001 - parametrized
    assert compensates(msgspec.json.encode({"id": "trip", "steps": steps})) is expected
