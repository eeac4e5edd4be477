"""The SecretsService of the contract: secrets of environments, opened for other services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.workspace.v1 import secrets_service_pb2 as messages
from timeloom.workspace.v1 import secrets_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.records.secrets import SecretName, opened

_Context = grpc.aio.ServicerContext[Any, Any]


class SecretsServicer(services.SecretsServiceServicer):
    """Opens; the contract lets services alone in."""

    def __init__(self, database: Database, master_keys: MasterKeys) -> None:
        self._database = database
        self._master_keys = master_keys

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_SecretsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["SecretsService"],
        )

    async def OpenSecrets(
        self, request: messages.OpenSecretsRequest, context: _Context
    ) -> messages.OpenSecretsResponse:
        project_id = _project_id()
        async with self._database.reading(str(project_id)) as connection:
            values = [
                await opened(
                    connection,
                    project_id,
                    SecretName(environment=each.environment, name=each.name),
                    self._master_keys,
                )
                for each in request.names
            ]
        return messages.OpenSecretsResponse(values=values)


def _project_id() -> UUID:
    """Returns whose secrets they are: a service that acts for the installation has none."""
    project_id = current_identity().project_id
    if not project_id:
        raise InvalidFieldError.of("project", "is required: the secrets are those of a project")
    return UUID(project_id)
