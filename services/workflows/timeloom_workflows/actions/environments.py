"""Secrets that are sealed in environments of the execution's project, opened by the workspace service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import grpc
import grpc.aio

from timeloom.workspace.v1 import secrets_service_pb2 as messages
from timeloom.workspace.v1 import secrets_service_pb2_grpc as services
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_workflows.actions.call import InvalidActionError
from timeloom_workflows.actions.grpc_errors import error_of
from timeloom_workflows.actions.secrets import SecretName

OPENING_SECONDS: Final = 10.0

SERVICES: Final = (messages.DESCRIPTOR.services_by_name["SecretsService"],)
"""Those that the channel to the workspace service is opened with."""


class EnvironmentSecrets:
    """Opens secrets for as long as a try takes: nothing keeps them."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        self._stub = services.SecretsServiceStub(channel)

    async def opened(self, project_id: UUID, names: Sequence[SecretName]) -> Sequence[str]:
        """Return secrets in the order of their names.

        Raises:
            ActionError: One of them is not there, or the service does not answer.
        """
        request = messages.OpenSecretsRequest(
            names=[messages.SecretName(environment=each.environment, name=each.name) for each in names]
        )
        with acting_as(Identity(project_id=str(project_id), scope=Scope.INTERNAL)):
            try:
                answer = await self._stub.OpenSecrets(request, timeout=OPENING_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    raise InvalidActionError(error.details() or "There is no such secret") from None
                raise error_of(error, asked="Opening secrets of environments") from None
        return list(answer.values)
