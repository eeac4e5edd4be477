"""From what a search found to the messages of the contract."""

from __future__ import annotations

from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.answers import timestamp, write_memory
from timeloom_memory.search.contexts import Context
from timeloom_memory.search.fusion import Signal
from timeloom_memory.search.model import Found, Hit


def search_message(found: Found, *, explain: bool) -> messages.SearchMemoriesResponse:
    """Returns what was found."""
    response = messages.SearchMemoriesResponse(sequence=found.sequence)
    for hit in found.hits:
        _write_result(response.results.add(), hit, explain=explain)
    if found.time_range is not None:
        response.time_range.from_time.CopyFrom(timestamp(found.time_range.start))
        response.time_range.to_time.CopyFrom(timestamp(found.time_range.end))
        response.time_range.words = found.time_range.words
    return response


def context_message(context: Context, *, explain: bool) -> messages.BuildContextResponse:
    """Returns a context with what it is made of."""
    response = messages.BuildContextResponse(
        text=context.text,
        token_count=context.token_count,
        tokenizer=context.tokenizer,
        sequence=context.sequence,
    )
    for hit in context.hits:
        _write_result(response.results.add(), hit, explain=explain)
    return response


def _write_result(message: messages.SearchResult, hit: Hit, *, explain: bool) -> None:
    write_memory(message.memory, hit.memory)
    message.score = hit.boosted.score
    message.duplicate_ids.extend(map(str, hit.duplicate_ids))
    if explain:
        signals = message.signals
        _write_signal(signals.semantic, hit.fused.semantic)
        _write_signal(signals.keyword, hit.fused.keyword)
        _write_signal(signals.context, hit.fused.context_keyword)
        _write_signal(signals.context_semantic, hit.fused.context_semantic)
        _write_signal(signals.recency, hit.boosted.recency)
        _write_signal(signals.importance, hit.boosted.importance)
        _write_signal(signals.frequency, hit.boosted.frequency)
        _write_signal(signals.time, hit.boosted.time)


def _write_signal(message: messages.Signal, signal: Signal) -> None:
    message.rank = signal.rank
    message.value = signal.value
    message.contribution = signal.contribution
