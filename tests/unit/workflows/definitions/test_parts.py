"""Durations, schedules, templates, and schemas of inputs."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.definitions.durations import DurationError, parse_duration
from timeloom_workflows.definitions.expressions import EvaluationError, step_names
from timeloom_workflows.definitions.graph import cycles_of
from timeloom_workflows.definitions.schemas import SchemaProblemError, check_schema, errors_of, validator_of
from timeloom_workflows.definitions.templates import Template, TemplateError
from timeloom_workflows.triggers.cron import Cron, CronError

VARIABLES = ("input", "steps")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2d", timedelta(days=2)),
        ("1.5s", timedelta(seconds=1.5)),
        ("250ms", timedelta(milliseconds=250)),
        ("1d2h3m4s5ms", timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "s", "1", "1m1h", "-5s", "5 s", "1e3s", "\u0661s", "4000d", "999999999d"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(DurationError):
        parse_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 0-23/2 1,15 JAN-MAR MON-FRI",
        "30 0 2 29 2 ?",
        "@daily",
        "0 0 31 1,2 *",
        "5/10 * * * 7",
    ],
)
def test_schedules(text: str) -> None:
    Cron.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "0 0 31 4,6 *",
        "@never",
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(CronError):
        Cron.parse(text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("${ input.n }", 7),
        ("n is ${ input.n }, ${ input.list }", "n is 7, [1,2]"),
        ({"a": ["${ input.n + 1 }", {"b": "${ {'x': input.n} }"}]}, {"a": [8, {"b": {"x": 7}}]}),
        ("${ '}' + \"{\" }", "}{"),
        ("$${ input.n }", "${ input.n }"),
        ('Bearer ${ secret("TOKEN") }', 'Bearer ${ secret("TOKEN") }'),
        (5, 5),
        (None, None),
    ],
)
def test_templates(source: Any, expected: Any) -> None:
    assert Template(source, VARIABLES).render({"input": {"n": 7, "list": [1, 2]}, "steps": {}}) == expected


@pytest.mark.parametrize("source", ["${ input.n", "${}", "a ${ '}' "])
def test_what_is_no_template(source: str) -> None:
    with pytest.raises(TemplateError):
        Template(source, VARIABLES)


def test_data_never_become_expressions() -> None:
    rendered = Template("${ input }", VARIABLES).render({"input": "${ 1 + 1 }", "steps": {}})
    assert rendered == "${ 1 + 1 }"


def test_an_expression_without_a_value_names_itself() -> None:
    with pytest.raises(EvaluationError, match=r"`input\.x\.y`"):
        Template("${ input.x.y }", VARIABLES).render({"input": {}, "steps": {}})


@pytest.mark.parametrize(
    ("text", "ids", "is_whole"),
    [
        ("steps.a.output + steps['b'].output", ["a", "b"], False),
        ("'steps.a' + input.steps.b", [], False),
        ("steps.map(s, s)", ["map"], False),
        ("size(steps)", [], True),
        ("steps[input.name]", [], True),
    ],
)
def test_the_steps_that_an_expression_looks_at(text: str, ids: list[str], *, is_whole: bool) -> None:
    names = step_names(text)
    assert (sorted(names.ids), names.is_whole) == (ids, is_whole)


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_cycles_are_found_where_there_are_any(edges: dict[str, list[str]]) -> None:
    found = cycles_of(edges)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert all(after in edges[before] for before, after in pairwise(cycle))
    rest = {key: set(needs) & edges.keys() for key, needs in edges.items()}
    while free := [key for key, needs in rest.items() if not needs & rest.keys()]:
        for key in free:
            del rest[key]
    assert bool(found) == bool(rest)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#"},
        {"properties": {"x": {"pattern": "(?=a)"}}},
    ],
)
def test_what_is_no_schema_for_inputs(schema: Any) -> None:
    with pytest.raises(SchemaProblemError):
        check_schema(schema)


def test_no_schema_takes_long() -> None:
    """Each of these would take minutes, or for ever, with the usual validator."""
    catastrophic = {"items": {"pattern": "^(a+)+$"}}
    check_schema(catastrophic)
    assert len(list(errors_of(validator_of(catastrophic), ["a" * 5_000 + "b"]))) == 1
    unique = {"uniqueItems": True}
    assert list(errors_of(validator_of(unique), [{"n": n} for n in range(20_000)])) == []
    doubling: dict[str, Any] = {
        "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    }
    doubling["$defs"]["d40"] = True
    with pytest.raises(SchemaProblemError, match="steps"):
        list(errors_of(validator_of({**doubling, "$ref": "#/$defs/d0"}), 1))
