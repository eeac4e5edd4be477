"""What is shown of the events that were found, under the project's own policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from timeloom_observability.filtering import Conditions
from timeloom_observability.search.storage.indexing import DOCUMENTS
from timeloom_observability.search.texts import DOCUMENT_LENGTH_MAX
from timeloom_observability.showing import LISTED
from timeloom_platform.database import Connection

SELECT_SHOWN: Final = f"""
SELECT {LISTED}, {DOCUMENTS}
FROM events
WHERE {{where}} AND events.id = ANY ({{ids}}::uuid [])
"""  # noqa: S608 - constants


async def select_shown(
    connection: Connection, conditions: Conditions, event_ids: Sequence[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Returns those of some events that conditions mean, by their ids."""
    arguments = Conditions(texts=conditions.texts, arguments=[*conditions.arguments])
    statement = SELECT_SHOWN.format(
        where=conditions.where,
        ids=arguments.argument(event_ids),
        length=arguments.argument(DOCUMENT_LENGTH_MAX),
    )
    return {row["id"]: row for row in await connection.fetch(statement, *arguments.arguments)}
