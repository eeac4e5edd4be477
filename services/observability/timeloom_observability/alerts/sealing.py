"""The secrets of webhooks: sealed when they come, and never shown again."""

from __future__ import annotations

from uuid import UUID

from timeloom_platform.data_keys import data_key
from timeloom_platform.database import Connection
from timeloom_platform.sealing import MasterKeys


async def sealed(
    connection: Connection, project_id: UUID, rule_id: UUID, secret: str, *, master_keys: MasterKeys
) -> bytes:
    """Returns a secret of a rule in a form that only the project's key opens, and only for this rule.

    Raises:
        UnavailableError: The master key of the project's secrets is not among the settings.
    """
    key = await data_key(connection, project_id, master_keys)
    return key.seal(secret.encode(), place=_place(rule_id))


async def opened(
    connection: Connection, project_id: UUID, rule_id: UUID, secret: bytes | None, *, master_keys: MasterKeys
) -> str:
    """Returns a secret in clear, to sign with; an empty text if there is none.

    Raises:
        UnavailableError: The master key of the project's secrets is not among the settings.
        DataLossError: It was changed.
    """
    if secret is None:
        return ""
    key = await data_key(connection, project_id, master_keys)
    return key.open(secret, place=_place(rule_id)).decode()


def _place(rule_id: UUID) -> str:
    return f"alert_rules/{rule_id}"
