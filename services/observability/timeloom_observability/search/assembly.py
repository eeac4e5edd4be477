"""Searching put together."""

from __future__ import annotations

from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.search.embedding import Embedder, Embedding
from timeloom_observability.search.indexing import Indexing
from timeloom_observability.search.searching import Searching
from timeloom_observability.search.servicer import EventSearchServicer


def search(surroundings: Surroundings, indexing: Indexing) -> Part:
    """Returns the part that makes events findable, and finds them.

    Args:
        surroundings: What it stands on.
        indexing: Which is a companion of ingesting, too.
    """
    database = surroundings.database
    embedder = Embedder(surroundings.memory)
    return Part(
        bindings=[EventSearchServicer(Searching(database=database, embedder=embedder)).binding()],
        jobs=[indexing.run, Embedding(database=database, embedder=embedder, said=indexing.said).run],
    )
