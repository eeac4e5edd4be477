"""`observe`: one name that begins to send, and that makes a function's calls spans."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar, overload

from timeloom import configuration
from timeloom.observing import _usage
from timeloom.observing._functions import SpanKind, observed
from timeloom.observing._observation import Observation, begin
from timeloom.observing._surroundings import Surroundings, within

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_DECORATING: Final = frozenset({"name", "kind", "capture"})


class Observe:
    """Begins to send what a program does to Timeloom, and marks what of it is a span of its own."""

    @overload
    def __call__(
        self,
        *,
        instrument: Iterable[str] | None = None,
        service_name: str | None = None,
        content: bool = True,
        logs: bool = False,
        metrics: bool = False,
        api_key: str | None = None,
        endpoint: str | None = None,
        url: str | None = None,
    ) -> Observation: ...

    @overload
    def __call__(self, function: FunctionT, /) -> FunctionT: ...

    @overload
    def __call__(
        self, *, name: str, kind: SpanKind = "chain", capture: bool = True
    ) -> Callable[[FunctionT], FunctionT]: ...

    @overload
    def __call__(self, *, kind: SpanKind, capture: bool = True) -> Callable[[FunctionT], FunctionT]: ...

    @overload
    def __call__(self, *, capture: bool) -> Callable[[FunctionT], FunctionT]: ...

    def __call__(self, *functions: Callable[..., Any], **options: Any) -> Any:
        """Begin to send, or make the calls of a function spans.

        `observe()` begins: it adds an exporter to the program's TracerProvider, or makes one, and switches on
        instrumentations. A second `observe()` takes the place of the first.

            timeloom.observe(instrument=["openai"], service_name="desk")

        `@observe`, or `@observe(name=…, kind=…, capture=…)`, makes each call of a function a span with its
        arguments and its result; an exception is told and goes on its way. Coroutines and generators are
        spans until they end. Nothing is sent as long as nothing began to send.

            @timeloom.observe(kind="tool")
            async def look_up(city: str) -> str: ...

        Args:
            functions: The function that is decorated, if there are no parentheses.
            options: Either those of beginning or those of decorating.

        Of beginning:
            instrument: Which libraries to instrument, such as `openai`, `langchain`, `openai-agents` and
                `pydantic-ai`; if None, all agent frameworks whose instrumentation is installed, or `openai`
                if there are none: calls that frameworks tell of would be counted twice. None at all if empty.
            service_name: What the program is called; `OTEL_SERVICE_NAME`, or the program's file, if None.
            content: Whether instrumentations tell what models were asked and answered.
            logs: Send the records of `logging`, too.
            metrics: Send what instrumentations measure, too.
            api_key: The key of the project; found as that of a client if None.
            endpoint: Where Timeloom takes OTLP over gRPC; `TIMELOOM_OTLP_ENDPOINT`, or port 4317 of the host
                of `url`, if None.
            url: The REST front; found as that of a client if None.

        Of decorating:
            name: Of the span; the function's if it is not given.
            kind: Which part of an agent's work it is; `chain` if it is not given.
            capture: Whether arguments and results are told.

        Raises:
            ConfigurationError: There is no API key, or something is not installed; it says what to do.
            TypeError: The options are of no use together, or it is no function that is decorated.
        """
        decorating = _DECORATING & options.keys()
        if not functions and not decorating:
            return _begun(**options)
        if others := options.keys() - _DECORATING:
            raise TypeError(
                f"observe() got {', '.join(sorted(others))}, which is for beginning to send: "
                "call it on a line of its own"
            )
        if functions and options:
            raise TypeError("observe takes a function or options, not both")
        if functions:
            (function,) = functions
            return observed(function)
        return partial(observed, **options)

    @contextmanager
    def session(self, session_id: str, *, user_id: str = "", tags: Iterable[str] = ()) -> Generator[None]:
        """Say which conversation the spans within the block belong to, whoever begins them.

        Args:
            session_id: The conversation.
            user_id: Whom the agents work for.
            tags: Words to find the spans by.
        """
        with within(Surroundings(session_id=session_id, user_id=user_id, tags=tuple(tags))):
            yield

    @contextmanager
    def user(self, user_id: str, *, tags: Iterable[str] = ()) -> Generator[None]:
        """Say whom the spans within the block work for, whoever begins them."""
        with within(Surroundings(user_id=user_id, tags=tuple(tags))):
            yield

    def usage(
        self,
        *,
        model: str = "",
        provider: str = "",
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cost: float | None = None,
    ) -> None:
        """Say what the span that is running used, within a function of the kind `llm` or `embedding`.

        Args:
            model: The model that answered.
            provider: Who serves it, such as `openai`.
            input_tokens: Those that went in, the cached ones among them.
            output_tokens: Those that came out.
            cache_read_tokens: Those of the input that the provider had in its cache.
            cost: In US dollars; Timeloom reckons it from its prices if None.
        """
        _usage.tell(
            model=model,
            provider=provider,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cache_read_tokens,
            cost=cost,
        )


def _begun(
    *,
    instrument: Iterable[str] | None = None,
    service_name: str | None = None,
    content: bool = True,
    logs: bool = False,
    metrics: bool = False,
    api_key: str | None = None,
    endpoint: str | None = None,
    url: str | None = None,
) -> Observation:
    if isinstance(instrument, str):
        raise TypeError(f'instrument is a list of names: instrument=["{instrument}"]')
    settings = configuration.resolve(api_key=api_key, url=url, otlp_endpoint=endpoint)
    return begin(
        settings,
        instrument=None if instrument is None else tuple(instrument),
        service_name=service_name,
        content=content,
        logs=logs,
        metrics=metrics,
    )


observe: Final = Observe()
