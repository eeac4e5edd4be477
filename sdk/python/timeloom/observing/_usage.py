"""What a span says of the model that it called."""

from __future__ import annotations

from opentelemetry import trace


def tell(
    *,
    model: str,
    provider: str,
    input_tokens: int | None,
    output_tokens: int | None,
    cache_read_tokens: int | None,
    cost: float | None,
) -> None:
    """Set the attributes of OpenTelemetry's conventions on the span that is running."""
    attributes = {
        "gen_ai.response.model": model or None,
        "gen_ai.provider.name": provider or None,
        "gen_ai.usage.input_tokens": input_tokens,
        "gen_ai.usage.output_tokens": output_tokens,
        "gen_ai.usage.cache_read.input_tokens": cache_read_tokens,
        "gen_ai.usage.cost": cost,
    }
    trace.get_current_span().set_attributes(
        {name: value for name, value in attributes.items() if value is not None}
    )
