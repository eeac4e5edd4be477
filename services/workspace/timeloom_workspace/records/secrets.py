"""The secrets of environments: sealed when they come, and never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from timeloom_platform.data_keys import data_key
from timeloom_platform.database import Connection
from timeloom_platform.errors import InvalidFieldError, NotFoundError
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
SELECT environment.id, secret.sealed
FROM environments AS environment
LEFT JOIN environment_secrets AS secret
    ON
        secret.project_id = environment.project_id
        AND secret.environment_id = environment.id
        AND secret.name = $4
WHERE environment.project_id = $1 AND (environment.id = $2 OR environment.name = $3)
ORDER BY environment.id = $2 DESC NULLS LAST
LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretName:
    """Where a secret is; an environment is named by its id, or else by its name."""

    environment: str
    name: str


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
    connection: Connection, project_id: UUID, wanted: SecretName, master_keys: MasterKeys
) -> str:
    """Returns a secret in clear, for work that needs it. No client's answer, no event and no log ever has it.

    Raises:
        NotFoundError: There is no such environment, or it has no such secret.
        UnavailableError: The master key of the project's secrets is not among the settings.
        DataLossError: It was changed.
    """
    for text in (wanted.environment, wanted.name):
        refuse_nul("names", text)
    row = await connection.fetchrow(
        SELECT, project_id, _uuid_of(wanted.environment), wanted.environment, wanted.name
    )
    if row is None:
        raise NotFoundError(
            f"There is no environment {wanted.environment}, and so no secret {wanted.name} of it."
        )
    if row["sealed"] is None:
        raise NotFoundError(f"There is no secret {wanted.name} of the environment {wanted.environment}.")
    key = await data_key(connection, project_id, master_keys)
    return key.open(row["sealed"], place=_place(row["id"], wanted.name)).decode()


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


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
