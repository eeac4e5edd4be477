"""From what a search found to the messages of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.answers import write_memory
from timeloom_memory.search.contexts import Context
from timeloom_memory.search.fusion import Signal
from timeloom_memory.search.model import Explanation, Found, Hit
from timeloom_platform.times import write_time


def search_message(found: Found) -> messages.SearchMemoriesResponse:
    """Returns what was found."""
    response = messages.SearchMemoriesResponse()
    _write_found(response, found)
    return response


def searches_message(found: Sequence[Found]) -> messages.BatchSearchMemoriesResponse:
    """Returns what several searches found, in their order."""
    response = messages.BatchSearchMemoriesResponse()
    for each in found:
        _write_found(response.answers.add(), each)
    return response


def context_message(context: Context) -> messages.BuildContextResponse:
    """Returns a context with what it is made of."""
    response = messages.BuildContextResponse(
        text=context.text,
        token_count=context.token_count,
        tokenizer=context.tokenizer,
        sequence=context.sequence,
    )
    for hit in context.hits:
        _write_result(response.results.add(), hit)
    return response


def _write_found(message: messages.SearchMemoriesResponse, found: Found) -> None:
    message.sequence = found.sequence
    for hit in found.hits:
        _write_result(message.results.add(), hit)
    if found.time_range is not None:
        write_time(message.time_range.from_time, found.time_range.start)
        write_time(message.time_range.to_time, found.time_range.end)
        message.time_range.words = found.time_range.words


def _write_result(message: messages.SearchResult, hit: Hit) -> None:
    write_memory(message.memory, hit.memory)
    message.score = hit.score
    if hit.duplicate_ids:
        message.duplicate_ids.extend(map(str, hit.duplicate_ids))
    if hit.explanation is not None:
        _write_signals(message.signals, hit.explanation)


def _write_signals(message: messages.Signals, explanation: Explanation) -> None:
    fused, boosted = explanation.fused, explanation.boosted
    _write_signal(message.semantic, fused.semantic)
    _write_signal(message.keyword, fused.keyword)
    _write_signal(message.context, fused.context_keyword)
    _write_signal(message.context_semantic, fused.context_semantic)
    _write_signal(message.recency, boosted.recency)
    _write_signal(message.importance, boosted.importance)
    _write_signal(message.frequency, boosted.frequency)
    _write_signal(message.time, boosted.time)


def _write_signal(message: messages.Signal, signal: Signal) -> None:
    message.rank = signal.rank
    message.value = signal.value
    message.contribution = signal.contribution
