"""Expressions: what they answer, what they refuse, and where they say that it is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.state.strategies import values
from timeloom_platform.errors import FieldViolation, InvalidExpressionError
from timeloom_platform.expressions import TEXT_LENGTH_MAX, Expression, MissingValueError, compile_expression

STATE: dict[str, Any] = {
    "count": 3,
    "ratio": 0.5,
    "text": "héllo",
    "plan": None,
    "odd name": 1,
    "messages": [{"role": "user", "tokens": 3}, {"role": "tool", "tokens": 900}],
    "huge": 10**30,
}


def compiled(text: str, **keywords: Any) -> Expression:
    return compile_expression(text, variables=("state", "snapshot"), **keywords)


def value_of(text: str, state: Any = STATE) -> Any:
    return compiled(text).evaluate({"state": state, "snapshot": {"stepName": "plan"}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("state.count == 3", True),
        ("state.count == 3.0", True),
        ("state.count > 2.5", True),
        ("size(state.text)", 5),
        ("state.text.size() == 5", True),
        ("state.messages.exists(m, m.tokens > 800)", True),
        ("state.messages.all(m, m.tokens > 800)", False),
        ("state.messages.filter(m, m.role == 'user').size()", 1),
        ("state.messages.map(m, m.tokens)", [3, 900]),
        ("state['odd name'] == 1", True),
        ('state["count"] + state.count', 6),
        ("has(state.missing)", False),
        ("'count' in state", True),
        ("state.size()", 7),
        ("state.exists(name, name == 'ratio')", True),
        ("state.plan == null", True),
        ("state.text.matches('^h.*o$')", True),
        ("state.missing.deeper > 3 || snapshot.stepName == 'plan'", True),
        ("'state.x' + ''", "state.x"),
        ("state.count // the number\n > 2", True),
        ("state.huge > 1", True),
        ("timestamp('2027-01-01T00:00:00Z').getFullYear()", 2027),
    ],
)
def test_a_value(text: str, value: Any) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("state.count >", 1, 14),
        ("state.count ==\n  nothing", 2, 3),
        ("'a' + 1", 1, 5),
        ("now()", 1, 4),
        ("", 1, 1),
    ],
)
def test_what_does_not_compile_is_refused_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidExpressionError, match=f"line {line}, column {column}: ") as raised:
        compiled(text, field="breakpoints[2].expression")
    assert raised.value.metadata == {"line": str(line), "column": str(column)}
    (violation,) = raised.value.violations
    assert violation.field == "breakpoints[2].expression"


def test_a_condition_that_can_be_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(InvalidExpressionError) as raised:
        compiled("1 + 2", is_condition=True)
    assert raised.value.violations == (
        FieldViolation(field="expression", description="must be true or false"),
    )


@pytest.mark.parametrize(
    "text",
    ["state.missing > 1", "state.messages[7].role == ''", "state.plan.steps > 1", "state.count.x == 1"],
)
def test_a_condition_does_not_hold_where_what_it_names_is_missing(text: str) -> None:
    with pytest.raises(MissingValueError):
        value_of(text)
    assert compiled(text, is_condition=True).holds({"state": STATE, "snapshot": {}}) is False


@pytest.mark.parametrize("text", ["state.text > 1", "1 / 0 > 1", "state.count", "state.text.matches('[')"])
def test_a_condition_without_an_answer_is_an_error(text: str) -> None:
    with pytest.raises(InvalidExpressionError) as raised:
        compiled(text, is_condition=True).holds({"state": STATE, "snapshot": {}})
    assert not isinstance(raised.value, MissingValueError)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000 + "1" + ")" * 2000,
        "[" * 2000 + "]" * 2000,
        "state" + ".a" * 2000,
        "1" + "+1" * 2000,
        "state[" * 600 + "0" + "]" * 600,
        "x" * (TEXT_LENGTH_MAX + 1),
    ],
    ids=["parentheses", "lists", "members", "operators", "indexes", "length"],
)
def test_what_is_too_deep_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidExpressionError):
        compiled(text)


def test_the_steps_of_an_evaluation_are_bounded() -> None:
    nested = "state.all(x, state.all(y, state.all(z, x + y + z >= 0)))"
    with pytest.raises(InvalidExpressionError, match="budget exceeded"):
        value_of(nested, list(range(1000)))


def test_a_regular_expression_takes_linear_time() -> None:
    # One that tries every way would not be done before the sun is.
    assert value_of("state.text.matches('^(a+)+$')", {"text": "a" * 100_000 + "b"}) is False


@settings(max_examples=40)
@given(
    st.sampled_from(
        [
            "state.a == null",
            "has(state.a)",
            "state['a'] == state.b",
            "state.b.size() > 1",
            "state.exists(name, state[name] == null)",
            "size(state) > 1 && state.messages == []",
            "state . a == 1 || state\n.\nb == 2",
            'state["a/b"] == "state.b" || state.0 == 1',
            "'b' in state",
            "state.a.b == state.b.a",
        ]
    ),
    st.dictionaries(st.sampled_from(["a", "b", "a/b", "messages", "0"]), values),
)
def test_what_an_expression_does_not_name_makes_no_difference(text: str, state: dict[str, Any]) -> None:
    """Only the members that are named are passed on; with the whole state the answer is the same."""
    assume("\\u0000" not in json.dumps(state))  # at which the evaluator takes a name to end

    def answer(expression: Expression) -> object:
        try:
            return expression.evaluate({"state": state})
        except InvalidExpressionError as error:
            return type(error), error.message

    try:
        restricted = compile_expression(text, variables=("state",))
    except InvalidExpressionError:
        return
    # A comment makes the compiler's reader give up on telling members apart.
    assert answer(restricted) == answer(compile_expression(text + " //", variables=("state",)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("timestamp('2026-03-01T00:00:00Z')", "2026-03-01T00:00:00Z"),
        ("duration('1h30s')", "3630s"),
        ("duration('1500ms')", "1.5s"),
        ("b'ab'", "YWI="),
        ("{1: [2u, 1.0, null]}", {"1": [2, 1.0, None]}),
        ("{true: 'x'}", {"true": "x"}),
    ],
)
def test_values_are_json(text: str, value: object) -> None:
    assert compile_expression(text, variables=()).value({}) == value


@pytest.mark.parametrize("text", ["0.0 / 0.0", "type(1)"])
def test_what_json_does_not_have_is_no_value(text: str) -> None:
    with pytest.raises(InvalidExpressionError):
        compile_expression(text, variables=()).value({})
