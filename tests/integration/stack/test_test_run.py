"""The throw-away PostgreSQL of a test run."""

import asyncio
import os
import sys
import textwrap
from pathlib import Path

import psutil

from tests.helpers.supervision import REPOSITORY
from timeloom_platform.testing import eventually


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
    directory = Path((await asyncio.wait_for(run.stdout.readline(), timeout=60)).decode().strip())
    server = psutil.Process(int((directory / "postgres" / "postmaster.pid").read_text().split()[0]))

    run.kill()
    await run.wait()

    await eventually(lambda: not directory.exists() and not server.is_running())
    await run.stdout.read()
