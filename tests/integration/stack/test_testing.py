"""The helpers that the other rooms' tests stand on."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import grpc
import psutil
import pytest

from tests.helpers.supervision import REPOSITORY
from timeloom.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from timeloom.identity.v1.identity_service_pb2 import GetCallerRequest, GetCallerResponse
from timeloom_platform.auth import Identity, Scope, acting_as, current_identity
from timeloom_platform.server import ServiceBinding
from timeloom_platform.testing import eventually, in_process_server

IDENTITY_SERVICE = identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"]


class WhoAmI(identity_service_pb2_grpc.IdentityServiceServicer):
    async def GetCaller(self, request: GetCallerRequest, context: object) -> GetCallerResponse:  # noqa: ARG002, N802 - grpc's
        response = GetCallerResponse()
        response.caller.project_id = current_identity().project_id
        return response


async def test_an_in_process_server_recognises_who_the_test_acts_as() -> None:
    binding = ServiceBinding(
        add=identity_service_pb2_grpc.add_IdentityServiceServicer_to_server,
        servicer=WhoAmI(),  # type: ignore[abstract]  # its other methods are not called
        descriptor=IDENTITY_SERVICE,
    )
    async with in_process_server(binding) as server:
        stub = identity_service_pb2_grpc.IdentityServiceStub(server.channel)
        with acting_as(Identity(project_id="a project", scope=Scope.READ)):
            assert (await stub.GetCaller(GetCallerRequest())).caller.project_id == "a project"
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.GetCaller(GetCallerRequest())
        assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_throw_away_postgres_goes_when_the_test_run_is_killed() -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from timeloom_platform.testing.lease import TestRun
        run = TestRun()
        run.postgres()
        print(run.directory, flush=True)
        time.sleep(600)
        """
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=REPOSITORY, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert run.stdout is not None
    directory = Path((await asyncio.wait_for(run.stdout.readline(), timeout=30)).decode().strip())
    server = psutil.Process(int((directory / "postgres" / "postmaster.pid").read_text().split()[0]))

    run.kill()
    await run.wait()

    await eventually(lambda: not directory.exists() and not server.is_running())
    await run.stdout.read()
