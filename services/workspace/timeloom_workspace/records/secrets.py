"""The secrets of environments: sealed when they come, and never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from timeloom_platform.data_keys import data_key
from timeloom_platform.database import Connection
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.sealing import MasterKeys
from timeloom_workspace.records.documents import refuse_nul

SECRETS_MAX: Final = 50
NAME_LENGTH_MAX: Final = 100
SECRET_LENGTH_MAX: Final = 65_536

REMOVE: Final = """
DELETE FROM environment_secrets WHERE project_id = $1 AND environment_id = $2 AND name = ANY ($3)
"""

PUT: Final = """
INSERT INTO environment_secrets (project_id, environment_id, name, sealed)
SELECT $1, $2, new.name, new.sealed FROM unnest($3::text [], $4::bytea []) AS new (name, sealed)
ON CONFLICT (project_id, environment_id, name) DO UPDATE SET sealed = excluded.sealed
"""

SELECT_NAMES: Final = """
SELECT coalesce(array_agg(name ORDER BY name COLLATE "C"), '{}')
FROM environment_secrets
WHERE project_id = $1 AND environment_id = $2
"""

SELECT: Final = """
SELECT sealed FROM environment_secrets WHERE project_id = $1 AND environment_id = $2 AND name = $3
"""


async def put(
    connection: Connection,
    project_id: UUID,
    environment_id: UUID,
    secrets: Mapping[str, str],
    master_keys: MasterKeys,
) -> list[str]:
    """Seals secrets of an environment that is locked, and removes those that are empty.

    Returns:
        The names of all that it has now in their order, which belong into its `secret_names`.

    Raises:
        InvalidFieldError: A name or a secret is not allowed, or they are too many.
        UnavailableError: The master key of the project's secrets is not among the settings.
    """
    for name, value in secrets.items():
        _check(name, value)
    given = {name: value for name, value in secrets.items() if value}
    await connection.execute(REMOVE, project_id, environment_id, [*(secrets.keys() - given.keys())])
    if given:
        key = await data_key(connection, project_id, master_keys)
        sealed = [
            key.seal(value.encode(), place=_place(environment_id, name)) for name, value in given.items()
        ]
        await connection.execute(PUT, project_id, environment_id, [*given], sealed)
    names: list[str] = await connection.fetchval(SELECT_NAMES, project_id, environment_id)
    if len(names) > SECRETS_MAX:
        raise InvalidFieldError.of("secrets", f"would be {len(names)}; at most {SECRETS_MAX} are allowed")
    return names


async def opened(
    connection: Connection, project_id: UUID, environment_id: UUID, name: str, master_keys: MasterKeys
) -> str | None:
    """Returns a secret in clear, for work that needs it; None if there is none. No answer or log ever has it.

    Raises:
        UnavailableError: The master key of the project's secrets is not among the settings.
        DataLossError: It was changed.
    """
    sealed = await connection.fetchval(SELECT, project_id, environment_id, name)
    if sealed is None:
        return None
    key = await data_key(connection, project_id, master_keys)
    return key.open(sealed, place=_place(environment_id, name)).decode()


def _place(environment_id: UUID, name: str) -> str:
    return f"environment_secrets/{environment_id}/{name}"


def _check(name: str, value: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidFieldError.of("secrets", f"must have names of 1 to {NAME_LENGTH_MAX} characters")
    refuse_nul("secrets", name)
    if len(value) > SECRET_LENGTH_MAX:
        raise InvalidFieldError.of(
            f'secrets["{name}"]', f"has {len(value)} characters; at most {SECRET_LENGTH_MAX} are allowed"
        )
