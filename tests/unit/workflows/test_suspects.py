"""Executions whose worker was lost are given one at a time."""

from __future__ import annotations

from uuid import uuid4

from timeloom_workflows.workers.suspects import Suspects

ONE, TWO, THREE = uuid4(), uuid4(), uuid4()


def test_they_have_their_turns_in_order() -> None:
    suspects, begun = Suspects(), list[int]()
    assert suspects.admit(ONE, lambda: begun.append(1))
    assert not suspects.admit(TWO, lambda: begun.append(2))
    assert not suspects.admit(THREE, lambda: begun.append(3))
    assert begun == []

    suspects.release(ONE)
    assert begun == [2]
    assert suspects.admit(TWO, lambda: begun.append(2))
    suspects.release(TWO)
    suspects.release(THREE)
    assert begun == [2, 3]
    assert suspects.admit(ONE, lambda: begun.append(1))


def test_one_that_leaves_has_no_turn() -> None:
    suspects, begun = Suspects(), list[int]()
    suspects.admit(ONE, lambda: begun.append(1))
    suspects.admit(TWO, lambda: begun.append(2))
    suspects.admit(THREE, lambda: begun.append(3))
    assert suspects.is_waiting(TWO)

    suspects.release(TWO)
    assert not suspects.is_waiting(TWO)
    suspects.release(ONE)
    assert begun == [3]


def test_nobody_has_a_turn_when_the_worker_is_gone() -> None:
    suspects, begun = Suspects(), list[int]()
    suspects.admit(ONE, lambda: begun.append(1))
    suspects.admit(TWO, lambda: begun.append(2))

    suspects.close()
    suspects.release(ONE)
    assert begun == []
    assert suspects.is_waiting(TWO)
