"""Events of programs that do not speak OpenTelemetry.

All of a request are committed, or none. What is wrong with one is told with its place in the request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom_observability.filtering import DURATION_NS_MAX
from timeloom_observability.ids import Names
from timeloom_observability.ingesting import Batch, Ingestor
from timeloom_observability.limits import (
    COST_MAX,
    RECORD_BYTES_MAX,
    TIME_AHEAD_MAX_NS,
    TIME_MIN_NS,
    TOKENS_MAX,
)
from timeloom_observability.model import (
    EPOCH,
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    Severity,
    TokenUsage,
)
from timeloom_observability.prices import PriceTables
from timeloom_observability.pricing.table import PriceTable
from timeloom_observability.semantics.json_text import decoded, is_object, storable
from timeloom_observability.semantics.previews import input_preview, output_preview
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, TooLargeError
from timeloom_platform.times import time_of

_TEXTS: Final = (
    ("name", "name"),
    ("message", "message"),
    ("error_type", "errorType"),
    ("session_id", "sessionId"),
    ("user_id", "userId"),
    ("agent_id", "agentId"),
    ("model", "model"),
    ("provider", "provider"),
    ("tool_name", "toolName"),
    ("service_name", "serviceName"),
)
_COUNTS: Final = (
    ("input_tokens", "inputTokens"),
    ("output_tokens", "outputTokens"),
    ("total_tokens", "totalTokens"),
    ("cache_read_tokens", "cacheReadTokens"),
    ("cache_write_tokens", "cacheWriteTokens"),
    ("reasoning_tokens", "reasoningTokens"),
)
_MICROSECOND: Final = timedelta(microseconds=1)
_CHOSEN: Final = b"chosen"
_CONTENT: Final = b"content"


class Creating:
    """Commits reported events.

    Args:
        ingestor: Commits them.
        prices: What models cost.
        clock: The time.
    """

    def __init__(self, *, ingestor: Ingestor, prices: PriceTables, clock: Callable[[], datetime]) -> None:
        self._ingestor = ingestor
        self._prices = prices
        self._clock = clock

    async def create(self, project_id: UUID, reports: Sequence[messages.NewEvent]) -> list[UUID]:
        """Commits events, and returns their ids.

        Raises:
            InvalidFieldError: A field of one of them makes no sense.
            MalformedJsonError: One of its documents does not parse.
            TooLargeError: Its documents take too much.
            UnavailableError: There is too much to be written already.
        """
        reader = _Reader(
            project_id, await self._prices.of(project_id), (self._clock() - EPOCH) // _MICROSECOND
        )
        events = [reader.event(report, f"events[{index}]") for index, report in enumerate(reports)]
        size = sum(report.ByteSize() for report in reports)
        await self._ingestor.take(project_id, Batch(events=events), size_bytes=size)
        return [event.id for event in events]


class _Reader:
    """Reads the events of one request."""

    def __init__(self, project_id: UUID, prices: PriceTable, now_us: int) -> None:
        self._names = Names(project_id)
        self._prices = prices
        self._now_ns = now_us * 1_000
        self._seen: Counter[bytes] = Counter()

    def event(self, report: messages.NewEvent, path: str) -> Event:
        """Returns an event as it was reported."""
        for name, field in _TEXTS:
            if "\0" in getattr(report, name):
                raise InvalidFieldError.of(f"{path}.{field}", "must not contain the character U+0000")
        _check_trace(report, path)
        start_ns = self._start_ns(report, path)
        usage = _usage_of(report, path)
        fields = {name: getattr(report, name) for name, _ in _TEXTS}
        return Event(
            id=self._id(report, start_ns, path),
            type=EventType.CUSTOM,
            kind=EventKind(report.kind) if report.kind else EventKind.OTHER,
            status=EventStatus(report.status),
            severity=Severity(report.severity),
            trace_id=report.trace_id,
            span_id=report.span_id,
            parent_span_id=report.parent_span_id,
            start_ns=start_ns,
            duration_ns=_duration_ns(report, start_ns, path),
            execution_id=UUID(report.execution_id) if report.execution_id else None,
            tags=tuple(report.tags),
            usage=usage,
            cost=self._cost_of(report, usage, start_ns, path),
            **fields,
            **_documents_of(report, path),
        )

    def _start_ns(self, report: messages.NewEvent, path: str) -> int:
        if not report.HasField("start_time"):
            return self._now_ns
        time = time_of(report.start_time, f"{path}.startTime")
        start_ns = (time - EPOCH) // _MICROSECOND * 1_000
        if not TIME_MIN_NS <= start_ns <= self._now_ns + TIME_AHEAD_MAX_NS:
            raise InvalidFieldError.of(
                f"{path}.startTime", "must not be before the year 2000, nor more than a day from now"
            )
        return start_ns

    def _id(self, report: messages.NewEvent, start_ns: int, path: str) -> UUID:
        """Returns the id, which begins with the start, so that it tells where the event is kept.

        The same reported again has the same one. What is reported twice in one request happened twice.
        """
        if report.event_id:
            if not report.HasField("start_time"):
                raise InvalidFieldError.of(
                    f"{path}.startTime", "must be set beside eventId: a repetition is known by both"
                )
            known = _CHOSEN + UUID(report.event_id).bytes
            if self._seen[known]:
                raise InvalidFieldError.of(f"{path}.eventId", "is that of another event of this request")
        else:
            known = _CONTENT + report.SerializeToString(deterministic=True)
        self._seen[known] += 1
        return self._names.content(start_ns, b"custom", known, self._seen[known].to_bytes(4, "big"))

    def _cost_of(
        self, report: messages.NewEvent, usage: TokenUsage | None, start_ns: int, path: str
    ) -> Cost | None:
        if report.HasField("cost"):
            if not 0 <= report.cost <= COST_MAX:
                raise InvalidFieldError.of(f"{path}.cost", f"must be from 0 to {COST_MAX:,.0f}")
            return Cost(total=report.cost, source=CostSource.REPORTED)
        if usage is None:
            return None
        return self._prices.cost_of(report.provider, report.model, usage, start_ns)


def _check_trace(report: messages.NewEvent, path: str) -> None:
    if report.trace_id and not report.trace_id.strip("0"):
        raise InvalidFieldError.of(f"{path}.traceId", "must not be all zeros")
    for name, field in (("span_id", "spanId"), ("parent_span_id", "parentSpanId")):
        given = getattr(report, name)
        if given and not given.strip("0"):
            raise InvalidFieldError.of(f"{path}.{field}", "must not be all zeros")
        if given and not report.trace_id:
            raise InvalidFieldError.of(f"{path}.traceId", f"must be set beside {field}")
    if any("\0" in tag for tag in report.tags):
        raise InvalidFieldError.of(f"{path}.tags", "must not contain the character U+0000")


def _duration_ns(report: messages.NewEvent, start_ns: int, path: str) -> int:
    if not report.HasField("end_time"):
        return 0
    end = time_of(report.end_time, f"{path}.endTime")
    duration_ns = (end - EPOCH) // _MICROSECOND * 1_000 - start_ns
    if duration_ns < 0:
        raise InvalidFieldError.of(f"{path}.endTime", "must not be before the event's start")
    return min(duration_ns, DURATION_NS_MAX)


def _usage_of(report: messages.NewEvent, path: str) -> TokenUsage | None:
    if not report.HasField("usage"):
        return None
    counts: dict[str, int] = {}
    for name, field in _COUNTS:
        count = getattr(report.usage, name)
        if not (0 <= count <= TOKENS_MAX and count == int(count)):
            raise InvalidFieldError.of(
                f"{path}.usage.{field}", f"must be a whole number from 0 to {TOKENS_MAX:,}"
            )
        counts[name] = int(count)
    counts["total_tokens"] = max(counts["total_tokens"], counts["input_tokens"] + counts["output_tokens"])
    return TokenUsage(**counts)


def _documents_of(report: messages.NewEvent, path: str) -> dict[str, Any]:
    """Returns what was sent with an event, and the beginnings that lists show."""
    size = len(report.input) + len(report.output) + len(report.attributes)
    if size > RECORD_BYTES_MAX:
        raise TooLargeError(f"{path} takes {size} bytes as JSON; at most {RECORD_BYTES_MAX} are taken.")
    documents: dict[str, Any] = {}
    if report.input:
        documents["input_preview"] = input_preview(_value_of(report.input, f"{path}.input"))
        documents["input"] = storable(report.input)
    if report.output:
        documents["output_preview"] = output_preview(_value_of(report.output, f"{path}.output"))
        documents["output"] = storable(report.output)
    if report.attributes:
        if not is_object(_value_of(report.attributes, f"{path}.attributes")):
            raise InvalidFieldError.of(f"{path}.attributes", "must be a JSON object")
        documents["attributes"] = storable(report.attributes)
    return documents


def _value_of(document: bytes, field: str) -> Any:
    try:
        return decoded(document.decode())
    except ValueError as error:
        raise MalformedJsonError(f"{field} is not JSON: {error}.") from None
