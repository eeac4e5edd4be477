"""What the nursery imports, and what it and the supervisor say to each other."""

import json
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_stack.nursery.__main__ import COMMON
from timeloom_stack.nursery.wire import Birth
from timeloom_stack.rooms import GATEWAY_MODULE, ROOMS

SERVICES = (*(room.module for room in ROOMS), GATEWAY_MODULE)
# What it needs itself, and the small modules of the platform, some of which only rooms use.
OWN = (
    "__main__",
    "_ctypes",
    "ctypes",
    "pwd",
    "runpy",
    "setproctitle",
    "timeloom_platform",
    "timeloom_stack",
)
_IMPORTING = "import importlib, json, sys; [importlib.import_module(name) for name in sys.argv[1:]]; {}"
_LIST_MODULES = _IMPORTING.format("print(json.dumps(sorted(sys.modules)))")
_COUNT_THREADS = _IMPORTING.format("import os; print(len(os.listdir('/proc/self/task')))")


def ask(question: str, *modules: str) -> object:
    done = subprocess.run(
        [sys.executable, "-P", "-c", question, *modules], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@cache
def modules_with(*names: str) -> frozenset[str]:
    found = ask(_LIST_MODULES, *names)
    assert isinstance(found, list)
    return frozenset(found)


def modules_in_nursery() -> frozenset[str]:
    return modules_with(*COMMON, "timeloom_stack.nursery.__main__")


@pytest.mark.parametrize("service", SERVICES)
def test_the_nursery_imports_no_library_that_a_service_does_not(service: str) -> None:
    common = {name for name in modules_in_nursery() if not name.startswith(OWN)}
    assert common - modules_with(f"{service}.__main__") == set()


def test_the_nursery_knows_no_service() -> None:
    assert {name.partition(".")[0] for name in modules_in_nursery()} & {*SERVICES} == set()


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
def test_importing_what_is_common_starts_no_thread() -> None:
    assert ask(_COUNT_THREADS, *COMMON) == 1


TEXT = st.text(st.characters(exclude_characters="\0"))


@given(
    command=st.lists(TEXT).map(tuple),
    module=TEXT,
    directory=TEXT,
    environment=st.dictionaries(TEXT, TEXT),
)
def test_a_birth_arrives_as_it_was_asked_for(
    command: tuple[str, ...], module: str, directory: str, environment: dict[str, str]
) -> None:
    """Lone surrogates among it: names of files that are no UTF-8."""
    birth = Birth(
        command=command,
        module=module,
        arguments=command[1:],
        directory=directory,
        environment=environment,
        parent=1,
        parent_death_signal=9,
    )
    assert Birth.from_message(birth.to_message()) == birth
