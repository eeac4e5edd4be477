"""`python -m timeloom_platform.identity create-project NAME`: a project where there is no `timeloom` command.

Whoever may read the internal secret may make one, such as a shell in the gateway's container.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc.aio

from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom_platform.auth import INTERNAL_TOKEN_METADATA, Identity, InternalTokens, Scope
from timeloom_platform.channel import open_channel
from timeloom_platform.settings import SettingsError, load, secret

CALL_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the IdentityService is, and what its callers within the installation know."""

    identity_address: str
    internal_secret: str = secret()


async def create_project(settings: Settings, name: str) -> identity_service_pb2.CreateProjectResponse:
    """Makes a project with its first API key."""
    token = InternalTokens(settings.internal_secret).mint(Identity(project_id="", scope=Scope.INTERNAL))
    async with open_channel(settings.identity_address) as channel:
        stub: Any = identity_service_pb2_grpc.IdentityServiceStub(channel)
        created: identity_service_pb2.CreateProjectResponse = await stub.CreateProject(
            identity_service_pb2.CreateProjectRequest(name=name),
            metadata=((INTERNAL_TOKEN_METADATA, token),),
            timeout=CALL_SECONDS_MAX,
        )
    return created


def main(arguments: Sequence[str]) -> int:
    """Does what is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m timeloom_platform.identity")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create-project", help="make a project and its first API key")
    create.add_argument("name", help="of the project")
    name: str = parser.parse_args(arguments).name
    try:
        created = asyncio.run(create_project(load(Settings), name))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except grpc.aio.AioRpcError as error:
        sys.stderr.write(f"{error.details()}\n")
        return 1
    sys.stdout.write(f"project  {created.project.id}\nAPI key  {created.secret}\n")
    sys.stderr.write("Keep the key: it cannot be shown again. Use it as TIMELOOM_API_KEY.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
