"""From requests to values, checked beyond what the contract's rules say."""

from __future__ import annotations

import math
from typing import Final
from uuid import UUID

from timeloom.observability.v1 import scores_service_pb2 as messages
from timeloom.state import canonical
from timeloom_observability.limits import METADATA_BYTES_MAX
from timeloom_observability.model import Score, ScoreSource
from timeloom_observability.scores.storage import Wanted
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, TooLargeError
from timeloom_platform.ids import uuid7

_GIVEN: Final = (ScoreSource.HUMAN, ScoreSource.EVALUATOR)


def score_of(request: messages.CreateScoreRequest, *, now_ns: int) -> Score:
    """Returns the score that a request gives.

    Raises:
        InvalidFieldError: It names nothing that was judged, or says nothing of it, or has what none may have.
        MalformedJsonError: The metadata is no JSON.
        TooLargeError: The metadata is too large.
    """
    _check_texts(request)
    if not (request.trace_id or request.execution_id or request.session_id):
        raise InvalidFieldError.of("traceId", "is required, unless executionId or sessionId is given")
    if request.span_id and not request.trace_id:
        raise InvalidFieldError.of("traceId", "is required with spanId: a span is known within its trace")
    if not (request.HasField("value") or request.label):
        raise InvalidFieldError.of("value", "is required, unless label is given")
    if not math.isfinite(request.value):
        raise InvalidFieldError.of("value", "must be a finite number")
    return Score(
        id=UUID(request.score_id) if request.score_id else uuid7(),
        name=request.name,
        value=request.value if request.HasField("value") else None,
        label=request.label,
        comment=request.comment,
        source=_source_of(request.source),
        trace_id=request.trace_id,
        span_id=request.span_id,
        execution_id=UUID(request.execution_id) if request.execution_id else None,
        session_id=request.session_id,
        author_id=request.author_id,
        metadata=_object_of(request.metadata),
        create_ns=now_ns,
    )


def wanted_of(request: messages.ListScoresRequest) -> Wanted:
    """Returns which scores a request asks for.

    Raises:
        InvalidFieldError: A text has what none may have.
    """
    for field, text in (("name", request.name), ("sessionId", request.session_id)):
        _check_text(field, text)
    return Wanted(
        name=request.name,
        trace_id=request.trace_id,
        execution_id=UUID(request.execution_id) if request.execution_id else None,
        session_id=request.session_id,
        source=ScoreSource(request.source) if request.source else None,
    )


def _source_of(number: int) -> ScoreSource:
    if not number:
        return ScoreSource.HUMAN
    if number not in _GIVEN:
        raise InvalidFieldError.of("source", "must be SCORE_SOURCE_HUMAN or SCORE_SOURCE_EVALUATOR")
    return ScoreSource(number)


def _object_of(data: bytes) -> bytes:
    if not data:
        return b"{}"
    try:
        value = canonical.decode(data)
    except canonical.CanonicalError as error:
        violations = InvalidFieldError.of("metadata", str(error)).violations
        raise MalformedJsonError(f"metadata: {error}", violations=violations) from None
    if not isinstance(value, dict):
        raise InvalidFieldError.of("metadata", "must be a JSON object")
    document = canonical.encode_trusted(value)
    if len(document) > METADATA_BYTES_MAX:
        raise TooLargeError(
            f"The metadata takes {len(document)} bytes; at most {METADATA_BYTES_MAX} are taken.",
            metadata={"sizeBytes": str(len(document)), "limitBytes": str(METADATA_BYTES_MAX)},
        )
    return document


def _check_texts(request: messages.CreateScoreRequest) -> None:
    for field, text in (
        ("name", request.name),
        ("label", request.label),
        ("comment", request.comment),
        ("sessionId", request.session_id),
        ("authorId", request.author_id),
    ):
        _check_text(field, text)


def _check_text(field: str, text: str) -> None:
    if "\x00" in text:
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
