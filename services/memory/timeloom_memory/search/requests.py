"""From the messages of a search to its values."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

import numpy as np
from msgspec.structs import replace

from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom_memory.model import CUSTOM_MODEL
from timeloom_memory.names import checked_id
from timeloom_memory.requests import filter_of, namespaces_of, refuse_nuls, vector_of
from timeloom_memory.search import composition
from timeloom_memory.search.composition import Grouping
from timeloom_memory.search.contexts import Wanted
from timeloom_memory.search.fusion import Ranking
from timeloom_memory.search.grounds import NO_FILTER
from timeloom_memory.search.model import LIMIT_DEFAULT, RESULTS_MAX, SCORE_MIN_DEFAULT, GivenVector, Search
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.times import time_of

_WEIGHTS: Final = ("semantic", "keyword", "context", "recency", "importance", "frequency", "time")


def search_of(request: messages.SearchMemoriesRequest, now: datetime, prefix: str = "") -> Search:
    """Reads what to look for.

    Raises:
        InvalidFieldError: There is neither a query nor a vector, or a field has a value that is not allowed.
        MalformedJsonError: The metadata of the filter do not parse.
    """
    refuse_nuls(prefix, query=request.query, vectorModel=request.vector_model, asAgentId=request.as_agent_id)
    if request.as_agent_id:
        checked_id(request.as_agent_id, f"{prefix}asAgentId")
    query = request.query.strip()
    if not query and not request.vector:
        raise InvalidFieldError.of(f"{prefix}query", "is needed unless there is a vector")
    return Search(
        query=query,
        vector=_vector_of(request, f"{prefix}vector") if request.vector else None,
        namespaces=namespaces_of(request.namespaces, f"{prefix}namespaces"),
        wanted=filter_of(request.filter, f"{prefix}filter.") if request.HasField("filter") else NO_FILTER,
        limit=request.limit or LIMIT_DEFAULT,
        min_sequence=request.min_sequence,
        collapse_duplicates=request.collapse_duplicates,
        ranking=_ranking_of(request.ranking),
        similarity_min=request.similarity_min or None,
        score_min=request.score_min or None,
        is_silent=request.silent,
        reference_time=(
            time_of(request.reference_time, f"{prefix}referenceTime")
            if request.HasField("reference_time")
            else now
        ),
        explain=request.explain,
        as_agent_id=request.as_agent_id,
        field_prefix=prefix,
    )


def searches_of(request: messages.BatchSearchMemoriesRequest, now: datetime) -> list[Search]:
    """Reads what several searches look for.

    Raises:
        InvalidFieldError: As for one search, or they ask for too many memories together.
        MalformedJsonError: As for one search.
    """
    searches = [search_of(one, now, f"searches[{place}].") for place, one in enumerate(request.searches)]
    asked_for = sum(search.limit for search in searches)
    if asked_for > RESULTS_MAX:
        raise InvalidFieldError.of(
            "searches", f"must ask for at most {RESULTS_MAX} memories together, not {asked_for}"
        )
    return searches


def context_of(request: messages.BuildContextRequest, now: datetime) -> Wanted:
    """Reads what a context is to be like.

    Raises:
        InvalidFieldError: A field has a value that is not allowed.
        MalformedJsonError: The metadata of the filter do not parse.
    """
    try:
        grouping = Grouping(request.group_by or Grouping.DATE)
    except ValueError:
        allowed = ", ".join(f"`{one}`" for one in Grouping)
        raise InvalidFieldError.of("groupBy", f"must be one of {allowed}") from None
    search = search_of(request.search, now, prefix="search.")
    if not request.search.HasField("score_min"):
        search = replace(search, score_min=SCORE_MIN_DEFAULT)
    return Wanted(
        search=search,
        limit=request.search.limit or None,
        tokens_max=request.max_tokens or composition.MAX_TOKENS_DEFAULT,
        diversity=request.diversity if request.HasField("diversity") else composition.DIVERSITY_DEFAULT,
        grouping=grouping,
    )


def _vector_of(request: messages.SearchMemoriesRequest, field: str) -> GivenVector:
    given = vector_of(request.vector)
    assert given is not None, "there is one to read"
    values = given.astype(np.float64)
    length = math.sqrt(float(values @ values))
    if not math.isfinite(length) or length == 0.0:
        raise InvalidFieldError.of(field, "must have finite numbers that are not all zero")
    return GivenVector(request.vector_model or CUSTOM_MODEL, (values / length).astype(np.float32))


def _ranking_of(message: messages.Ranking) -> Ranking:
    return Ranking(**{name: getattr(message, name) for name in _WEIGHTS if message.HasField(name)})
