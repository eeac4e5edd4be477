"""Log lines of all programs: understood, rendered, kept within bounds, read back."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from timeloom_stack.console import Console
from timeloom_stack.directory import DataDirectory
from timeloom_stack.log_files import LogFile
from timeloom_stack.log_lines import Level, LogLine, parse
from timeloom_stack.log_reading import Follower, tail
from timeloom_stack.log_rendering import LogRenderer
from timeloom_stack.logbook import LINE_BYTES_MAX, Logbook

EVENT = (
    '{"event":"Migration applied","level":"info","timestamp":"2026-11-23T03:40:06.650123Z",'
    '"service":"snapshots","room":"snapshots"}'
)


@pytest.mark.parametrize(
    ("service", "raw", "expected"),
    [
        (
            "snapshots",
            EVENT,
            LogLine(
                message="Migration applied",
                time=datetime(2026, 11, 23, 3, 40, 6, 650123, tzinfo=UTC),
                fields={"room": "snapshots"},
            ),
        ),
        (
            "postgres",
            '2026-11-23 03:40:06.650 UTC [8622] FATAL:  role "nobody" does not exist',
            LogLine(
                message='role "nobody" does not exist',
                level=Level.ERROR,
                time=datetime(2026, 11, 23, 3, 40, 6, 650000, tzinfo=UTC),
            ),
        ),
        (
            "postgres",
            "2026-11-23 03:40:06.650 UTC [8622] FATAL:  the database system is starting up",
            LogLine(
                message="the database system is starting up",
                time=datetime(2026, 11, 23, 3, 40, 6, 650000, tzinfo=UTC),
            ),
        ),
        (
            "nats",
            "[8630] 2026/11/23 03:40:06.724431 [WRN] Slow consumer",
            LogLine(
                message="Slow consumer",
                level=Level.WARNING,
                time=datetime(2026, 11, 23, 3, 40, 6, 724431, tzinfo=UTC),
            ),
        ),
        (
            "snapshots",
            "Traceback (most recent call last):",
            LogLine(message="Traceback (most recent call last):"),
        ),
        ("snapshots", "[1, 2]", LogLine(message="[1, 2]")),
        ("gateway", '{"no": "event"}', LogLine(message='{"no": "event"}')),
        ("postgres", "	CREATE TABLE", LogLine(message="	CREATE TABLE")),
    ],
)
def test_each_program_is_understood(service: str, raw: str, expected: LogLine) -> None:
    assert parse(service, raw) == expected


def test_a_line_is_rendered_with_its_fields_and_its_traceback_below() -> None:
    line = LogLine(message="Call failed", level=Level.ERROR, fields={"method": "Get", "exception": "a\nb"})
    assert LogRenderer(colours=False).render("gateway", line).splitlines() == [
        "             gateway    Call failed method=Get",
        "                        a",
        "                        b",
    ]


def test_a_terminal_gets_one_colour_for_each_service() -> None:
    renderer = LogRenderer(colours=True)
    first, second = (renderer.render(name, LogLine(message="x")) for name in ("snapshots", "gateway"))
    assert "\x1b[36msnapshots" in first
    assert "\x1b[32mgateway" in second
    assert renderer.render("snapshots", LogLine(message="x")) == first


def test_a_full_log_file_is_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "a.log", bytes_max=10, kept=2)
    for number in range(1, 5):
        file.write(f"line {number}\n".encode())
    file.close()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "a.log": "line 4\n",
        "a.log.1": "line 3\n",
        "a.log.2": "line 2\n",
    }


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.prepare()
    return directory


def test_the_logbook_puts_lines_together_and_keeps_quiet_programs_off_the_terminal(
    directory: DataDirectory,
) -> None:
    terminal = io.StringIO()
    console = Console(terminal)
    logbook = Logbook(directory, console)
    logbook.write("snapshots", b"half a ")
    logbook.write("snapshots", b"line\nand more")
    logbook.write("postgres", b"2026-11-23 03:40:06.650 UTC [1] LOG:  ready\n")
    logbook.write("postgres", b"2026-11-23 03:40:06.650 UTC [1] PANIC:  help\n")
    logbook.tell("how it was started", level="debug")
    logbook.close()
    console.close()

    assert directory.log_file("snapshots").read_text() == "half a line\n"
    assert len(directory.log_file("postgres").read_text().splitlines()) == 2
    shown = [
        line.split(maxsplit=1)[1] if "help" in line else line.strip()
        for line in terminal.getvalue().splitlines()
    ]
    assert shown == ["snapshots  half a line", "postgres   help"]


def test_a_line_without_end_is_cut(directory: DataDirectory) -> None:
    console = Console(io.StringIO())
    logbook = Logbook(directory, console)
    logbook.write("snapshots", b"x" * (LINE_BYTES_MAX + 1))
    logbook.close()
    console.close()
    assert directory.log_file("snapshots").stat().st_size == LINE_BYTES_MAX + 1


def test_the_supervisors_own_sentences_are_events(directory: DataDirectory) -> None:
    console = Console(io.StringIO())
    logbook = Logbook(directory, console)
    logbook.tell("nats: was ended by SIGKILL")
    logbook.close()
    console.close()
    event = json.loads(directory.log_file("timeloom").read_text())
    assert event["event"] == "nats: was ended by SIGKILL"


def test_a_terminal_that_is_gone_does_not_stop_the_services() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(text)

    console = Console(Gone())
    for _ in range(3):
        console.print("line")
    console.close()


def write_event(file: Path, second: int, message: str) -> None:
    event = {"event": message, "level": "info", "timestamp": f"2026-11-23T03:40:{second:02}.000000Z"}
    with file.open("a") as opened:
        opened.write(json.dumps(event) + "\n")


def test_the_ends_of_several_logs_are_shown_in_the_order_of_time(tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    write_event(one, 1, "a")
    write_event(two, 2, "b")
    with two.open("a") as opened:
        opened.write("its traceback\n")
    write_event(one, 3, "c")
    shown = [(each.service, each.line.message) for each in tail([one, two], lines_max=3)]
    assert shown == [("two", "b"), ("two", "its traceback"), ("one", "c")]
    assert tail([one, two], lines_max=0) == []


def test_following_goes_on_through_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    file = LogFile(path, bytes_max=12, kept=1)
    file.write(b"old\n")
    follower = Follower([path])
    file.write(b"new\n")
    assert [each.raw for each in follower.read_new()] == ["new"]
    file.write(b"after rotation\n")
    assert [each.raw for each in follower.read_new()] == ["after rotation"]
    file.close()
