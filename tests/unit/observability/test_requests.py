"""What is wrong with a score or a price is named."""

from __future__ import annotations

from typing import Any

import pytest

from timeloom.observability.v1 import scores_service_pb2 as scores
from timeloom.observability.v1 import telemetry_settings_service_pb2 as settings
from timeloom_observability.keeping.requests import price_of
from timeloom_observability.scores.requests import score_of
from timeloom_platform.errors import InvalidFieldError, MalformedJsonError, TooLargeError

TRACE = "ab" * 16
SPAN = "cd" * 8


def score(*, value: float | None = 1.0, trace_id: str = TRACE, **fields: Any) -> None:
    score_of(scores.CreateScoreRequest(name="truth", value=value, trace_id=trace_id, **fields), now_ns=0)


def price(*, model: str = "gpt-4o", **fields: Any) -> None:
    price_of(settings.CreatePriceRequest(model=model, **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trace_id": ""}, "traceId is required, unless executionId or sessionId is given"),
        (
            {"trace_id": "", "session_id": "talk", "span_id": SPAN},
            "traceId is required with spanId: a span is known within its trace",
        ),
        ({"value": None}, "value is required, unless label is given"),
        ({"value": float("nan")}, "value must be a finite number"),
        ({"source": 3}, "source must be SCORE_SOURCE_HUMAN or SCORE_SOURCE_EVALUATOR"),
        ({"comment": "a\x00b"}, "comment must not contain the character U+0000"),
        ({"metadata": b"[1]"}, "metadata must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_score_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        score(**fields)

    assert raised.value.message == message


def test_metadata_of_a_score_is_json_and_bounded() -> None:
    with pytest.raises(MalformedJsonError) as malformed:
        score(metadata=b'{"a": 1, "a": 2}')
    with pytest.raises(TooLargeError) as too_large:
        score(metadata=b'{"a": "%s"}' % (b"x" * 65_536))

    assert [each.field for each in malformed.value.violations] == ["metadata"]
    assert too_large.value.metadata == {"sizeBytes": "65544", "limitBytes": "65536"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "gpt*4"}, "model may have * at its end only"),
        (
            {"model": " gpt"},
            "model must be a name without characters that cannot be seen and without spaces around it",
        ),
        ({"provider": "open*"}, "provider must be a name without *, or * alone for any"),
        (
            {"input_per_million": float("nan")},
            "inputPerMillion must be an amount from 0 to 1,000,000 US dollars",
        ),
        ({"output_per_million": 1e9}, "outputPerMillion must be an amount from 0 to 1,000,000 US dollars"),
    ],
)
def test_what_is_wrong_with_a_price_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        price(**fields)

    assert raised.value.message == message
