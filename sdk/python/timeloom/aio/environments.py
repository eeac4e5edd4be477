"""Environments: where agents work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timeloom._calls import Connection
from timeloom._messages import filled, read
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.records import Environment
from timeloom.workspace.v1 import workspace_pb2 as nouns
from timeloom.workspace.v1 import workspace_service_pb2 as pb


class AsyncEnvironments:
    """The project's environments: where agents work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        name: str,
        *,
        description: str = "",
        github_organization: str = "",
        github_repository: str = "",
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        user_id: str = "",
        metadata: Any = None,
        environment_id: str = "",
    ) -> Environment:
        """Create an environment, and return it.

        Args:
            name: Unique in the project.
            description: For people.
            github_organization: Whose the repository is.
            github_repository: Where the code is.
            variables: Settings that are no secrets, by name.
            secrets: Values to seal, by name; they are never returned.
            user_id: Whose it is; the project's if empty.
            metadata: Any JSON object to keep with it.
            environment_id: A UUID of your own.

        Raises:
            InvalidFieldError: A value is not allowed; the violations name it.
            AlreadyExistsError: The name or the identifier is taken.
        """
        request = filled(
            pb.CreateEnvironmentRequest(variables=variables, secrets=secrets),
            name=name,
            description=description,
            github_organization=github_organization,
            github_repository=github_repository,
            user_id=user_id,
            metadata=metadata,
            environment_id=environment_id,
        )
        response = await self._connection.unary(self._connection.workspace.CreateEnvironment, request)
        return read(Environment, response.environment)

    async def get(self, environment_id: str) -> Environment:
        """Return an environment.

        Raises:
            NotFoundError: There is none.
        """
        request = pb.GetEnvironmentRequest(environment_id=environment_id)
        response = await self._connection.unary(self._connection.workspace.GetEnvironment, request)
        return read(Environment, response.environment)

    def list(
        self,
        *,
        name: str = "",
        user_id: str | None = None,
        github_organization: str = "",
        github_repository: str = "",
        query: str = "",
        order_by: str = "",
        limit: int | None = None,
        page_size: int = 50,
    ) -> AsyncPager[Environment]:
        """List environments by their names, unless another order is asked for.

        Args:
            name: Only the one of this name.
            user_id: Only this user's; the project's own if empty, everybody's if None.
            github_organization: Only those of this organization.
            github_repository: Only those of this repository.
            query: Words that occur in the name, description or repository, in any case.
            order_by: `name`, `update_time` or `create_time`, falling if ` desc` follows.
            limit: At most this many; all if None.
            page_size: How many travel together.
        """
        request = filled(
            pb.ListEnvironmentsRequest(),
            name=name,
            user_id=user_id,
            github_organization=github_organization,
            github_repository=github_repository,
            query=query,
            order_by=order_by,
        )
        return listed(
            self._connection,
            lambda: self._connection.workspace.ListEnvironments,
            request,
            kind=Environment,
            field="environments",
            limit=limit,
            page_size=page_size,
        )

    async def update(
        self,
        environment_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        github_organization: str | None = None,
        github_repository: str | None = None,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        user_id: str | None = None,
        metadata: Any = None,
        etag: str = "",
    ) -> Environment:
        """Change an environment, and return it as it is then; what is None stays as it is.

        Args:
            environment_id: The environment.
            name: Unique in the project.
            description: For people.
            github_organization: Whose the repository is.
            github_repository: Where the code is.
            variables: All its variables from now on.
            secrets: Values to seal, by name; an empty one is removed, and others stay.
            user_id: Whose it is; the project's if empty.
            metadata: A JSON merge patch: a member that is null is removed.
            etag: Refuse the change if the environment has another one.

        Raises:
            NotFoundError: There is none.
            EtagMismatchError: Somebody else changed it.
            AlreadyExistsError: The name is taken.
            InvalidFieldError: A value is not allowed; the violations name it.
        """
        request = filled(
            pb.UpdateEnvironmentRequest(environment_id=environment_id, etag=etag, secrets=secrets),
            name=name,
            description=description,
            github_organization=github_organization,
            github_repository=github_repository,
            variables=None if variables is None else nouns.Variables(values=variables),
            user_id=user_id,
            metadata=metadata,
        )
        response = await self._connection.unary(self._connection.workspace.UpdateEnvironment, request)
        return read(Environment, response.environment)

    async def delete(self, environment_id: str, *, etag: str = "") -> None:
        """Delete an environment and its secrets for good; refuse it if it has another etag than this."""
        request = pb.DeleteEnvironmentRequest(environment_id=environment_id, etag=etag)
        await self._connection.unary(self._connection.workspace.DeleteEnvironment, request)
