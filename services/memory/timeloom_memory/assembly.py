"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timeloom_memory.embedding.embedders import Embedders
from timeloom_memory.index.indexing import Indexing
from timeloom_memory.memories import Memories
from timeloom_memory.namespaces import Namespaces
from timeloom_memory.policies import Policies, Purge
from timeloom_memory.preparing import Preparation
from timeloom_memory.servicer import MemoryServicer
from timeloom_memory.sharing.evidence import EvidenceBook
from timeloom_memory.sharing.grants import Grants
from timeloom_memory.sharing.subscriptions import Subscriptions
from timeloom_memory.sharing.sync import Synchronisation
from timeloom_memory.sharing.teams import Teams
from timeloom_memory.sharing_servicer import MemorySharingServicer
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


def assembled(
    *,
    database: Database,
    cursors: Cursors,
    clock: Callable[[], datetime],
    embedders: Embedders,
    indexing: Indexing,
) -> Assembly:
    """Puts the service together."""
    preparation = Preparation(database=database, embedders=embedders)
    writer = Writer(database=database, preparation=preparation)
    memories = Memories(database=database, preparation=preparation, cursors=cursors)
    namespaces = Namespaces(database=database, embedders=embedders, cursors=cursors)
    return Assembly(
        purge=Purge(database=database),
        embedders=embedders,
        indexing=indexing,
        bindings=[
            MemoryServicer(writer=writer, memories=memories).binding(),
            MemorySharingServicer(
                namespaces=namespaces,
                grants=Grants(database=database, cursors=cursors, clock=clock),
                teams=Teams(database=database, cursors=cursors),
                subscriptions=Subscriptions(database=database, cursors=cursors),
                synchronisation=Synchronisation(database=database, preparation=preparation),
                evidence=EvidenceBook(database=database, cursors=cursors),
            ).binding(),
            MemoryUpkeepServicer(policies=Policies(database=database)).binding(),
        ],
    )
