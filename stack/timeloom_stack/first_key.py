"""The key in `credentials.json`: checked against the installation, made when it is missing."""

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from timeloom_platform.embedded.process import ProcessSpecification, send
from timeloom_stack.credentials import Credentials
from timeloom_stack.errors import StackError
from timeloom_stack.keeper import Spawn
from timeloom_stack.output_pipe import OutputPipe
from timeloom_stack.python import PYTHON_MODULE


class KeyRing:
    """Sees to it that the credentials file opens the default project of this installation.

    Args:
        file: The credentials file.
        http_url: Of the gateway, as clients reach it.
        grpc_address: Of the gateway, as clients reach it.
        otlp_endpoint: Where OpenTelemetry is taken over gRPC.
        environment: For the helper process that asks the IdentityService.
        spawn: Starts the helper.
        on_helper: Told the helper's process id.
    """

    def __init__(
        self,
        file: Path,
        *,
        http_url: str,
        grpc_address: str,
        otlp_endpoint: str,
        environment: Mapping[str, str],
        spawn: Spawn,
        on_helper: Callable[[int], None],
    ) -> None:
        self._file = file
        self._http_url = http_url
        self._grpc_address = grpc_address
        self._otlp_endpoint = otlp_endpoint
        self._environment = environment
        self._spawn = spawn
        self._on_helper = on_helper

    async def check(self, tell: Callable[[str], None]) -> None:
        """Keeps a key that is accepted, with the current addresses; puts another aside and makes a new one.

        Raises:
            OSError: The gateway did not answer.
            StackError: No key could be made.
        """
        kept = Credentials.read(self._file)
        if kept is not None:
            current = replace(
                kept,
                http_url=self._http_url,
                grpc_address=self._grpc_address,
                otlp_endpoint=self._otlp_endpoint,
            )
            if await current.are_accepted():
                if current != kept:
                    current.write(self._file)
                return
        old = self._file.with_suffix(".json.old")
        self._file.replace(old)
        tell(f"The key in {self._file} does not open this installation: it is put aside as {old.name}")
        await self.make()

    async def make(self) -> None:
        """Has a helper process ask for the key as soon as the gateway is there, and writes the file.

        Raises:
            StackError: No key could be made; the helper's last words are in the message.
        """
        returncode, output, errors = await self._run_helper()
        if returncode != 0:
            last_words = errors.decode(errors="replace").strip().splitlines()[-1:]
            raise StackError(f"no API key could be made: {''.join(last_words) or 'the helper failed'}")
        key = json.loads(output)
        Credentials(
            project_id=key["projectId"],
            api_key=key["apiKey"],
            http_url=self._http_url,
            grpc_address=self._grpc_address,
            otlp_endpoint=self._otlp_endpoint,
        ).write(self._file)

    async def _run_helper(self) -> tuple[int, bytes, bytes]:
        """Runs it to its end: its exit code, and what it wrote to its two outputs."""
        specification = ProcessSpecification(
            name="identity",
            command=(*PYTHON_MODULE, "timeloom_stack.identity"),
            directory=self._file.parent,
            environment=self._environment,
        )
        output, errors = bytearray(), bytearray()
        with closing(OutputPipe(output.extend)) as stdout, closing(OutputPipe(errors.extend)) as stderr:
            try:
                process = await self._spawn(specification, stdout=stdout.write_end, stderr=stderr.write_end)
            finally:
                stdout.handed_over()
                stderr.handed_over()
            self._on_helper(process.pid)
            try:
                returncode = await process.wait()
            except asyncio.CancelledError:
                send(process, signal.SIGKILL)
                await process.wait()
                raise
        return returncode, bytes(output), bytes(errors)
