"""Settings are read at once, whole, and without showing secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from timeloom_platform.settings import (
    ProcessSettings,
    ServiceSettings,
    SettingsError,
    load,
    secret,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    text: str
    number: int = 1
    ratio: float = 0.5
    flag: bool = False
    folder: Path = Path("/tmp")
    maybe: int | None = None
    choice: Literal["a", "b"] = "a"
    other: str = field(default="", metadata={"env": "OTHER_NAME"})
    password: str = secret(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    process: ProcessSettings
    linger_seconds: float = 0.002


def test_takes_the_defaults() -> None:
    assert load(Every, {"TIMELOOM_TEXT": "x"}) == Every(text="x")


def test_reads_every_type() -> None:
    environ = {
        "TIMELOOM_TEXT": "hello",
        "TIMELOOM_NUMBER": "-7",
        "TIMELOOM_RATIO": "1e-3",
        "TIMELOOM_FLAG": "Yes",
        "TIMELOOM_FOLDER": "/var",
        "TIMELOOM_MAYBE": "3",
        "TIMELOOM_CHOICE": "b",
        "OTHER_NAME": "o",
        "TIMELOOM_PASSWORD": "p",
    }

    assert load(Every, environ) == Every(
        text="hello",
        number=-7,
        ratio=0.001,
        flag=True,
        folder=Path("/var"),
        maybe=3,
        choice="b",
        other="o",
        password="p",
    )


def test_takes_an_empty_optional_for_none() -> None:
    assert load(Every, {"TIMELOOM_TEXT": "x", "TIMELOOM_MAYBE": ""}).maybe is None


def test_names_every_problem_at_once() -> None:
    environ = {
        "TIMELOOM_NUMBER": "seven",
        "TIMELOOM_RATIO": "half",
        "TIMELOOM_FLAG": "perhaps",
        "TIMELOOM_CHOICE": "c",
    }

    with pytest.raises(SettingsError) as caught:
        load(Every, environ)

    assert caught.value.problems == (
        "TIMELOOM_TEXT is missing",
        "TIMELOOM_NUMBER must be a whole number",
        "TIMELOOM_RATIO must be a number",
        "TIMELOOM_FLAG must be true or false",
        "TIMELOOM_CHOICE must be one of a, b",
    )


def test_composes_settings_from_parts() -> None:
    loaded = load(Composed, {"TIMELOOM_LOG_LEVEL": "debug", "TIMELOOM_LINGER_SECONDS": "1"})

    assert loaded == Composed(process=ProcessSettings(log_level="debug"), linger_seconds=1.0)


def test_checks_what_a_part_checks_itself() -> None:
    with pytest.raises(SettingsError, match="TIMELOOM_TRACE_SAMPLE_RATIO must lie between 0 and 1"):
        load(Composed, {"TIMELOOM_TRACE_SAMPLE_RATIO": "2"})


def test_reads_a_secret_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")

    assert (
        load(Every, {"TIMELOOM_TEXT": "x", "TIMELOOM_PASSWORD_FILE": str(file)}).password == "from the file"
    )


@pytest.mark.parametrize(
    ("content", "also", "problem"),
    [
        (None, {}, "No such file or directory"),
        ("\n", {}, "is empty"),
        ("x", {"TIMELOOM_PASSWORD": "y"}, "is given twice"),
    ],
)
def test_says_what_is_wrong_with_a_secret(
    tmp_path: Path, content: str | None, also: dict[str, str], problem: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SettingsError, match=problem):
        load(Every, {"TIMELOOM_TEXT": "x", "TIMELOOM_PASSWORD_FILE": str(file), **also})


def test_shows_no_secret() -> None:
    environ = {
        "TIMELOOM_DATABASE_URL": "postgresql://user:hidden@host/db",
        "TIMELOOM_NATS_URL": "nats://user:hidden@host",
        "TIMELOOM_INTERNAL_SECRET": "hidden",
        "TIMELOOM_IDENTITY_ADDRESS": "127.0.0.1:1",
    }

    assert "hidden" not in repr(load(ServiceSettings, environ))


def test_refuses_a_secret_that_would_show() -> None:
    @dataclass(frozen=True)
    class Careless:
        password: str = field(metadata={"secret": True})

    with pytest.raises(TypeError, match=r"declare it with settings.secret\(\)"):
        load(Careless, {"TIMELOOM_PASSWORD": "x"})
