"""From attributes to the fields of an event: one look into the table of rules for each attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from timeloom_observability.model import Cost, CostSource, EventKind, TokenUsage
from timeloom_observability.pricing.table import PriceTable
from timeloom_observability.semantics.flattened import prefixes_in, unflattened
from timeloom_observability.semantics.json_text import document_in
from timeloom_observability.semantics.kinds import kind_of
from timeloom_observability.semantics.previews import input_preview, output_preview
from timeloom_observability.semantics.rules import FLATTENED, RULES, SOURCES, word

_PREFIXES: Final = tuple(FLATTENED)
_INPUT_NAMES: Final = SOURCES["input"][1]
_OUTPUT_NAMES: Final = SOURCES["output"][1]
_RANK_MAX: Final = 1_000

_WORDS: Final = frozenset(
    {"agent_id", "model", "provider", "tool_name", "session_id", "user_id", "error_type", "tags"}
)
_COUNTS: Final = frozenset(TokenUsage.__struct_fields__)
_COUNTED: Final = frozenset({EventKind.LLM, EventKind.EMBEDDING, EventKind.RERANKER})
"""Kinds whose tokens and costs are their own. Others pass on what was counted below them."""

_AGENT_PREFIX: Final = "invoke_agent "
_TOOL_PREFIX: Final = "execute_tool "


def found_in(attributes: dict[str, Any]) -> dict[str, Any]:
    """Returns what attributes tell, by the targets of the rules; of several that tell one thing, the best.

    Of an input or output it returns the names of the attributes that it was made of, too, as `input_names`
    and `output_names`: they need not be kept twice.
    """
    found: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    is_flattened = False
    for name, value in attributes.items():
        rule = RULES.get(name)
        if rule is None:
            is_flattened = is_flattened or name.startswith(_PREFIXES)
            continue
        target, rank, read = rule
        if target not in ranks or rank < ranks[target]:
            told = read(value)
            if told is not None:
                found[target] = told
                ranks[target] = rank
    if "input" in ranks:
        found["input_names"] = (_INPUT_NAMES[ranks["input"]],)
    if "output" in ranks:
        found["output_names"] = (_OUTPUT_NAMES[ranks["output"]],)
    if is_flattened:
        _put_together(attributes, found, ranks)
    return found


def _put_together(attributes: Mapping[str, Any], found: dict[str, Any], ranks: dict[str, int]) -> None:
    """Finds inputs and outputs that were flattened.

    LangChain's instrumentation gives every step the first message of its input, besides all of it as its
    value: messages count where a model was called.
    """
    is_model = found.get("kind") in (None, EventKind.LLM)
    for prefix in prefixes_in(attributes, _PREFIXES):
        target, rank, _ = FLATTENED[prefix]
        if prefix.startswith("llm.") and not is_model:
            rank = _RANK_MAX - 1
        if rank < ranks.get(target, _RANK_MAX):
            value, names = unflattened(attributes, prefix)
            if names:
                found[target], ranks[target] = value, rank
                found[f"{target}_names"] = names


def fields_of_span(
    attributes: dict[str, Any],
    *,
    name: str,
    scope_name: str,
    is_remote: bool,
    start_ns: int,
    prices: PriceTable,
) -> dict[str, Any]:
    """Returns fields of a span's event, and takes the attributes away that its input and output are made of.

    Args:
        attributes: What was sent of the span.
        name: The span's, which often holds that of an agent or a tool.
        scope_name: Who reported it.
        is_remote: Whether what it did happened in another process, so that no other span tells of it.
        start_ns: When it began, for its price.
        prices: What models cost.
    """
    found = found_in(attributes)
    kind = kind_of(found, scope_name=scope_name, span_name=name)
    fields: dict[str, Any] = {target: found[target] for target in _WORDS & found.keys()}
    fields["kind"] = kind
    if kind is EventKind.AGENT and "agent_id" not in fields:
        fields["agent_id"] = _named(name, _AGENT_PREFIX)
    elif kind is EventKind.TOOL and "tool_name" not in fields:
        fields["tool_name"] = _named(name, _TOOL_PREFIX)
    if kind in _COUNTED or (kind is EventKind.AGENT and is_remote):
        fields["usage"] = usage = _usage(found)
        fields["cost"] = _reported_cost(found)
        if fields["cost"] is None and usage is not None:
            provider, model = fields.get("provider", ""), fields.get("model", "")
            fields["cost"] = prices.cost_of(provider, model, usage, start_ns)
    _take_contents(attributes, found, fields)
    return fields


def fields_of_report(attributes: dict[str, Any]) -> dict[str, Any]:
    """Returns fields of the event of a log or moment; what its span counts, it does not count again."""
    found = found_in(attributes)
    fields: dict[str, Any] = {target: found[target] for target in _WORDS & found.keys()}
    _take_contents(attributes, found, fields)
    return fields


def _named(span_name: str, prefix: str) -> str:
    """Returns the name of an agent or a tool that only its span's name tells."""
    return word(span_name.removeprefix(prefix)) or ""


def _usage(found: Mapping[str, Any]) -> TokenUsage | None:
    """Returns how many tokens were counted; None if nobody counted.

    Some do not count cached tokens as input. It shows where there are more cached ones than others.
    """
    if _COUNTS.isdisjoint(found):
        return None
    input_tokens, output_tokens = found.get("input_tokens", 0), found.get("output_tokens", 0)
    cache_read_tokens = found.get("cache_read_tokens", 0)
    cache_write_tokens = found.get("cache_write_tokens", 0)
    if cache_read_tokens + cache_write_tokens > input_tokens:
        input_tokens += cache_read_tokens + cache_write_tokens
    return TokenUsage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        total_tokens=max(found.get("total_tokens", 0), input_tokens + output_tokens),
        cache_read_tokens=cache_read_tokens,
        cache_write_tokens=cache_write_tokens,
        reasoning_tokens=found.get("reasoning_tokens", 0),
    )


def _reported_cost(found: Mapping[str, Any]) -> Cost | None:
    total, parts = found.get("cost"), (found.get("input_cost"), found.get("output_cost"))
    if total is None and None in parts:
        return None
    if total is None:
        total = sum(part for part in parts if part is not None)
    return Cost(total=total, input=parts[0], output=parts[1], source=CostSource.REPORTED)


def _take_contents(attributes: dict[str, Any], found: Mapping[str, Any], fields: dict[str, Any]) -> None:
    """Moves what went in and came out from the attributes to where it is shown."""
    if "input" in found:
        fields["input"], value = document_in(found["input"])
        fields["input_preview"] = input_preview(value)
        for name in found["input_names"]:
            del attributes[name]
    if "output" in found:
        fields["output"], value = document_in(found["output"])
        fields["output_preview"] = output_preview(value)
        for name in found["output_names"]:
            del attributes[name]
