"""Logs are events, and hold no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog

from timeloom_platform import calls, log
from timeloom_platform.api_keys import ApiKeyParts
from timeloom_platform.auth import Identity, InternalTokens, Scope

KEY = ApiKeyParts(key_id="abcdefghijklmnop", secret="s3cret-" * 6 + "x")
TOKEN = InternalTokens("s" * 32, clock=lambda: 1_000_000.0).mint(Identity(project_id="p", scope=Scope.ADMIN))


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield io.StringIO()
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def events(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def configure(output: io.StringIO, log_format: Any = "json", level: str = "info", **options: Any) -> Any:
    log.configure(service="snapshots", log_format=log_format, level=level, stream=output, **options)
    return structlog.get_logger("test")


def test_writes_an_event_a_line(output: io.StringIO) -> None:
    configure(output).info("outbox relayed", events=12, project=UUID(int=7), folder=Path("/tmp"), ratio=0.5)

    (event,) = events(output)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "service": "snapshots",
        "level": "info",
        "event": "outbox relayed",
        "events": 12,
        "project": "00000000-0000-0000-0000-000000000007",
        "folder": "/tmp",
        "ratio": 0.5,
    }


def test_leaves_out_what_is_below_the_level(output: io.StringIO) -> None:
    logger = configure(output, level="warning")

    logger.info("quiet")
    logger.warning("loud")

    assert [event["event"] for event in events(output)] == ["loud"]


def test_adds_the_id_of_the_request(output: io.StringIO) -> None:
    logger = configure(output)
    calls.begin_call(request_id="order-1", timeout_seconds=None)
    try:
        logger.info("call failed")
    finally:
        calls.begin_call(request_id="", timeout_seconds=None)

    assert events(output)[0]["request_id"] == "order-1"


def test_takes_in_what_libraries_log(output: io.StringIO) -> None:
    configure(output)

    logging.getLogger("asyncpg").warning("connection of %s lost", "postgresql://ada:secret@host/db")

    (event,) = events(output)
    assert (event["logger"], event["level"], event["event"]) == (
        "asyncpg",
        "warning",
        "connection of postgresql://ada:***@host/db lost",
    )


SECRETS: list[tuple[str, Any]] = [
    ("detail", f"key {KEY} was refused"),
    ("detail", [f"Bearer {KEY}"]),
    ("detail", f"token {TOKEN}"),
    ("detail", f"postgresql://ada:{KEY.secret}@localhost/db"),
    ("detail", ValueError(f"bad {KEY}")),
    ("password", KEY.secret),
    ("internal_secret", KEY.secret),
    ("authorization", KEY.secret),
    ("api_key", KEY.secret),
    ("session_cookie", KEY.secret),
    ("detail", KEY),
    ("detail", {"state": KEY.secret}),
    ("state", KEY.secret.encode()),
]


@pytest.mark.parametrize(("name", "value"), SECRETS, ids=range(len(SECRETS)))
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_masks_secrets_and_payloads(output: io.StringIO, log_format: str, name: str, value: Any) -> None:
    configure(output, log_format).info("event", **{name: value})

    assert KEY.secret not in output.getvalue()
    assert TOKEN not in output.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_masks_secrets_in_tracebacks(output: io.StringIO, log_format: str) -> None:
    logger = configure(output, log_format)
    logger.error("call failed", exc_info=ValueError(f"the key {KEY} failed"))

    assert "ValueError: the key tl_" in output.getvalue()
    assert KEY.secret not in output.getvalue()


def test_keeps_the_public_part_of_a_key(output: io.StringIO) -> None:
    configure(output).info("event", detail=str(KEY))

    assert events(output)[0]["detail"] == f"tl_{KEY.key_id}_***"


def test_cuts_long_texts(output: io.StringIO) -> None:
    configure(output).info("event", detail="x" * 10_000)

    assert events(output)[0]["detail"] == "x" * 2_000 + "… (10000 characters)"


@pytest.mark.parametrize("colors", [True, False])
def test_writes_for_people_with_colours_or_without(output: io.StringIO, *, colors: bool) -> None:
    configure(output, "console", colors=colors).info("serving", address="127.0.0.1:8081")

    assert ("\x1b[" in output.getvalue()) is colors
    assert "serving" in output.getvalue()
    assert "127.0.0.1:8081" in output.getvalue()
