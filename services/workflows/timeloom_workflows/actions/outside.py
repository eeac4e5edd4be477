"""All that actions reach the world by, put together; its owner closes it."""

from __future__ import annotations

import time
from collections.abc import Mapping

import grpc.aio

from timeloom_workflows.actions.call import Runner
from timeloom_workflows.actions.environments import EnvironmentSecrets
from timeloom_workflows.actions.grpc import GrpcRunner
from timeloom_workflows.actions.http import HttpRunner
from timeloom_workflows.actions.http_client import HttpClient, private_hosts
from timeloom_workflows.actions.llm import LlmRunner
from timeloom_workflows.actions.memory import MemoryRunner
from timeloom_workflows.actions.migration import MigrationRunner
from timeloom_workflows.actions.running import Actions
from timeloom_workflows.actions.secrets import Secrets
from timeloom_workflows.actions.webhooks import CallbackTokens, WebhookRunner
from timeloom_workflows.settings import ActionSettings
from timeloom_workflows.triggers.signatures import WebhookSecrets

EVERYWHERE = "*"


class Outside:
    """What actions do, and where calls back come to.

    Attributes:
        actions: Does them.
        callbacks: Makes and reads the tokens of calls back.
        webhook_secrets: Makes the secrets of webhooks.
        public_url: Where the installation's REST is reached from outside.
    """

    def __init__(
        self,
        settings: ActionSettings,
        *,
        secret: str,
        environ: Mapping[str, str],
        memory: grpc.aio.Channel | None = None,
        migration: grpc.aio.Channel | None = None,
        workspace: grpc.aio.Channel | None = None,
    ) -> None:
        """Take what it is made of.

        Args:
            settings: What may be reached.
            secret: The installation's: the tokens of calls back are made with it.
            environ: Where secrets are.
            memory: To the memory service, with the tokens that make identities known; None if there is none.
            migration: To the migration service, in the same way.
            workspace: To the workspace service, which opens secrets of environments.
        """
        addresses = private_hosts(settings.private_hosts)
        self._client = HttpClient(addresses)
        # Whoever runs the installation may have the model that its settings name anywhere.
        self._own_client = HttpClient(private_hosts(EVERYWHERE))
        runners: dict[str, Runner] = {
            "http": HttpRunner(self._client),
            "grpc": GrpcRunner(addresses),
            "llm": LlmRunner(defaults=settings.llm, client=self._client, own_client=self._own_client),
            "webhook": WebhookRunner(self._client, clock=time.time),
        }
        if memory is not None:
            runners["memory"] = MemoryRunner(memory)
        if migration is not None:
            runners["migration"] = MigrationRunner(migration)
        environments = None if workspace is None else EnvironmentSecrets(workspace)
        self.actions = Actions(runners, secrets=Secrets(environ, environments=environments))
        self.callbacks = CallbackTokens(secret)
        self.webhook_secrets = WebhookSecrets(secret)
        self.public_url = settings.public_url

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()
        await self._own_client.close()
