"""Sends what a program does to Timeloom, as OpenTelemetry.

    import timeloom

    timeloom.observe()  # sends spans, and switches on the instrumentations that are installed

    @timeloom.observe  # each call of the function is a span
    def answer(question: str) -> str: ...

    with timeloom.observe.session("talk-7", user_id="ann"):
        answer("Why is the sky blue?")

`pip install "timeloom[observe]"` brings what it needs.
"""

from __future__ import annotations

from timeloom.errors import ConfigurationError

try:
    from timeloom.observing._functions import SpanKind
    from timeloom.observing._observation import Observation
    from timeloom.observing._observe import Observe, observe
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("opentelemetry"):
        raise
    raise ConfigurationError(
        'timeloom.observe needs OpenTelemetry, which is not installed: pip install "timeloom[observe]"'
    ) from None

__all__ = ["Observation", "Observe", "SpanKind", "observe"]
