"""The limits of the service, each with its name. What the contract bounds already is not repeated here."""

from __future__ import annotations

from typing import Final

NAMESPACE_BYTES_MAX: Final = 500
"""The name of a namespace in UTF-8: with it a subject of NATS is made, whose length is bounded."""

NAMESPACE_DEPTH_MAX: Final = 16
"""The segments of the name of a namespace."""

GRANTS_OF_PRINCIPAL_MAX: Final = 1000
"""The grants that a principal may have. A scope holds all that an agent and its teams have."""

TEAMS_OF_AGENT_MAX: Final = 100
"""The teams that an agent may belong to."""

TEAMS_MAX: Final = 10_000
"""The teams of a project."""

SUBSCRIPTIONS_MAX: Final = 1000
"""The subscriptions of a project: each change looks at all of them."""

EVIDENCE_MAX: Final = 10_000
"""The pieces of evidence about one memory."""

SYNC_MEMORIES_MAX: Final = 10_000
"""The memories on one side of a synchronisation."""

TAG_LENGTH_MAX: Final = 200
"""The characters of one tag."""

DIMENSION_MAX: Final = 16_000
"""What pgvector takes."""

VECTOR_NORM_MIN: Final = 1e-12
"""A vector that is shorter has no direction that its numbers could tell."""

BATCH_MAX: Final = 1000
"""The memories that one change creates."""

NAMED_MEMORIES_MAX: Final = 100
"""The memories that one event names; if there are more, it names none."""

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""The texts on one page of a list; a page ends early rather than have more."""

VECTORS_PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""The vectors on one page of a list; a page ends early rather than have more."""

ATTEMPTS_MAX: Final = 4
"""How often memories are written anew because others took their ids or keys in between."""

STREAM_WAITING_MAX: Final = 4
"""The messages of one stream that are read ahead of their answers."""

METADATA_BYTES_MAX: Final = 64 * 1024
"""The metadata of a memory in canonical form."""

VERSION_MAX: Final = 2**31 - 1
"""The versions of one memory."""

VERSIONS_PAGE_MAX: Final = 100
"""The versions on one page; each holds all that the memory said."""

CONTENT_LENGTH_MAX: Final = 100_000
"""The characters of a content, as the contract has it."""

TAGS_MAX: Final = 1000
"""The tags of a memory, as the contract has it."""
