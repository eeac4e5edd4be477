"""Projects and API keys through the real service, on the real database."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import grpc
import grpc.aio
import pytest
import pytest_asyncio

from timeloom.identity.v1 import identity_service_pb2 as pb
from timeloom.identity.v1 import identity_service_pb2_grpc
from timeloom.type.v1 import annotations_pb2
from timeloom_platform import failures
from timeloom_platform.auth import Identity, InternalTokens, Scope
from timeloom_platform.authentication import CallAuthenticator
from timeloom_platform.channel import open_channel
from timeloom_platform.database import Database
from timeloom_platform.errors import InvalidApiKeyError
from timeloom_platform.identity import PACKAGE, ROOM
from timeloom_platform.identity.resolver import RemoteKeyResolver
from timeloom_platform.identity.service import Identities
from timeloom_platform.identity.servicer import identity_binding
from timeloom_platform.identity.usage import UsageRecorder
from timeloom_platform.pagination import Cursors
from timeloom_platform.server import GrpcServer

SECRET = "a secret of this test, of 32 bytes or more"
TOKENS = InternalTokens(SECRET)


def internal() -> tuple[tuple[str, str], ...]:
    """A service's own metadata; minted for each call, because a token lives for a minute."""
    return (("x-timeloom-identity", TOKENS.mint(Identity(project_id="", scope=Scope.INTERNAL))),)


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def seconds(self) -> float:
        return self().timestamp()


@dataclass(frozen=True, kw_only=True)
class Served:
    """The identity service, and a client of it."""

    address: str
    stub: identity_service_pb2_grpc.IdentityServiceAsyncStub
    identities: Identities
    usage: UsageRecorder
    channel: grpc.aio.Channel
    clock: Clock
    database: Database

    async def new_project(self, name: str = "one") -> Any:
        return await self.stub.CreateProject(pb.CreateProjectRequest(name=name), metadata=internal())


@pytest.fixture
def rooms() -> dict[str, str]:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    clock = Clock()
    database = await Database.connect(database_url, room=ROOM, pool_size=4)
    usage = UsageRecorder(database)
    identities = Identities(database=database, cursors=Cursors(SECRET), usage=usage, clock=clock)
    authenticator = CallAuthenticator(tokens=TOKENS, keys=identities, clock=clock.seconds)
    identities.on_change(authenticator.forget)
    server = GrpcServer(
        listen="127.0.0.1:0", authenticator=authenticator, services=[identity_binding(identities)]
    )
    address = await server.start()
    async with open_channel(address) as channel:
        yield Served(
            address=address,
            stub=identity_service_pb2_grpc.IdentityServiceStub(channel),
            identities=identities,
            usage=usage,
            channel=channel,
            clock=clock,
            database=database,
        )
    await server.stop(grace_seconds=0, notice_seconds=0)
    await database.close()


def bearer(api_key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {api_key}"),)


async def reason(call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, failures.reason_of(caught.value)


async def test_creates_a_project_whose_first_key_opens_it(served: Served) -> None:
    created = await served.new_project("Ada's agents")

    caller = (await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(created.secret))).caller

    assert (caller.project_id, caller.project_name, caller.api_key_id, caller.scope) == (
        created.project.id,
        "Ada's agents",
        created.api_key.id,
        annotations_pb2.SCOPE_ADMIN,
    )
    assert created.secret.startswith(f"tl_{created.api_key.id}_")


async def test_refuses_a_name_that_is_taken(served: Served) -> None:
    await served.new_project("one")

    assert await reason(served.new_project("one")) == ("ALREADY_EXISTS", "ALREADY_EXISTS")


async def test_lists_projects_oldest_first_page_by_page(served: Served) -> None:
    made = [(await served.new_project(f"project {number}")).project.id for number in range(5)]
    listed, token = [], ""
    while True:
        page = await served.stub.ListProjects(
            pb.ListProjectsRequest(page_size=2, page_token=token), metadata=internal()
        )
        listed += [project.id for project in page.projects]
        token = page.next_page_token
        if not token:
            break

    assert listed == made


async def test_keeps_projects_and_installation_apart(served: Served) -> None:
    created = await served.new_project()
    admin = bearer(created.secret)

    assert await reason(served.stub.CreateProject(pb.CreateProjectRequest(name="x"), metadata=admin)) == (
        "PERMISSION_DENIED",
        "MISSING_SCOPE",
    )
    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=internal())) == (
        "PERMISSION_DENIED",
        "MISSING_SCOPE",
    )


async def test_lists_keys_newest_first_and_only_those_of_the_project(served: Served) -> None:
    one, two = await served.new_project("one"), await served.new_project("two")
    names = [f"key {number}" for number in range(4)]
    for name in names:
        await served.stub.CreateApiKey(
            pb.CreateApiKeyRequest(name=name, scope=annotations_pb2.SCOPE_READ), metadata=bearer(one.secret)
        )

    first = await served.stub.ListApiKeys(pb.ListApiKeysRequest(page_size=3), metadata=bearer(one.secret))
    rest = await served.stub.ListApiKeys(
        pb.ListApiKeysRequest(page_size=3, page_token=first.next_page_token), metadata=bearer(one.secret)
    )

    listed = [key.name for key in (*first.api_keys, *rest.api_keys)]
    assert (listed, rest.next_page_token) == ([*reversed(names), "default"], "")
    # Another project's token is no token.
    assert await reason(
        served.stub.ListApiKeys(
            pb.ListApiKeysRequest(page_size=3, page_token=first.next_page_token), metadata=bearer(two.secret)
        )
    ) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")


async def test_shows_and_stores_no_secret(served: Served, database_url: str, databases: Any) -> None:
    created = await served.new_project()
    secret = created.secret.split("_", 2)[2]
    listed = await served.stub.ListApiKeys(pb.ListApiKeysRequest(), metadata=bearer(created.secret))
    connection = await asyncpg.connect(await databases.superuser_url(database_url))
    try:
        rows = await connection.fetch("SELECT to_jsonb(api_keys)::text FROM identity.api_keys")
    finally:
        await connection.close()

    assert len(rows) == 1
    assert secret not in str(listed) + str(rows) + str(created.api_key)


@pytest.mark.parametrize("scope", [annotations_pb2.SCOPE_READ, annotations_pb2.SCOPE_WRITE])
async def test_lets_only_admins_manage_keys(served: Served, scope: Any) -> None:
    admin = bearer((await served.new_project()).secret)
    key = await served.stub.CreateApiKey(pb.CreateApiKeyRequest(name="k", scope=scope), metadata=admin)

    assert await reason(served.stub.ListApiKeys(pb.ListApiKeysRequest(), metadata=bearer(key.secret))) == (
        "PERMISSION_DENIED",
        "MISSING_SCOPE",
    )


@pytest.mark.parametrize("scope", [annotations_pb2.SCOPE_PUBLIC, annotations_pb2.SCOPE_INTERNAL])
async def test_gives_away_no_scope_but_the_three(served: Served, scope: Any) -> None:
    admin = bearer((await served.new_project()).secret)

    assert await reason(
        served.stub.CreateApiKey(pb.CreateApiKeyRequest(name="k", scope=scope), metadata=admin)
    ) == ("INVALID_ARGUMENT", "INVALID_FIELD")


@pytest.mark.parametrize(
    "api_key",
    ["tl_aaaaaaaaaaaaaaaa_" + "x" * 43, "tl_short_x", "", "sk-something", "tl_AAAAAAAAAAAAAAAA_" + "x" * 43],
)
async def test_refuses_keys_that_it_does_not_know(served: Served, api_key: str) -> None:
    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(api_key))) == (
        "UNAUTHENTICATED",
        "INVALID_API_KEY",
    )


async def test_refuses_a_known_key_with_another_secret(served: Served) -> None:
    created = await served.new_project()
    wrong = created.secret[:-1] + ("A" if created.secret[-1] != "A" else "B")

    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(wrong))) == (
        "UNAUTHENTICATED",
        "INVALID_API_KEY",
    )


async def test_refuses_a_key_from_its_expiry_on(served: Served) -> None:
    admin = bearer((await served.new_project()).secret)
    request = pb.CreateApiKeyRequest(name="brief", scope=annotations_pb2.SCOPE_READ)
    request.expire_time.FromDatetime(served.clock() + timedelta(seconds=3))
    key = bearer((await served.stub.CreateApiKey(request, metadata=admin)).secret)
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=key)

    served.clock.ahead = timedelta(seconds=3)

    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=key)) == (
        "UNAUTHENTICATED",
        "EXPIRED_API_KEY",
    )


async def test_refuses_an_expiry_that_has_passed(served: Served) -> None:
    admin = bearer((await served.new_project()).secret)
    request = pb.CreateApiKeyRequest(name="late", scope=annotations_pb2.SCOPE_READ)
    request.expire_time.FromDatetime(datetime.now(UTC) - timedelta(seconds=1))

    assert await reason(served.stub.CreateApiKey(request, metadata=admin)) == (
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
    )


async def test_refuses_a_revoked_key_at_once(served: Served) -> None:
    created = await served.new_project()
    admin = bearer(created.secret)
    key = await served.stub.CreateApiKey(
        pb.CreateApiKeyRequest(name="k", scope=annotations_pb2.SCOPE_READ), metadata=admin
    )
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(key.secret))

    revoke = pb.RevokeApiKeyRequest(api_key_id=key.api_key.id)
    first = await served.stub.RevokeApiKey(revoke, metadata=admin)
    second = await served.stub.RevokeApiKey(revoke, metadata=admin)

    assert first.api_key.HasField("revoke_time")
    assert second == first
    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(key.secret))) == (
        "UNAUTHENTICATED",
        "INVALID_API_KEY",
    )
    rotate = pb.RotateApiKeyRequest(api_key_id=key.api_key.id)
    assert await reason(served.stub.RotateApiKey(rotate, metadata=admin)) == ("NOT_FOUND", "NOT_FOUND")


async def test_lets_the_old_secret_work_for_the_grace_period_alone(served: Served) -> None:
    created = await served.new_project()
    old = bearer(created.secret)

    rotated = await served.stub.RotateApiKey(
        pb.RotateApiKeyRequest(api_key_id=created.api_key.id, grace_seconds=60), metadata=old
    )

    new = bearer(rotated.secret)
    for credentials in (old, new):
        caller = (await served.stub.GetCaller(pb.GetCallerRequest(), metadata=credentials)).caller
        assert caller.api_key_id == created.api_key.id
    served.clock.ahead = timedelta(seconds=61)
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=new)
    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=old)) == (
        "UNAUTHENTICATED",
        "INVALID_API_KEY",
    )


async def test_forgets_the_old_secret_at_once_without_grace(served: Served) -> None:
    created = await served.new_project()
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(created.secret))

    rotate = pb.RotateApiKeyRequest(api_key_id=created.api_key.id)
    rotated = await served.stub.RotateApiKey(rotate, metadata=bearer(created.secret))

    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(rotated.secret))
    assert await reason(served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(created.secret))) == (
        "UNAUTHENTICATED",
        "INVALID_API_KEY",
    )


async def test_cannot_touch_the_keys_of_another_project(served: Served) -> None:
    one, two = await served.new_project("one"), await served.new_project("two")

    for call in (
        served.stub.RevokeApiKey(
            pb.RevokeApiKeyRequest(api_key_id=one.api_key.id), metadata=bearer(two.secret)
        ),
        served.stub.RotateApiKey(
            pb.RotateApiKeyRequest(api_key_id=one.api_key.id), metadata=bearer(two.secret)
        ),
    ):
        assert await reason(call) == ("NOT_FOUND", "NOT_FOUND")
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(one.secret))


async def test_notes_the_last_use_to_the_minute(served: Served) -> None:
    created = await served.new_project()
    admin = bearer(created.secret)
    before = served.clock().replace(second=0, microsecond=0)
    await asyncio.gather(*(served.stub.GetCaller(pb.GetCallerRequest(), metadata=admin) for _ in range(20)))

    await served.usage.flush()

    (key,) = (await served.stub.ListApiKeys(pb.ListApiKeysRequest(), metadata=admin)).api_keys
    used = key.last_use_time.ToDatetime(tzinfo=UTC)
    assert used.second == 0
    assert before <= used <= served.clock()


async def test_writes_the_last_uses_when_it_stops(served: Served) -> None:
    created = await served.new_project()
    admin = bearer(created.secret)
    running = asyncio.create_task(served.usage.run())
    await served.stub.GetCaller(pb.GetCallerRequest(), metadata=admin)

    running.cancel()
    await asyncio.wait([running])

    (key,) = (await served.stub.ListApiKeys(pb.ListApiKeysRequest(), metadata=admin)).api_keys
    assert key.HasField("last_use_time")


async def test_resolves_keys_for_other_services(served: Served) -> None:
    created = await served.new_project()
    resolver = RemoteKeyResolver(served.channel, TOKENS)

    resolved = await resolver.resolve(created.secret)

    assert resolved.identity == Identity(
        project_id=created.project.id, scope=Scope.ADMIN, api_key_id=created.api_key.id
    )
    assert served.clock.seconds() < resolved.expire_time <= served.clock.seconds() + 10


async def test_a_key_that_is_bound_to_an_agent_says_so_to_whoever_asks(served: Served) -> None:
    created = await served.new_project()
    request = pb.CreateApiKeyRequest(name="ada", scope=annotations_pb2.SCOPE_WRITE, agent_id="ada")

    bound = await served.stub.CreateApiKey(request, metadata=bearer(created.secret))

    assert bound.api_key.agent_id == "ada"
    caller = (await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(bound.secret))).caller
    assert caller.agent_id == "ada"
    resolved = await RemoteKeyResolver(served.channel, TOKENS).resolve(bound.secret)
    assert resolved.identity.agent_id == "ada"
    assert TOKENS.verify(TOKENS.mint(resolved.identity)) == resolved.identity
    listed = await served.stub.ListApiKeys(pb.ListApiKeysRequest(), metadata=bearer(created.secret))
    assert {key.id: key.agent_id for key in listed.api_keys} == {
        bound.api_key.id: "ada",
        created.api_key.id: "",
    }


async def test_a_rotated_key_stays_bound_to_its_agent(served: Served) -> None:
    created = await served.new_project()
    request = pb.CreateApiKeyRequest(name="ada", scope=annotations_pb2.SCOPE_READ, agent_id="ada")
    bound = await served.stub.CreateApiKey(request, metadata=bearer(created.secret))

    rotation = pb.RotateApiKeyRequest(api_key_id=bound.api_key.id)
    rotated = await served.stub.RotateApiKey(rotation, metadata=bearer(created.secret))

    caller = (await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(rotated.secret))).caller
    assert caller.agent_id == "ada"


@pytest.mark.parametrize(
    ("agent_id", "scope"),
    [
        ("a/b", annotations_pb2.SCOPE_READ),
        ("..", annotations_pb2.SCOPE_READ),
        ("ada", annotations_pb2.SCOPE_ADMIN),
    ],
)
async def test_refuses_to_bind_a_key_that_could_make_others_or_whose_agent_cannot_exist(
    served: Served, agent_id: str, scope: annotations_pb2.Scope.ValueType
) -> None:
    created = await served.new_project()
    request = pb.CreateApiKeyRequest(name="ada", scope=scope, agent_id=agent_id)

    refused = await reason(served.stub.CreateApiKey(request, metadata=bearer(created.secret)))

    assert refused == ("INVALID_ARGUMENT", "INVALID_FIELD")


async def test_tells_other_services_why_a_key_opens_nothing(served: Served) -> None:
    authenticator = CallAuthenticator(tokens=TOKENS, keys=RemoteKeyResolver(served.channel, TOKENS))

    with pytest.raises(InvalidApiKeyError):
        await authenticator.authenticate_api_key("tl_aaaaaaaaaaaaaaaa_" + "x" * 43)


async def run_command(served: Served, *arguments: str, secret: str = SECRET) -> tuple[int | None, str, str]:
    """Runs `python -m timeloom_platform.identity`, and returns its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "timeloom_platform.identity",
        *arguments,
        env={"TIMELOOM_IDENTITY_ADDRESS": served.address, "TIMELOOM_INTERNAL_SECRET": secret},
        stdout=PIPE,
        stderr=PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_a_shell_within_the_installation_makes_a_project(served: Served) -> None:
    code, output, errors = await run_command(served, "create-project", "from a shell")
    assert code == 0, errors
    api_key = output.split()[-1]
    caller = await served.stub.GetCaller(pb.GetCallerRequest(), metadata=bearer(api_key))
    assert caller.caller.project_id == output.split()[1]

    code, output, errors = await run_command(served, "create-project", "from a shell")
    assert (code, output) == (1, "")
    assert "There is a project of the name from a shell already." in errors


async def test_a_shell_without_the_secret_makes_nothing(served: Served) -> None:
    code, output, _ = await run_command(
        served, "create-project", "mine", secret="another secret, and no shorter than that"
    )
    assert (code, output) == (1, "")
