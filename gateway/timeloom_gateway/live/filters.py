"""Which events of telemetry a topic means: `events`, with a filter as REST has it, or as JSON.

`events?kinds=LLM&statuses=ERROR`, the same with `filter.` before each name, and
`events?filter={"kinds":["LLM"],"statuses":["ERROR"]}` follow what `GET /api/observability/events` lists.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from timeloom.observability.v1.event_streams_service_pb2 import TailEventsRequest
from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.transcoding.documents import parsing
from timeloom_gateway.transcoding.query import PARAMETERS_MAX, QueryReader
from timeloom_gateway.transcoding.reading import Readers, Values
from timeloom_gateway.transcoding.violations import Invalid, invalid_field
from timeloom_platform.bus.subjects import TELEMETRY_TOPIC
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.event_filters import require_live
from timeloom_platform.validation import RequestValidator

TOPIC_CHARACTERS_MAX: Final = 8_000

_FILTER: Final = "filter"


class EventTopics:
    """Reads the topics of telemetry."""

    def __init__(self, contracts: Contracts) -> None:
        event_filter = contracts.message_type(EventFilter.DESCRIPTOR.full_name)
        self._query = QueryReader(event_filter, set_elsewhere=[])
        self._document = Readers(contracts.pool).message(event_filter)
        self._check = RequestValidator().compile(TailEventsRequest.DESCRIPTOR)

    def filter_of(self, topic: str) -> EventFilter:
        """Returns the filter of a topic for which `is_telemetry` holds.

        Raises:
            InvalidFieldError: A field of it is wrong, or cannot be followed live.
            MalformedJsonError: Its filter is not JSON.
        """
        name, _, query = topic.partition("?")
        if name != TELEMETRY_TOPIC:
            raise InvalidFieldError.of("topic", f"must be {TELEMETRY_TOPIC}, or {TELEMETRY_TOPIC}?filter=…")
        if len(topic) > TOPIC_CHARACTERS_MAX:
            raise InvalidFieldError.of("topic", f"must have at most {TOPIC_CHARACTERS_MAX} characters")
        try:
            request = TailEventsRequest(**self._read(query))
        except Invalid as error:
            raise invalid_field(error) from None
        self._check(request)
        require_live(request.filter)
        return request.filter

    def _read(self, query: str) -> Values:
        documents, rest = _parted(query)
        values: Values = {}
        try:
            self._query.read(rest, values)
            if len(documents) > 1 or (documents and values):
                raise Invalid.value("must be given once, as a document or by its fields")
            for document in documents:
                with parsing(document):
                    values = self._document.read(document)
        except Invalid as error:
            raise Invalid(*error.below(_FILTER)) from None
        return {_FILTER: values}


def is_telemetry(topic: str) -> bool:
    """Whether a topic is one of telemetry, which has positions of its own."""
    return topic.partition("?")[0].partition("/")[0] == TELEMETRY_TOPIC


def _parted(query: str) -> tuple[list[bytes], str]:
    """Returns the documents of a query, and its fields of a filter as a query of their own."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise Invalid.at("topic", "must be percent-encoded UTF-8 after its question mark") from None
    documents = [value.encode() for name, value in pairs if name == _FILTER]
    fields = [(name.removeprefix(f"{_FILTER}."), value) for name, value in pairs if name != _FILTER]
    return documents, urlencode(fields)
