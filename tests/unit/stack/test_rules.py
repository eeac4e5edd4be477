"""The small rules of the stack: backoff, addresses, accounts."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_platform.embedded.accounts import Account, blocking_folder
from timeloom_platform.settings import SettingsError, load
from timeloom_stack.backoff import Backoff
from timeloom_stack.errors import PortTakenError
from timeloom_stack.port_owners import PublicPort, refuse_taken
from timeloom_stack.rooms import ROOMS
from timeloom_stack.settings import StackSettings


@given(failures=st.integers(min_value=1, max_value=10_000))
def test_backoff_grows_and_stays_within_its_bounds(failures: int) -> None:
    backoff = Backoff()
    delay = backoff.delay_seconds(failures)
    assert backoff.first_seconds <= delay <= backoff.longest_seconds
    assert delay <= backoff.delay_seconds(failures + 1)


def test_backoff_doubles() -> None:
    assert [Backoff().delay_seconds(failures) for failures in (1, 2, 3, 4)] == [0.1, 0.2, 0.4, 0.8]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
        ("example.org", "http://example.org:8080"),
    ],
)
def test_clients_are_told_an_address_that_they_can_reach(host: str, url: str) -> None:
    assert load(StackSettings, {"TIMELOOM_HTTP_HOST": host}).http_url == url


def test_every_room_has_a_name_of_its_own() -> None:
    assert len({room.name for room in ROOMS}) == len(ROOMS)
    variables = {room.name: room.address_variable for room in ROOMS}
    assert variables["snapshots"] == "TIMELOOM_SNAPSHOTS_ADDRESS"


def test_the_first_folder_that_is_closed_to_an_account_is_named(scratch_directory: Path) -> None:
    stranger = Account(name="stranger", uid=os.geteuid() + 4242, gid=os.getegid() + 4242)
    closed = scratch_directory / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert blocking_folder(closed / "inner" / "data", stranger) == closed
    closed.chmod(0o711)
    assert blocking_folder(closed / "inner" / "data", stranger) is None


def test_a_taken_port_is_named_with_its_owner_and_another_choice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        port = PublicPort(purpose="HTTP", host="127.0.0.1", number=number, variable="TIMELOOM_HTTP_PORT")
        with pytest.raises(
            PortTakenError, match=rf"port {number}, wanted for HTTP, is taken by process {os.getpid()}"
        ) as refusal:
            refuse_taken([port])
    assert refusal.value.remedies == (f"choose another port: TIMELOOM_HTTP_PORT={number + 10} timeloom up",)
    refuse_taken([port])


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"TIMELOOM_HTTP_PORT": "0"}, "TIMELOOM_HTTP_PORT must be a number from 1 to 65535"),
        ({"TIMELOOM_GRPC_PORT": "70000"}, "TIMELOOM_GRPC_PORT must be a number from 1 to 65535"),
        ({"TIMELOOM_HTTP_PORT": "8081"}, "TIMELOOM_HTTP_PORT and TIMELOOM_GRPC_PORT must differ"),
        (
            {"TIMELOOM_OTLP_HTTP_PORT": "4317"},
            "TIMELOOM_OTLP_GRPC_PORT and TIMELOOM_OTLP_HTTP_PORT must differ",
        ),
        ({"TIMELOOM_HTTP_PORT": "http"}, "TIMELOOM_HTTP_PORT must be a whole number"),
    ],
)
def test_a_port_that_cannot_be_is_refused_by_name(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(StackSettings, environ)
    assert refusal.value.problems == (problem,)


def test_an_address_of_a_database_does_not_show() -> None:
    settings = load(StackSettings, {"TIMELOOM_DATABASE_URL": "postgresql://u:hidden@h/d"})
    assert "hidden" not in repr(settings)
