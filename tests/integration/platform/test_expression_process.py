"""Conditions that may take long are asked of another process, whose time is bounded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeloom_platform import expression_process
from timeloom_platform.errors import InvalidExpressionError
from timeloom_platform.expressions import Expression, MissingValueError, compile_expression

LONG = {"list": list(range(9000))}
ENDLESS = "state.list.all(x, state.list == state.list)"


def condition(text: str) -> Expression:
    return compile_expression(text, variables=("state",), is_condition=True)


def test_what_takes_too_long_is_refused_and_the_next_question_is_answered() -> None:
    endless, quick = condition(ENDLESS), condition("state.list.exists(x, x == 7)")
    assert endless.may_take_long
    for _ in range(2):
        with pytest.raises(InvalidExpressionError) as raised:
            endless.holds({"state": LONG})
        assert "takes more than 0.5 seconds" in raised.value.violations[0].description
        assert quick.holds({"state": LONG}) is True


def test_only_comprehensions_take_long() -> None:
    assert not condition("size(state.list) > 3 && state.list[0] == 0").may_take_long


def test_errors_are_the_same_there() -> None:
    with pytest.raises(InvalidExpressionError) as raised:
        condition("state.list.exists(x, x.matches('['))").holds({"state": {"list": ["a"]}})
    assert raised.value.violations[0].description
    assert condition("state.missing.all(x, x > 0)").holds({"state": {}}) is False


@settings(max_examples=50)
@given(st.lists(st.integers() | st.text(max_size=5) | st.none() | st.floats(allow_nan=False), max_size=20))
def test_the_answer_is_the_same_there(values: list[Any]) -> None:
    asked = condition("state.list.exists(x, x == 3 || x == '3')")
    variables = {"state": {"list": values}}
    assert _outcome(asked.holds, variables) == _outcome(asked.holds_here, variables)


def test_threads_take_turns() -> None:
    asked = condition("state.list.exists(x, x == state.wanted)")
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(
            lambda wanted: asked.holds({"state": {"list": [0, 2, 4, 6], "wanted": wanted}}), range(8)
        )
        assert list(found) == [True, False] * 4


def test_a_process_that_was_killed_is_started_again() -> None:
    asked = condition("state.list.exists(x, x == 7)")
    for _ in range(3):
        assert asked.holds({"state": LONG})
        for child in psutil.Process().children():
            if expression_process.__name__ in child.cmdline():
                child.kill()
                child.wait()


def test_what_takes_too_much_memory_is_refused() -> None:
    state = {"text": "x" * 2**24, "list": list(range(300))}
    with pytest.raises(InvalidExpressionError, match="takes more"):
        condition("state.list.map(x, state.text + string(x)).size() == 300").holds({"state": state})


def test_others_go_on_meanwhile() -> None:
    """The evaluator keeps the interpreter's lock: in this process nobody could count beside it."""
    turns = 0
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(_outcome, condition(ENDLESS).holds, {"state": LONG})
        while not asked.done():
            turns += 1
    assert turns > 1000


def _outcome(ask: Any, variables: Any) -> Any:
    try:
        return ask(variables)
    except InvalidExpressionError as error:
        return error.violations[0].description


def test_values_that_may_take_long_come_from_there() -> None:
    asked = compile_expression("state.list.map(x, {x: duration('90s'), 'b': b'ab'})", variables=("state",))
    assert asked.may_take_long
    assert asked.value({"state": {"list": [1, True]}}) == [
        {"1": "90s", "b": "YWI="},
        {"true": "90s", "b": "YWI="},
    ]
    with pytest.raises(MissingValueError):
        compile_expression("state.none.map(x, x)", variables=("state",)).value({"state": {}})
    with pytest.raises(InvalidExpressionError, match="JSON does not have"):
        compile_expression("state.list.map(x, type(x))", variables=("state",)).value({"state": {"list": [1]}})
