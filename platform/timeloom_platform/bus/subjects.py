"""How topics, which people read, become subjects, which NATS routes by.

The topic `executions/018f…` of a project has the subject `timeloom.<project>.executions.018f…`. Characters
that mean something to NATS are percent-encoded, so that no identifier reaches beyond its own segment.

The topic `events`, by which telemetry is told, has subjects of its own: there is so much of it that it has
a stream of its own, where it pushes out nothing that consumers still have to handle. No pattern includes it
that does not begin with its name.
"""

import itertools
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from timeloom.events.v1 import events_pb2

PREFIX = "timeloom"
TELEMETRY_PREFIX = "timeloom_telemetry"
TELEMETRY_TOPIC = "events"
TOPIC_LENGTH_MAX = 512

ANY_SEGMENT = "*"
ANY_REST = ">"


def subject_of(event: events_pb2.Event) -> str:
    """The subject that an event is published to.

    Raises:
        ValueError: The project or the topic is missing, or the topic has an empty segment or is too long.
    """
    return _join(_encode(event.project_id), [_encode(segment) for segment in _split(event.topic)])


def subject_filter(project_id: str, topic_pattern: str) -> str:
    """The filter for the topics of a pattern, in which `*` is any one segment and a last `>` one or more.

    Args:
        project_id: The project, or `*` for all of them: only for consumers of our own.
        topic_pattern: Such as `executions/>` or `workflows/executions/*`.

    Raises:
        ValueError: The pattern has an empty segment, is too long, or goes on after `>`.
    """
    segments = _split(topic_pattern)
    if ANY_REST in segments[:-1]:
        raise ValueError(f"{ANY_REST} must be the last segment of a topic pattern")
    project = project_id if project_id == ANY_SEGMENT else _encode(project_id)
    wildcards = (ANY_SEGMENT, ANY_REST)
    return _join(project, [segment if segment in wildcards else _encode(segment) for segment in segments])


def matches(subject_filter: str, subject: str) -> bool:
    """Whether a subject, or all that another filter selects, belongs to the filter."""
    wide_tokens, narrow_tokens = subject_filter.split("."), subject.split(".")
    for index, token in enumerate(wide_tokens):
        if token == ANY_REST:
            return len(narrow_tokens) > index
        if index >= len(narrow_tokens) or narrow_tokens[index] == ANY_REST:
            return False
        if token not in (ANY_SEGMENT, narrow_tokens[index]):
            return False
    return len(wide_tokens) == len(narrow_tokens)


def widest(filters: Iterable[str]) -> list[str]:
    """The filters without those that another one covers."""
    distinct = list(dict.fromkeys(filters))
    return [
        narrow
        for narrow in distinct
        if not any(wide != narrow and matches(wide, narrow) for wide in distinct)
    ]


def disjoint(filters: Iterable[str]) -> list[str]:
    """Filters that select at least the same and do not overlap, as NATS wants them.

    Where some overlap without one covering the other, one filter takes the place of all: the reader must look
    again at what it gets.
    """
    wide = widest(filters)
    if not any(_overlap(one, other) for one, other in itertools.combinations(wide, 2)):
        return wide
    columns = zip(*(each.split(".")[:-1] for each in wide), strict=False)
    shared = itertools.takewhile(_is_one_literal, columns)
    return [".".join((*(column[0] for column in shared), ANY_REST))]


def _is_one_literal(column: Sequence[str]) -> bool:
    return len(set(column)) == 1 and column[0] not in (ANY_SEGMENT, ANY_REST)


def _overlap(one: str, other: str) -> bool:
    tokens, other_tokens = one.split("."), other.split(".")
    for token, other_token in zip(tokens, other_tokens, strict=False):
        if ANY_REST in (token, other_token):
            return True
        if ANY_SEGMENT not in (token, other_token) and token != other_token:
            return False
    return len(tokens) == len(other_tokens)


def _split(topic: str) -> list[str]:
    if len(topic) > TOPIC_LENGTH_MAX:
        raise ValueError(f"a topic has at most {TOPIC_LENGTH_MAX} characters")
    return topic.split("/")


def _encode(segment: str) -> str:
    if not segment:
        raise ValueError("a topic and its project have no empty segment")
    return quote(segment, safe="").replace(".", "%2E")


def _join(project: str, segments: Sequence[str]) -> str:
    prefix = TELEMETRY_PREFIX if segments[0] == TELEMETRY_TOPIC else PREFIX
    return ".".join((prefix, project, *segments))
