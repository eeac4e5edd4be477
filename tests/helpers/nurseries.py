"""Nurseries of a test, and processes that are born there or started by exec."""

import asyncio
import ctypes
import os
import sys
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.helpers.supervision import REPOSITORY
from timeloom_platform.embedded.process import ProcessSpecification, RunningProcess
from timeloom_stack.keeper import Spawn
from timeloom_stack.nursery.client import Nursery
from timeloom_stack.orphans import Orphanage
from timeloom_stack.output_pipe import OutputPipe
from timeloom_stack.python import PYTHON_MODULE

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])}
PATIENT_SECONDS = 60.0
"""How long a birth may take here, imports and all: a test is not about a machine that is slow."""
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(kw_only=True)
class Parenthood:
    """A nursery, and what was said about it."""

    nursery: Nursery
    sentences: list[str]
    output: bytearray

    @property
    def process(self) -> psutil.Process:
        """The nursery's own process; a LookupError if it has ended."""
        for child in psutil.Process().children():
            if "timeloom_stack.nursery" in child.cmdline():
                return child
        raise LookupError("there is no nursery")


@asynccontextmanager
async def open_nursery(
    environment: Mapping[str, str] = ENVIRONMENT, *, answer_timeout_seconds: float = PATIENT_SECONDS
) -> AsyncIterator[Parenthood]:
    sentences: list[str] = []
    output = bytearray()
    with as_subreaper() as orphanage:
        nursery = Nursery(
            environment,
            orphanage=orphanage,
            on_output=output.extend,
            tell=sentences.append,
            answer_timeout_seconds=answer_timeout_seconds,
        )
        await nursery.open()
        try:
            yield Parenthood(nursery=nursery, sentences=sentences, output=output)
        finally:
            await nursery.close()


@contextmanager
def as_subreaper() -> Generator[Orphanage]:
    try:
        yield Orphanage()
    finally:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def specified(
    module: str, *arguments: str, directory: Path, environment: Mapping[str, str] = ENVIRONMENT
) -> ProcessSpecification:
    return ProcessSpecification(
        name="child",
        command=(*PYTHON_MODULE, module, *arguments),
        directory=directory,
        environment=environment,
    )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a process has ended, and what it wrote."""

    returncode: int
    output: bytes
    errors: bytes


async def outcome(spawn: Spawn, specification: ProcessSpecification) -> Outcome:
    """Runs a process to its end."""
    output, errors = bytearray(), bytearray()
    with closing(OutputPipe(output.extend)) as stdout, closing(OutputPipe(errors.extend)) as stderr:
        process = await spawn(specification, stdout=stdout.write_end, stderr=stderr.write_end)
        stdout.handed_over()
        stderr.handed_over()
        returncode = await asyncio.wait_for(process.wait(), timeout=20)
    return Outcome(returncode=returncode, output=bytes(output), errors=bytes(errors))


async def spawn_silent(spawn: Spawn, specification: ProcessSpecification) -> RunningProcess:
    """Starts a process whose output nobody wants."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        return await spawn(specification, stdout=nowhere, stderr=nowhere)
    finally:
        os.close(nowhere)
