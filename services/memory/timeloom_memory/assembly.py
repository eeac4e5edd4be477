"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.embedding.kept import KeptEmbedders
from timeloom_memory.embedding_servicer import EmbeddingServicer
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.jobs.hints import JobHints
from timeloom_memory.jobs.jobs import Jobs
from timeloom_memory.jobs.model import JobKind
from timeloom_memory.jobs.reembedding import Reembedding
from timeloom_memory.jobs.runner import JobRunner
from timeloom_memory.memories import Memories
from timeloom_memory.namespaces import Namespaces
from timeloom_memory.policies import Policies, Purge
from timeloom_memory.preparing import Preparation
from timeloom_memory.search.composition import Tokenizer
from timeloom_memory.search.contexts import Contexts
from timeloom_memory.search.lexical import LexicalIndex
from timeloom_memory.search.searching import Searching
from timeloom_memory.search.settings import SearchSettings
from timeloom_memory.servicer import MemoryServicer
from timeloom_memory.sharing.evidence import EvidenceBook
from timeloom_memory.sharing.grants import Grants
from timeloom_memory.sharing.subscriptions import Subscriptions
from timeloom_memory.sharing.sync import Synchronisation
from timeloom_memory.sharing.teams import Teams
from timeloom_memory.sharing_servicer import MemorySharingServicer
from timeloom_memory.transfer_servicer import MemoryTransferServicer
from timeloom_memory.transfers import MemoryTransfers
from timeloom_memory.upkeep.accesses import Accesses
from timeloom_memory.upkeep.assembly import Upkeep
from timeloom_memory.upkeep.summarizing import LanguageModel
from timeloom_memory.upkeep.tending_jobs import TendingHandler
from timeloom_memory.upkeep_servicer import MemoryUpkeepServicer
from timeloom_memory.writing import Writer
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import ServiceBinding

ROOM: Final = "memory"
PACKAGE: Final = "timeloom_memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service, and those of its parts that somebody has to run or close."""

    bindings: Sequence[ServiceBinding]
    purge: Purge
    embedders: Embedders
    indexing: Indexing
    lexical: LexicalIndex
    accesses: Accesses
    upkeep: Upkeep
    kept_embedders: KeptEmbedders
    job_hints: JobHints
    job_runner: JobRunner

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""
        self.job_hints.close()


def assembled(
    *,
    database: Database,
    cursors: Cursors,
    clock: Callable[[], datetime],
    embedders: Embedders,
    tokenizer: Tokenizer,
    indexing: Indexing,
    search: SearchSettings,
    language_model: LanguageModel | None = None,
) -> Assembly:
    """Puts the service together."""
    kept = KeptEmbedders(database=database, embedders=embedders)
    preparation = Preparation(database=database, embedders=kept)
    writer = Writer(database=database, preparation=preparation)
    memories = Memories(database=database, preparation=preparation, cursors=cursors)
    namespaces = Namespaces(database=database, embedders=embedders, cursors=cursors)
    accesses = Accesses(database=database, clock=clock)
    lexical = LexicalIndex(database, bytes_max=search.lexical_bytes)
    indexing.following.register(lexical)
    searching = Searching(
        database=database,
        following=indexing.following,
        vectors=indexing.vectors,
        lexical=lexical,
        embedders=embedders,
        note=accesses.note,
    )
    contexts = Contexts(database=database, searching=searching, tokenizer=tokenizer, note=accesses.note)
    upkeep = Upkeep.of(
        database=database,
        cursors=cursors,
        clock=clock,
        embedders=embedders,
        tokenizer=tokenizer,
        indexing=indexing,
        preparation=preparation,
        writer=writer,
        memories=memories,
        language_model=language_model,
    )
    hints = JobHints()
    jobs = Jobs(database=database, cursors=cursors, hints=hints)
    policies = Policies(database=database)
    tending = TendingHandler(tending=upkeep.tending, policies=policies)
    reembedding = Reembedding(database=database, embedders=embedders, jobs=jobs)
    return Assembly(
        purge=Purge(database=database),
        embedders=embedders,
        indexing=indexing,
        lexical=lexical,
        accesses=accesses,
        upkeep=upkeep,
        kept_embedders=kept,
        job_hints=hints,
        job_runner=JobRunner(
            database=database,
            handlers={
                JobKind.REEMBED: reembedding,
                JobKind.CLUSTER: tending,
                JobKind.OPTIMIZE: tending,
            },
            hints=hints,
        ),
        bindings=[
            MemoryServicer(
                writer=writer, memories=memories, searching=searching, contexts=contexts, clock=clock
            ).binding(),
            MemorySharingServicer(
                namespaces=namespaces,
                grants=Grants(database=database, cursors=cursors, clock=clock),
                teams=Teams(database=database, cursors=cursors),
                subscriptions=Subscriptions(database=database, cursors=cursors),
                synchronisation=Synchronisation(database=database, preparation=preparation),
                evidence=EvidenceBook(database=database, cursors=cursors),
            ).binding(),
            MemoryUpkeepServicer(
                upkeep=upkeep,
                policies=policies,
                jobs=jobs,
                reembedding=reembedding,
            ).binding(),
            MemoryTransferServicer(MemoryTransfers(database=database)).binding(),
            EmbeddingServicer(embedders).binding(),
        ],
    )
