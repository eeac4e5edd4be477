"""Keys that the client and the command make, beside the real IdentityService."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from timeloom import AsyncTimeloom, errors
from timeloom.api_keys import KeyScope
from timeloom.cli import command_line
from timeloom_platform.auth import InternalTokens
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.database import Database
from timeloom_platform.identity import PACKAGE, ROOM
from timeloom_platform.identity.service import Identities
from timeloom_platform.identity.servicer import identity_binding
from timeloom_platform.identity.usage import UsageRecorder
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import GrpcServer


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project: its administrator's key, a client with it, and who else knows keys."""

    secret: str
    address: str
    client: AsyncTimeloom
    keys: CallAuthenticator

    async def command(self, *arguments: str) -> Result:
        """Runs the command with the administrator's key."""
        options = ["--api-key", self.secret, "--grpc-address", self.address]
        return await asyncio.to_thread(CliRunner().invoke, command_line, [*options, *arguments])


@pytest.fixture
def rooms() -> dict[str, str]:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def project(database_url: str) -> AsyncIterator[Project]:
    secret = secrets.token_hex(32)
    database = await Database.connect(database_url, room=ROOM, pool_size=4)
    identities = Identities(database=database, cursors=Cursors(secret), usage=UsageRecorder(database))
    keys = CallAuthenticator(tokens=InternalTokens(secret), keys=identities)
    identities.on_change(keys.forget)
    server = GrpcServer(listen="127.0.0.1:0", authenticator=keys, services=[identity_binding(identities)])
    address = await server.start()
    _, first = await identities.create_project("one")
    async with AsyncTimeloom(api_key=first.secret, grpc_address=address) as client:
        yield Project(secret=first.secret, address=address, client=client, keys=keys)
    await server.stop(grace_seconds=0, notice_seconds=0)
    await database.close()


async def test_a_key_is_made_for_an_agent(project: Project) -> None:
    new = await project.client.api_keys.create("ada's", scope=KeyScope.READ, agent_id="ada")
    assert (new.api_key.name, new.api_key.scope, new.api_key.agent_id) == ("ada's", KeyScope.READ, "ada")
    assert (await project.keys.authenticate_api_key(new.secret)).agent_id == "ada"
    assert new.secret not in repr(new)


async def test_keys_are_listed_newest_first_and_revoked(project: Project) -> None:
    new = await project.client.api_keys.create("ci")
    assert [each.name async for each in project.client.api_keys.list()] == ["ci", "default"]
    assert (await project.client.api_keys.revoke(new.api_key.id)).revoke_time is not None
    async with AsyncTimeloom(api_key=new.secret, grpc_address=project.address) as revoked:
        with pytest.raises(errors.AuthenticationError):
            await revoked.api_keys.create("another")


async def test_a_bound_key_is_no_administrator_s(project: Project) -> None:
    with pytest.raises(errors.InvalidFieldError, match="scope"):
        await project.client.api_keys.create("ada's", scope=KeyScope.ADMIN, agent_id="ada")


async def test_the_command_makes_lists_and_revokes_keys(project: Project) -> None:
    made = await project.command("api-keys", "create", "ada's", "--agent", "ada", "--json")
    document = json.loads(made.output)
    assert (made.exit_code, document["agentId"]) == (0, "ada")
    assert (await project.keys.authenticate_api_key(document["apiKey"])).agent_id == "ada"
    listed = await project.command("api-keys", "list")
    assert document["id"] in listed.output
    assert document["apiKey"] not in listed.output
    assert (await project.command("api-keys", "revoke", document["id"])).exit_code == 0
    lines = (await project.command("api-keys", "list", "--json")).output.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["ada's", "default"]
