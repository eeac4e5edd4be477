"""Log lines of different programs, understood well enough to be shown side by side."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import msgspec


class Level(IntEnum):
    """How important a line is."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line; `time` is None if the program did not say."""

    message: str
    level: Level = Level.INFO
    time: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])


_LEVELS = {
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warning": Level.WARNING,
    "error": Level.ERROR,
    "critical": Level.ERROR,
}
# Shown in columns of their own, or known from the column of the service.
_JSON_COLUMNS = frozenset({"event", "level", "timestamp", "service", "logger"})

_POSTGRES = re.compile(r"(\S+ \S+) UTC \[\d+\] (\w+): +(.*)")
_POSTGRES_LEVELS = {
    "LOG": Level.INFO,
    "INFO": Level.INFO,
    "NOTICE": Level.INFO,
    "DETAIL": Level.INFO,
    "HINT": Level.INFO,
    "STATEMENT": Level.INFO,
    "CONTEXT": Level.INFO,
    "WARNING": Level.WARNING,
    "ERROR": Level.ERROR,
    "FATAL": Level.ERROR,
    "PANIC": Level.ERROR,
}

_NATS = re.compile(r"\[\d+\] (\S+ \S+) \[(\w+)\] (.*)")
_NATS_LEVELS = {
    "TRC": Level.DEBUG,
    "DBG": Level.DEBUG,
    "INF": Level.INFO,
    "WRN": Level.WARNING,
    "ERR": Level.ERROR,
    "FTL": Level.ERROR,
}

# Said in alarm of what is meant to be.
_EXPECTED = frozenset(
    {
        # To services that wait for it.
        "the database system is starting up",
        # We alone can read NATS' configuration, and bcrypt would hold up each connection.
        "Plaintext passwords detected, use nkeys or bcrypt",
    }
)


def parse(service: str, line: str) -> LogLine:
    """Understands a line of the given service; what it does not understand is the message as it stands."""
    return _PARSERS.get(service, _parse_json)(line) or LogLine(message=line)


def _parse_json(line: str) -> LogLine | None:
    try:
        event = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    if "event" not in event:
        return None
    return LogLine(
        message=str(event["event"]),
        level=_LEVELS.get(str(event.get("level")), Level.INFO),
        time=_time(str(event.get("timestamp", ""))),
        fields={name: str(value) for name, value in event.items() if name not in _JSON_COLUMNS},
    )


def _parse_postgres(line: str) -> LogLine | None:
    found = _POSTGRES.fullmatch(line)
    if found is None:
        return None
    time, name, message = found.groups()
    level = Level.INFO if message in _EXPECTED else _POSTGRES_LEVELS.get(name, Level.INFO)
    return LogLine(message=message, level=level, time=_time(time))


def _parse_nats(line: str) -> LogLine | None:
    found = _NATS.fullmatch(line)
    if found is None:
        return None
    time, name, message = found.groups()
    level = Level.INFO if message in _EXPECTED else _NATS_LEVELS.get(name, Level.INFO)
    return LogLine(message=message, level=level, time=_time(time.replace("/", "-")))


def _time(text: str) -> datetime | None:
    """All programs of the stack are told to write UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


_PARSERS: Mapping[str, Callable[[str], LogLine | None]] = {
    "postgres": _parse_postgres,
    "nats": _parse_nats,
}
