"""The JetStream streams: what is told, what telemetry brings, and what nobody could handle."""

import time
from dataclasses import replace

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig

from timeloom_platform.bus.subjects import PREFIX, TELEMETRY_PREFIX

EVENTS = "TIMELOOM"
TELEMETRY = "TIMELOOM_TELEMETRY"
DEAD_LETTERS = "TIMELOOM_DEAD_LETTERS"

REDRIVE_PREFIX = "timeloom_redrive"
DEAD_LETTERS_PREFIX = "timeloom_dead_letters"

DUPLICATE_WINDOW_SECONDS = 120.0
EVENTS_AGE_SECONDS_MAX = 7 * 86_400.0
EVENTS_BYTES_MAX = 1 << 30
TELEMETRY_AGE_SECONDS_MAX = 3_600.0
TELEMETRY_BYTES_MAX = 256 << 20
DEAD_LETTERS_AGE_SECONDS_MAX = 30 * 86_400.0
DEAD_LETTERS_BYTES_MAX = 256 << 20

_COMMON = StreamConfig(
    storage=StorageType.FILE,
    retention=RetentionPolicy.LIMITS,
    discard=DiscardPolicy.OLD,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
    allow_direct=True,
)

STREAMS = (
    replace(
        _COMMON,
        name=EVENTS,
        description="What the services tell one another and live clients",
        # A dead letter that is tried again goes back to its own consumer only.
        subjects=[f"{PREFIX}.>", f"{REDRIVE_PREFIX}.>"],
        max_age=EVENTS_AGE_SECONDS_MAX,
        max_bytes=EVENTS_BYTES_MAX,
    ),
    replace(
        _COMMON,
        name=TELEMETRY,
        description="Events of telemetry, for those who follow them live; PostgreSQL keeps them",
        subjects=[f"{TELEMETRY_PREFIX}.>"],
        max_age=TELEMETRY_AGE_SECONDS_MAX,
        max_bytes=TELEMETRY_BYTES_MAX,
    ),
    replace(
        _COMMON,
        name=DEAD_LETTERS,
        description="Events that a consumer could not handle, with the reason",
        subjects=[f"{DEAD_LETTERS_PREFIX}.>"],
        max_age=DEAD_LETTERS_AGE_SECONDS_MAX,
        max_bytes=DEAD_LETTERS_BYTES_MAX,
    ),
)

_NAME_IN_USE = 10058
_MICROSECONDS = 1_000_000


def stream_of(subject: str) -> str:
    """Returns the stream that keeps the messages of a subject, or of all that a filter selects."""
    return TELEMETRY if subject.startswith(f"{TELEMETRY_PREFIX}.") else EVENTS


async def ensure_streams(js: JetStreamContext, *, replicas: int) -> None:
    """Make the streams that are missing and bring the others' settings up to date; several may do so at once.

    A stream's positions begin with the time of its creation: so one that had to be made again goes on above
    all positions of the lost one, and whoever resumes from an old position is told so.
    """
    for stream in STREAMS:
        config = replace(stream, num_replicas=replicas)
        try:
            await _update(js, config)
        except nats.js.errors.NotFoundError:
            await _create(js, replace(config, first_seq=int(time.time() * _MICROSECONDS)))


async def _update(js: JetStreamContext, config: StreamConfig) -> None:
    await js.update_stream(config)  # pyright: ignore[reportUnknownMemberType] - untyped extras


async def _create(js: JetStreamContext, config: StreamConfig) -> None:
    try:
        await js.add_stream(config)  # pyright: ignore[reportUnknownMemberType] - untyped extras
    except nats.js.errors.BadRequestError as error:
        # Another process made it a moment earlier, with another first position.
        if error.err_code != _NAME_IN_USE:
            raise
