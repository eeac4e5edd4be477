"""What the service tells of scores. Metadata stays out of events: it is read where it is kept."""

from __future__ import annotations

from typing import Final

from timeloom.events.v1 import events_pb2
from timeloom_observability.model import Score
from timeloom_observability.scores.answers import score_message

TOPIC: Final = "scores"


def score_created(score: Score) -> events_pb2.Event:
    """Tells that a score was given, or is another one now."""
    message = score_message(score)
    message.ClearField("metadata")
    return events_pb2.Event(topic=TOPIC, score_created=events_pb2.ScoreCreated(score=message))
