"""From values to messages."""

from __future__ import annotations

from timeloom.observability.v1 import observability_pb2 as nouns
from timeloom_observability.model import Score
from timeloom_platform.times import write_time


def score_message(score: Score) -> nouns.Score:
    """Returns a score as messages have it."""
    message = nouns.Score(
        id=str(score.id),
        name=score.name,
        value=score.value,
        label=score.label,
        comment=score.comment,
        source=nouns.ScoreSource.ValueType(score.source),
        trace_id=score.trace_id,
        span_id=score.span_id,
        execution_id=str(score.execution_id or ""),
        session_id=score.session_id,
        author_id=score.author_id,
        metadata=score.metadata,
    )
    write_time(message.create_time, score.create_time)
    return message
