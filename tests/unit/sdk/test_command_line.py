"""What the terminal shows, without a server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from timeloom import cli
from timeloom.cli import comparison, documents, values, wording
from timeloom.cli.parameters import EXECUTION, KIND, STATUS, TIME
from timeloom.cli.timeline import Timeline
from timeloom.resources import (
    Change,
    ChangeKind,
    Diff,
    ExecutionFailure,
    ExecutionStatus,
    Snapshot,
    SnapshotKind,
    SnapshotRef,
)

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXECUTION_ID = "00000000-0000-7000-8000-000000000001"


def snapshot(sequence: int, *, parent: int | None = None, seconds: float = 0.0, **fields: object) -> Snapshot:
    given = {
        "execution_id": EXECUTION_ID,
        "sequence": sequence,
        "parent_sequence": sequence - 1 if parent is None else parent,
        "kind": SnapshotKind.STEP_END,
        "step_name": f"step {sequence}",
        "label": "",
        "tags": (),
        "key": "",
        "metadata": None,
        "state_hash": "",
        "chain_hash": "",
        "state_bytes": 1500,
        "stored_bytes": 120,
        "effect_count": 0,
        "create_time": START + timedelta(seconds=seconds),
    }
    return Snapshot(**{**given, **fields})  # type: ignore[arg-type]


def printed(*renderables: object) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    for renderable in renderables:
        console.print(renderable)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 µs"),
        (0.00034, "340 µs"),
        (0.012, "12 ms"),
        (1.25, "1.2 s"),
        (61.0, "1 min 1 s"),
        (3720.0, "1 h 2 min"),
        (-1.0, "0 µs"),
    ],
)
def test_durations_are_as_precise_as_they_deserve(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "now"), (5, "5 s ago"), (200, "3 min ago"), (7_300, "2 h ago"), (200_000, "2 d ago"), (-3, "now")],
)
def test_moments_are_told_by_their_distance(seconds: float, words: str) -> None:
    assert wording.ago(START, now=START + timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("count", "words"), [(340, "340 B"), (1234, "1.2 KB"), (3_400_000, "3.4 MB")])
def test_sizes_are_short(count: int, words: str) -> None:
    assert wording.size(count) == words


def test_resources_are_printed_as_rest_shows_them() -> None:
    shown = json.loads(documents.compact(snapshot(1, tags=("a", "b"))))
    assert shown["stepName"] == "step 1"
    assert shown["createTime"] == "2026-11-23T12:00:00Z"
    assert shown["tags"] == ["a", "b"]
    assert "state" not in shown
    assert documents.document(ExecutionFailure(type="E")) == {"type": "E", "message": "", "stack": ""}


def test_a_timeline_shows_times_branches_and_the_head() -> None:
    timeline = Timeline(head_sequence=3)
    table = timeline.table(
        [
            snapshot(1),
            snapshot(2, seconds=0.25, label="here"),
            snapshot(3, seconds=1.5, parent=1, tags=("t",)),
        ]
    )
    lines = [" ".join(line.split()) for line in printed(table).splitlines()]
    assert lines == [
        "# step kind after state stored effects",
        "1 step 1 step end 1.5 KB 120 B",
        "2 step 2 here step end +250 ms 1.5 KB 120 B",
        "3 step 3 #t from 1 head step end +1.2 s 1.5 KB 120 B",
    ]


def ref(sequence: int) -> SnapshotRef:
    return SnapshotRef(execution_id=EXECUTION_ID, sequence=sequence)


def diff(*changes: Change, truncated: bool = False) -> Diff:
    return Diff(older=ref(1), newer=ref(2), changes=changes, truncated=truncated)


def shown(found: Diff) -> list[str]:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    comparison.print_diff(console, found)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue().splitlines()


def test_a_diff_looks_like_one() -> None:
    found = diff(
        Change(kind=ChangeKind.CHANGED, path="/status", old_path="/status", old_value="a", new_value="b"),
        Change(kind=ChangeKind.ADDED, path="/list/1", old_path="/list/1", old_value=None, new_value={"n": 1}),
        Change(kind=ChangeKind.REMOVED, path="/x", old_path="/x", old_value=None, new_value=None),
        Change(kind=ChangeKind.CHANGED, path="/list/0", old_path="/list/3", old_value=1, new_value=2),
    )
    assert shown(found) == [
        f"{EXECUTION_ID}  #1 → #2",
        "~ /status",
        '  - "a"',
        '  + "b"',
        "+ /list/1",
        "  + {",
        '  +   "n": 1',
        "  + }",
        "- /x",
        "  - null",
        "~ /list/0  was /list/3",
        "  - 1",
        "  + 2",
        "1 added, 1 removed, 2 changed",
    ]


def test_long_texts_are_compared_line_by_line() -> None:
    old = "\n".join(f"line {number}" for number in range(20))
    new = old.replace("line 10", "line ten")
    change = Change(kind=ChangeKind.CHANGED, path="/text", old_path="/text", old_value=old, new_value=new)
    assert [str(line) for line in comparison.change_lines(change)] == [
        "~ /text",
        "    line 8",
        "    line 9",
        "  - line 10",
        "  + line ten",
        "    line 11",
        "    line 12",
    ]


def test_a_diff_of_equal_states_and_one_that_was_cut_say_so() -> None:
    assert shown(diff())[-1] == "No difference."
    bookkeeping = Change(
        kind=ChangeKind.CHANGED, path="/$timeloom/1", old_path="/$timeloom/1", old_value=1, new_value=2
    )
    assert shown(diff(bookkeeping))[-1] == "No difference."
    change = Change(kind=ChangeKind.CHANGED, path="", old_path="", old_value=1, new_value=2)
    assert shown(diff(change, truncated=True))[1] == "~ (the whole state)"
    assert "--path" in shown(diff(change, truncated=True))[-1]


def test_what_only_programs_need_is_left_out_of_states() -> None:
    state = {
        "$timeloom": ["orders", [["z", "a"]]],
        "messages": [{"$timeloom": ["object", 5, ["m", "AIMessage", "x"]], "content": "hi"}],
        "id": {"$timeloom": ["ext", 0, ["uuid", "UUID", "ab"]]},
        "raw": {"$timeloom": ["bytes", "eA=="]},
    }
    assert values.tidied(state) == {
        "messages": [{"$timeloom": "AIMessage", "content": "hi"}],
        "id": {"$timeloom": "UUID", "value": "ab"},
        "raw": {"$timeloom": ["bytes", "eA=="]},
    }


def test_arguments_are_read_and_refused_with_reasons() -> None:
    assert EXECUTION.convert("last", None, None) == "last"
    assert EXECUTION.convert(EXECUTION_ID.upper(), None, None) == EXECUTION_ID
    assert STATUS.convert("Failed", None, None) is ExecutionStatus.FAILED
    assert KIND.convert("decision-point", None, None) is SnapshotKind.DECISION_POINT
    now = datetime.now(UTC)
    assert abs(now - timedelta(hours=2) - TIME.convert("2h", None, None)) < timedelta(seconds=5)
    assert TIME.convert("2026-11-23T12:00+00:00", None, None) == START
    for kind, text, reason in (
        (EXECUTION, "x", "neither an execution's identifier"),
        (STATUS, "x", "running, succeeded"),
        (TIME, "yesterday", "neither a time"),
    ):
        with pytest.raises(click.BadParameter, match=reason):
            kind.convert(text, None, None)


def test_help_shows_every_command_with_examples() -> None:
    runner = CliRunner()
    help_text = runner.invoke(cli.command_line, ["--help"]).output
    for command in ("executions", "snapshots", "up", "down", "status"):
        assert f"  {command} " in help_text
    for words in ("executions list", "executions show", "snapshots diff", "snapshots show"):
        assert "Examples:" in runner.invoke(cli.command_line, [*words.split(), "--help"]).output


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*path, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)


def test_examples_stand_on_lines_of_their_own() -> None:
    runner = CliRunner()
    with_examples = 0
    for path in _commands(cli.command_line):
        lines = runner.invoke(cli.command_line, [*path, "--help"]).output.splitlines()
        assert not any("\\b" in line for line in lines), path
        for line in lines:
            if "Examples:" in line:
                with_examples += 1
                assert line.strip() == "Examples:", path
    assert with_examples > 40


def test_the_version_is_the_distributions() -> None:
    assert CliRunner().invoke(cli.command_line, ["--version"]).output.startswith("timeloom 0.")
