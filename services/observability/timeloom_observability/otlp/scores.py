"""Evaluations that come with telemetry, as scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from timeloom_observability.limits import MESSAGE_LENGTH_MAX
from timeloom_observability.model import Score
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.semantics.rules import plain, word

_FORMS: Final = {
    "gen_ai.evaluation.name": (
        "gen_ai.evaluation.score.value",
        "gen_ai.evaluation.score.label",
        "gen_ai.evaluation.explanation",
    ),
    "evaluation.name": ("evaluation.score", "evaluation.label", "evaluation.explanation"),
    "annotation.name": ("annotation.score", "annotation.label", "annotation.explanation"),
}
"""By the attribute that names what was judged: those of the value, the label and the reason."""


def scores_in(
    attributes: Mapping[str, Any], receiver: Receiver, *, trace_id: bytes, span_id: bytes, start_ns: int
) -> list[Score]:
    """Returns the scores that attributes tell of a span; one needs a name, and a value or a label."""
    scores: list[Score] = []
    if _FORMS.keys().isdisjoint(attributes):
        return scores
    for form, (value_name, label_name, comment_name) in _FORMS.items():
        if form not in attributes:
            continue
        name = word(attributes[form])
        value = _number(attributes.get(value_name))
        label = word(attributes.get(label_name)) or ""
        comment = attributes.get(comment_name)
        if name and (value is not None or label):
            scores.append(
                Score(
                    id=receiver.names.content(start_ns, b"score", trace_id, span_id, name.encode()),
                    name=name,
                    value=value,
                    label=label,
                    comment=plain(comment[:MESSAGE_LENGTH_MAX]) if isinstance(comment, str) else "",
                    trace_id=trace_id.hex(),
                    span_id=span_id.hex(),
                    session_id=word(attributes.get("gen_ai.conversation.id")) or "",
                    create_ns=start_ns,
                )
            )
    return scores


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
