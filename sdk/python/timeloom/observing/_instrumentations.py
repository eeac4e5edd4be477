"""The libraries that tell what they do: found by the entry points of OpenTelemetry, and Pydantic AI's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata, util
from typing import Any, Final, Protocol, cast

from opentelemetry import trace
from opentelemetry.metrics import get_meter_provider

from timeloom.errors import ConfigurationError

GROUP: Final = "opentelemetry_instrumentor"
PYDANTIC_AI: Final = "pydantic-ai"
OPENAI: Final = "openai"

_OPENINFERENCE: Final = "openinference-instrumentation-"
_OPENTELEMETRY_GENAI: Final = frozenset(
    {
        "opentelemetry-instrumentation-anthropic",
        "opentelemetry-instrumentation-google-genai",
        "opentelemetry-instrumentation-openai-v2",
        "opentelemetry-instrumentation-vertexai",
    }
)
_CLIENTS: Final = frozenset(
    {"anthropic", "bedrock", "google-genai", "litellm", "mistralai", OPENAI, "vertexai"}
)
"""Clients of models. Agent frameworks call models by them, and tell of these calls themselves."""

_PACKAGES: Final = {
    "anthropic": "openinference-instrumentation-anthropic",
    "langchain": "openinference-instrumentation-langchain",
    "llama-index": "openinference-instrumentation-llama-index",
    OPENAI: "opentelemetry-instrumentation-openai-v2",
    "openai-agents": "openinference-instrumentation-openai-agents",
    PYDANTIC_AI: "pydantic-ai-slim",
}
"""What to install for the ones that are asked for most."""

_OPENAI_CONTENT: Final = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
"""How OpenTelemetry's instrumentations are asked to tell messages, in the form of today's conventions."""

Off = Callable[[], None]


class _Instrumentor(Protocol):
    def instrument(self, **options: Any) -> None: ...

    def uninstrument(self, **options: Any) -> None: ...


def installed() -> Mapping[str, metadata.EntryPoint | None]:
    """Return the installed instrumentations of models and agents by name; Pydantic AI's has no entry."""
    found: dict[str, metadata.EntryPoint | None] = {}
    for entry in metadata.entry_points(group=GROUP):
        distribution = "" if entry.dist is None else entry.dist.name
        if distribution in _OPENTELEMETRY_GENAI:
            found[_normalized(entry.name)] = entry
        elif distribution.startswith(_OPENINFERENCE):
            found.setdefault(_normalized(entry.name), entry)
    if util.find_spec("pydantic_ai") is not None:
        found[PYDANTIC_AI] = None
    return found


def chosen(asked: Iterable[str] | None, there: Mapping[str, Any]) -> Sequence[str]:
    """Return which of those that are there to switch on; those that were asked for, or else what tells most.

    Where a framework tells of its calls of models, the clients that it calls them by would tell of them once
    more, and their tokens would count twice.

    Raises:
        ConfigurationError: One that was asked for is not there.
    """
    if asked is None:
        frameworks = sorted(there.keys() - _CLIENTS)
        return frameworks or sorted(there)
    names = [_normalized(name) for name in asked]
    for name in names:
        if name not in there:
            raise ConfigurationError(_missing(name, there))
    return list(dict.fromkeys(names))


def switched_on(name: str, entry: metadata.EntryPoint | None, *, content: bool) -> Off:
    """Switch an instrumentation on; returns what switches it off.

    Args:
        name: Which.
        entry: Where its class is.
        content: Whether it tells what models were asked and answered.

    Raises:
        ConfigurationError: It does not fit what is installed.
    """
    try:
        if entry is None:
            return _pydantic_ai_on(content=content)
        return _entry_on(entry, content=content)
    except ImportError as error:
        raise ConfigurationError(f"The instrumentation of {name} cannot be loaded: {error}") from error


def _entry_on(entry: metadata.EntryPoint, *, content: bool) -> Off:
    instrumentor = cast("_Instrumentor", entry.load()())
    options: dict[str, Any] = {"tracer_provider": trace.get_tracer_provider()}
    if entry.value.startswith("openinference."):
        from openinference.instrumentation import TraceConfig  # noqa: PLC0415 - it may not be installed

        options["config"] = TraceConfig(hide_inputs=not content, hide_outputs=not content)
    else:
        options["meter_provider"] = get_meter_provider()
        for variable, value in _OPENAI_CONTENT.items() if content else ():
            os.environ.setdefault(variable, value)
    instrumentor.instrument(**options)
    return instrumentor.uninstrument


def _pydantic_ai_on(*, content: bool) -> Off:
    from pydantic_ai import Agent  # noqa: PLC0415 - it may not be installed
    from pydantic_ai.models.instrumented import InstrumentationSettings  # noqa: PLC0415 - as above

    Agent.instrument_all(InstrumentationSettings(include_content=content))
    return lambda: Agent.instrument_all(False)  # noqa: FBT003 - its signature


def _missing(name: str, there: Iterable[str]) -> str:
    package = _PACKAGES.get(name)
    if package is not None:
        return f"The instrumentation of {name} is not installed: pip install {package}"
    known = ", ".join(sorted({*_PACKAGES, *there}))
    return f"There is no instrumentation of {name!r}; there are {known}, and what else OpenInference has"


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-")
