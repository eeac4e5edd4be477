"""Summaries and clusters of a corpus, computed as the memory service does it, and printed.

    python examples/memory_themes.py [FILE] [--query TEXT] [--tokens N]

The file has one memory a line: a date, a tab and a text. Without one, it is a diary of a software team's
assistant. No service has to run and no language model is asked; the vectors come from the built-in model.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.settings import EmbeddingSettings
from timeloom_memory.embedding.tokenizer import Tokenizer
from timeloom_memory.upkeep.clusters import ClusterWish, find
from timeloom_memory.upkeep.extraction import Query, Source, summary_of

DIARY = Path(__file__).with_name("memory_diary.txt")
ORIGIN = UUID(int=0)
NAMED = 3


def sources_of(file: Path, vectors: NDArray[np.float32]) -> list[Source]:
    """Reads the corpus."""
    return [
        Source(
            memory_id=UUID(int=place),
            content=text,
            occur_time=datetime.fromisoformat(date).replace(tzinfo=UTC),
            vector=vectors[place],
        )
        for place, (date, text) in enumerate(lines_of(file))
    ]


def lines_of(file: Path) -> list[tuple[str, str]]:
    """Returns dates and texts."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(date, text) for date, _, text in (line.partition("\t") for line in lines) if text]


async def show(file: Path, *, query: str, tokens_max: int) -> None:
    """Prints a summary of the corpus and its clusters."""
    tokenizer = Tokenizer()
    embedders = Embedders.of(EmbeddingSettings(), tokenizer)
    texts = [text for _, text in lines_of(file)]
    try:
        vectors = await embedders.embed(embedders.default_model, texts)
        asked = await embedders.embed(embedders.default_model, [query]) if query else None
    finally:
        await embedders.close()
    summary = summary_of(
        sources_of(file, vectors),
        tokens_max=tokens_max,
        count_tokens=tokenizer.count,
        query=Query(text=query, vector=asked[0]) if asked is not None else None,
    )
    print(f"{len(texts)} memories in {tokenizer.count(summary.text)} tokens:\n\n{summary.text}\n")
    found = find(texts, vectors, ClusterWish(), known=(), origin=ORIGIN)
    print(
        f"{len(found.found)} clusters, silhouette {found.silhouette:.3f} "
        f"(had they been drawn by lot: {found.random_silhouette:.3f})"
    )
    for cluster in found.found:
        print(f"\n{cluster.name}  [{len(cluster.rows)} memories, silhouette {cluster.silhouette:.2f}]")
        for row in cluster.rows[:NAMED]:
            print(f"  {texts[row]}")


def main(arguments: list[str]) -> None:
    """Reads the arguments and prints what they ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("file", nargs="?", type=Path, default=DIARY)
    parser.add_argument("--query", default="", help="what the summary should be about")
    parser.add_argument("--tokens", type=int, default=150, help="how long the summary may be")
    given = parser.parse_args(arguments)
    asyncio.run(show(given.file, query=given.query, tokens_max=given.tokens))


if __name__ == "__main__":
    main(sys.argv[1:])
