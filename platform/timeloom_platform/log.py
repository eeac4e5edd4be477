"""Logs as events: a constant message plus fields, as JSON for machines or coloured for people.

    _logger = structlog.get_logger(__name__)
    _logger.info("outbox relayed", events=12)

The id of the current request is added to each event. What looks like a credential is masked wherever it
stands, and a value that is no plain scalar appears as its type only: no payload reaches a log. What
libraries log through the standard library takes the same way.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO, cast
from uuid import UUID

import msgspec
import structlog

from timeloom_platform.calls import current_request_id

TEXT_CHARACTERS_MAX = 2_000
TRACEBACK_CHARACTERS_MAX = 20_000
ITEMS_MAX = 50

_SECRET_NAMES = re.compile(r"secret|passw|authoriz|credential|cookie|token|api_?key$", re.IGNORECASE)
_SECRET_VALUES = (
    # An API key keeps its public part; a token of ours, or any JWT, keeps nothing; a URL loses its password.
    (re.compile(r"(tl_[a-z2-7]{16}_)[A-Za-z0-9_-]{16,}"), r"\1***"),
    (re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"), "***"),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s@/]+@"), r"\1***@"),
)
_TRACEBACKS = frozenset({"exception", "stack"})
_PLAIN = (bool, int, float, type(None))
_AS_TEXT = (UUID, Path, datetime)
_Event = MutableMapping[str, Any]


def configure(
    *,
    service: str,
    log_format: Literal["json", "console"],
    level: str,
    stream: TextIO | None = None,
    colors: bool | None = None,
) -> None:
    """Send the events of this process to the stream, standard output unless another is given.

    Args:
        service: Its name, in each JSON event.
        log_format: One JSON object a line, or text for people.
        level: The least level that is written: debug, info, warning or error.
        stream: Where to write.
        colors: For people only; unless given, as the terminal and NO_COLOR or FORCE_COLOR say.
    """
    target = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    ending: list[structlog.typing.Processor] = [
        _mask,
        *_renderers(service, log_format, target, colors=colors),
    ]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.INFO), force=True)


def _renderers(
    service: str, log_format: Literal["json", "console"], stream: TextIO, *, colors: bool | None
) -> list[structlog.typing.Processor]:
    if log_format == "console":
        wants_colors = _wants_colors(stream) if colors is None else colors
        return [structlog.dev.ConsoleRenderer(colors=wants_colors, pad_event_to=32)]

    def add_service(_logger: Any, _method: str, event: _Event) -> _Event:
        event["service"] = service
        return event

    return [add_service, structlog.processors.JSONRenderer(serializer=_to_json)]


def _wants_colors(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _to_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event).decode()


def _add_request_id(_logger: Any, _method: str, event: _Event) -> _Event:
    request_id = current_request_id()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def _mask(_logger: Any, _method: str, event: _Event) -> _Event:
    for name, value in event.items():
        limit = TRACEBACK_CHARACTERS_MAX if name in _TRACEBACKS else TEXT_CHARACTERS_MAX
        event[name] = "***" if _SECRET_NAMES.search(name) else _plain(value, limit)
    return event


def _plain(value: Any, limit: int = TEXT_CHARACTERS_MAX) -> Any:
    """Return a value that shows no payload and no secret."""
    if isinstance(value, str):
        return mask_text(value, limit)
    if isinstance(value, BaseException):
        return mask_text(f"{type(value).__name__}: {value}", limit)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        items = list(cast("Iterable[object]", value))
        return [_plain(each) for each in items[:ITEMS_MAX]]
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else f"<{type(value).__name__}>"


def mask_text(text: str, limit: int = TEXT_CHARACTERS_MAX) -> str:
    """Return the text without what looks like a credential, and cut where it is longer than a log wants."""
    for pattern, replacement in _SECRET_VALUES:
        text = pattern.sub(replacement, text)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
