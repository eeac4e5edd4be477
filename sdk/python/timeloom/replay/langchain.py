"""LangChain's chat models and tools on the tape, where they are called: nothing below happens in a replay."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage, convert_to_messages, message_to_dict, messages_from_dict
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.prompt_values import PromptValue
from langchain_core.tools import BaseTool

from timeloom.replay import performing, tape
from timeloom.replay.hooks import LANGCHAIN, Patch, hooked
from timeloom.replay.outcomes import Interruption, Outcome
from timeloom.replay.performing import PlainCodec
from timeloom.resources import EffectKind
from timeloom.state import canonical
from timeloom.state._kinds import kind_of

_MESSAGE: Final = "$message"
_TYPED: Final = "$typed"

# What a conversation means; the rest is bookkeeping that is new each time.
_MEANING: Final = ("content", "name", "tool_calls", "tool_call_id", "status", "additional_kwargs")
_BOOKKEEPING: Final = frozenset({"callbacks", "tags", "metadata", "run_name", "run_id", "config"})


def patches() -> list[Patch]:
    """Return what is replaced in LangChain, and in LangGraph if it is loaded."""
    found = [
        Patch(owner=BaseChatModel, name="generate", replacement=_generate),
        Patch(owner=BaseChatModel, name="agenerate", replacement=_agenerate),
        Patch(owner=BaseChatModel, name="stream", replacement=_stream),
        Patch(owner=BaseChatModel, name="astream", replacement=_astream),
        Patch(owner=BaseTool, name="run", replacement=_run),
        Patch(owner=BaseTool, name="arun", replacement=_arun),
    ]
    graph_messages = sys.modules.get("langgraph.graph.message")
    if graph_messages is not None:
        found.append(Patch(owner=graph_messages, name="uuid", replacement=_Identifiers))
    return found


# -- Models -----------------------------------------------------------------------


def _generate(original: Callable[..., LLMResult]) -> Callable[..., LLMResult]:
    def generate(model: Any, messages: list[list[BaseMessage]], *args: Any, **kwargs: Any) -> LLMResult:
        on = hooked(LANGCHAIN)
        if on is None:
            return original(model, messages, *args, **kwargs)
        action = partial(original, model, messages, *args, **kwargs)
        found: LLMResult = performing.result(on, _asked(model, messages, args, kwargs), action, _RESULTS)
        return found

    return generate


def _agenerate(original: Callable[..., Awaitable[LLMResult]]) -> Callable[..., Awaitable[LLMResult]]:
    async def agenerate(
        model: Any, messages: list[list[BaseMessage]], *args: Any, **kwargs: Any
    ) -> LLMResult:
        on = hooked(LANGCHAIN)
        if on is None:
            return await original(model, messages, *args, **kwargs)
        action = partial(original, model, messages, *args, **kwargs)
        return await performing.awaited(on, _asked(model, messages, args, kwargs), action, _RESULTS)

    return agenerate


def _stream(original: Callable[..., Iterator[BaseMessage]]) -> Callable[..., Iterator[BaseMessage]]:
    def stream(model: Any, input: Any, *args: Any, **kwargs: Any) -> Iterator[BaseMessage]:  # noqa: A002
        on = hooked(LANGCHAIN)
        action = partial(original, model, input, *args, **kwargs)
        if on is None:
            yield from action()
        else:
            question = _asked(model, [_messages(input)], (), kwargs)
            yield from performing.stream(on, question, action, _VALUES)

    return stream


def _astream(
    original: Callable[..., AsyncIterator[BaseMessage]],
) -> Callable[..., AsyncIterator[BaseMessage]]:
    async def astream(model: Any, input: Any, *args: Any, **kwargs: Any) -> AsyncIterator[BaseMessage]:  # noqa: A002
        on = hooked(LANGCHAIN)
        action = partial(original, model, input, *args, **kwargs)
        found = (
            action()
            if on is None
            else performing.awaited_stream(on, _asked(model, [_messages(input)], (), kwargs), action, _VALUES)
        )
        async for chunk in found:
            yield chunk

    return astream


def _asked(
    model: Any, prompts: Sequence[Sequence[BaseMessage]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tape.Question:
    """Return the question to a model: the conversation and the options, such as tools."""
    options = {name: _described(value) for name, value in kwargs.items() if name not in _BOOKKEEPING}
    if args and args[0] is not None:
        options["stop"] = _described(args[0])
    options = {name: value for name, value in options.items() if value is not None}
    name = next(
        (
            value
            for attribute in ("model_name", "model", "model_id", "deployment_name")
            if isinstance(value := getattr(model, attribute, None), str) and value
        ),
        type(model).__name__,
    )
    request = {"prompts": [[_meaning(message) for message in prompt] for prompt in prompts]}
    return tape.question(EffectKind.LLM, name, {**request, "options": options} if options else request)


def _meaning(message: BaseMessage) -> dict[str, Any]:
    found = {name: getattr(message, name, None) for name in _MEANING}
    return {
        "type": message.type,
        **{name: _described(value) for name, value in found.items() if value or name == "content"},
    }


def _messages(prompt: Any) -> list[BaseMessage]:
    if isinstance(prompt, PromptValue):
        return prompt.to_messages()
    return convert_to_messages([prompt] if isinstance(prompt, str | BaseMessage) else prompt)


class _Values(PlainCodec):
    """Messages, JSON, and what LangGraph's serialisation makes of anything else."""

    def encode(self, result: Any) -> Any:
        """Return a value as JSON."""
        try:
            if isinstance(result, BaseMessage):
                return {_MESSAGE: canonical.normalize(message_to_dict(result))}
            if not _is_marked(result):
                found = canonical.normalize(result)
                if kind_of(found) is kind_of(result):
                    return found
        except canonical.CanonicalError:
            pass
        return {_TYPED: _typed(result)}

    def decode(self, value: Any) -> Any:
        """Return a value again."""
        if kind_of(value) is dict and _MESSAGE in value:
            return messages_from_dict([value[_MESSAGE]])[0]
        if kind_of(value) is dict and _TYPED in value:
            return _untyped(value[_TYPED])
        return value

    def failed(self, error: BaseException) -> Outcome | None:
        """Tell an interrupt from an error; what else steers a graph passes by."""
        errors = sys.modules.get("langgraph.errors")
        if errors is not None and isinstance(error, errors.GraphBubbleUp):
            if isinstance(error, errors.GraphInterrupt):
                return Interruption([self.encode(each.value) for each in error.args[0]])
            return None
        return super().failed(error)

    def interrupted(self, outcome: Interruption) -> Any:
        """Interrupt the graph again."""
        from langgraph.types import interrupt  # noqa: PLC0415 - what interrupted has loaded it

        value = self.decode(outcome.values[-1])
        while True:
            # Answers to earlier interrupts of the same task come first, as they came then.
            interrupt(value)


class _Results(_Values):
    """The generations of models."""

    def encode(self, result: LLMResult) -> Any:
        """Return a result as JSON."""
        generations = [
            [
                {
                    "message": super(_Results, self).encode(cast("ChatGeneration", each).message),
                    "info": super(_Results, self).encode(each.generation_info),
                }
                for each in prompt
            ]
            for prompt in result.generations
        ]
        return {"generations": generations, "output": super().encode(result.llm_output)}

    def decode(self, value: Any) -> Any:
        """Return a result again."""
        generations = [
            [
                ChatGeneration(
                    message=super(_Results, self).decode(each["message"]),
                    generation_info=super(_Results, self).decode(each["info"]),
                )
                for each in prompt
            ]
            for prompt in value["generations"]
        ]
        return LLMResult(generations=cast("Any", generations), llm_output=super().decode(value["output"]))


_VALUES: Final = _Values()
_RESULTS: Final = _Results()


# -- Tools ------------------------------------------------------------------------


def _run(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(tool: BaseTool, tool_input: Any, *args: Any, **kwargs: Any) -> Any:
        on = hooked(LANGCHAIN)
        if on is None:
            return original(tool, tool_input, *args, **kwargs)
        action = partial(original, tool, tool_input, *args, **kwargs)
        return performing.result(on, _used(tool, tool_input), action, _VALUES)

    return run


def _arun(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def arun(tool: BaseTool, tool_input: Any, *args: Any, **kwargs: Any) -> Any:
        on = hooked(LANGCHAIN)
        if on is None:
            return await original(tool, tool_input, *args, **kwargs)
        action = partial(original, tool, tool_input, *args, **kwargs)
        return await performing.awaited(on, _used(tool, tool_input), action, _VALUES)

    return arun


def _used(tool: BaseTool, tool_input: Any) -> tape.Question:
    """Return the question to a tool: its arguments, without those that the framework hands in."""
    if kind_of(tool_input) is dict:
        schema: Any = tool.tool_call_schema
        described = schema if kind_of(schema) is dict else schema.model_json_schema()
        wanted = described.get("properties", {})
        tool_input = {name: value for name, value in tool_input.items() if name in wanted}
    return tape.question(EffectKind.TOOL, tool.name, _described(tool_input))


# -- Values -----------------------------------------------------------------------


def _described(value: Any) -> Any:
    """Return a value as JSON for a question; of what JSON cannot say, its class."""
    return canonical.normalize(
        msgspec.to_builtins(value, enc_hook=_described_otherwise, str_keys=True), default=_class_of
    )


def _described_otherwise(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        return _meaning(value)
    if isinstance(value, type):
        schema = getattr(value, "model_json_schema", None)
        return schema() if schema is not None else _class_of(value)
    dump = getattr(value, "model_dump", None)
    return _class_of(value) if dump is None else dump(mode="json")


def _class_of(value: Any) -> Any:
    kind = value if isinstance(value, type) else type(value)
    return {"$class": f"{kind.__module__}:{kind.__qualname__}"}


def _is_marked(value: Any) -> bool:
    return kind_of(value) is dict and (_MESSAGE in value or _TYPED in value)


def _typed(value: Any) -> Any:
    from timeloom.replay import _serde  # noqa: PLC0415 - only where LangGraph is installed

    return _serde.dumps(value)


def _untyped(tree: Any) -> Any:
    from timeloom.replay import _serde  # noqa: PLC0415 - as above

    return _serde.loads(tree)


# -- Identifiers ------------------------------------------------------------------


class _Identifiers:
    """Stands for the module `uuid` where LangGraph gives identifiers to messages that have none."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def uuid4(self) -> Any:
        """Return a random UUID, on the tape if there is one."""
        on = hooked(LANGCHAIN)
        if on is None:
            return self._original.uuid4()
        question = tape.question(EffectKind.ID, "message id", None)
        return performing.result(on, question, lambda: str(self._original.uuid4()), _VALUES)
