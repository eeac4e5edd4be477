"""The whole stack with its real services: started, interrupted, killed piece by piece, in others' way."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.helpers.stack import STOP_LIMIT_SECONDS, StackProcess, python_for
from timeloom_platform.embedded.accounts import Account
from timeloom_platform.embedded.nats import EmbeddedNats

pytestmark = pytest.mark.fault

PROCESSES = (
    "postgres",
    "nats",
    "memory",
    "migration",
    "observability",
    "snapshots",
    "workflows",
    "workspace",
    "gateway",
)
CALLER = "/api/caller"


@pytest.fixture
def stack(scratch_directory: Path) -> Iterator[StackProcess]:
    stack = StackProcess(scratch_directory / "data")
    yield stack
    stack.end()


def call(stack: StackProcess, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {stack.credentials['apiKey']}"}
    return httpx.request(
        method, f"{stack.http_url}{path}", headers=headers, json=body, timeout=20, trust_env=False
    )


def record_execution(stack: StackProcess) -> str:
    answer = call(stack, "POST", "/api/agent-executions", {"agentId": "survivor"})
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def nursery_of(stack: StackProcess) -> list[psutil.Process]:
    return [each for each in stack.family() if "timeloom_stack.nursery" in command_of(each)]


def told(stack: StackProcess) -> str:
    """What the supervisor has written to its log."""
    file = stack.data_dir / "logs" / "timeloom.log"
    return file.read_text() if file.exists() else ""


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def pids(stack: StackProcess) -> set[str]:
    """The names of the processes that have been started."""
    processes = stack.state().get("processes", {})
    return {name for name, each in processes.items() if each["pid"] is not None}


def belonging_to(stack: StackProcess) -> list[psutil.Process]:
    """All that run for this stack, whoever is their parent now."""
    return [each for each in psutil.process_iter() if runs_for(stack, each)]


def runs_for(stack: StackProcess, process: psutil.Process) -> bool:
    try:
        # A service's directory is that of the data; the nursery and the supervisor have the variable.
        data_dir = str(stack.data_dir)
        return process.cwd().startswith(data_dir) or process.environ().get("TIMELOOM_DATA_DIR") == data_dir
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def survivors(family: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(family, timeout=STOP_LIMIT_SECONDS)
    return alive


def test_ctrl_c_ends_everything_with_success_and_a_second_start_finds_the_data(stack: StackProcess) -> None:
    stack.up()
    assert stack.state()["start_kind"] == "cold"
    execution = record_execution(stack)
    family = stack.family()
    assert len(family) > len(PROCESSES)

    assert stack.interrupt() == 0
    assert survivors(family) == []
    assert not (stack.data_dir / "state.json").exists()

    stack.up()
    assert stack.state()["start_kind"] == "warm"
    assert call(stack, "GET", f"/api/agent-executions/{execution}").is_success


def test_each_process_recovers_from_kill_9_and_nothing_acknowledged_is_lost(stack: StackProcess) -> None:
    stack.up()
    recorded = []
    for name in PROCESSES:
        recorded.append(record_execution(stack))
        before = stack.state()["processes"][name]
        os.kill(before["pid"], signal.SIGKILL)
        stack.wait_for(lambda state, name=name: state["ready"] and state["processes"][name]["restarts"] == 1)
        after = stack.state()["processes"][name]
        assert after["pid"] != before["pid"]
        assert after["last_exit"] == "was ended by SIGKILL"
        # Reconnecting is the services' own affair; a caller sees at most a call that must be repeated.
        stack.wait_for(lambda _: call(stack, "GET", f"/api/agent-executions/{recorded[-1]}").is_success)
    assert all(call(stack, "GET", f"/api/agent-executions/{each}").is_success for each in recorded)
    assert record_execution(stack)


def test_a_killed_supervisor_leaves_no_orphan_and_data_to_go_on_with(stack: StackProcess) -> None:
    stack.up()
    execution = record_execution(stack)
    family = stack.family()
    stack.process.kill()
    stack.process.wait()
    assert survivors(family) == []

    # What it left behind - its record, the lock file - is stale, and means nothing.
    assert (stack.data_dir / "state.json").exists()
    assert stack.run("status").returncode == 3
    stack.up()
    assert call(stack, "GET", f"/api/agent-executions/{execution}").is_success


def test_a_second_start_says_what_runs_where(stack: StackProcess) -> None:
    stack.up()
    second = stack.run("up")
    assert second.returncode == 1
    assert f"already running here (process {stack.process.pid})" in second.stderr
    assert stack.http_url in second.stderr
    assert stack.state()["ready"]


def test_a_taken_port_is_named_with_its_owner_before_anything_starts(stack: StackProcess) -> None:
    with socket.create_server(("127.0.0.1", stack.http_port)):
        refused = stack.run("up")
    assert refused.returncode == 1
    assert f"port {stack.http_port}, wanted for HTTP, is taken by process {os.getpid()}" in refused.stderr
    assert f"TIMELOOM_HTTP_PORT={stack.http_port + 10} timeloom up" in refused.stderr
    assert not (stack.data_dir / "postgres").exists()


def test_a_damaged_record_keeps_nobody_from_starting(stack: StackProcess) -> None:
    stack.data_dir.mkdir(mode=0o711)
    (stack.data_dir / "state.json").write_text('{"pid": "seven"}')
    (stack.data_dir / "lock").write_text("4194304\n")
    assert stack.run("status").returncode == 3
    assert stack.run("down").stdout.startswith("Timeloom is not running")
    stack.up()
    assert stack.interrupt() == 0


def test_a_record_that_is_damaged_while_it_runs_still_lets_it_be_stopped(stack: StackProcess) -> None:
    stack.up()
    (stack.data_dir / "state.json").write_text("{")
    assert stack.run("status").returncode == 1
    assert stack.run("down").stdout.startswith("Timeloom has stopped")
    assert stack.process.wait(STOP_LIMIT_SECONDS) == 0


def test_detached_it_goes_on_until_down(stack: StackProcess) -> None:
    started = stack.run("up", "--detach")
    assert started.returncode == 0, started.stderr
    assert "is ready" in started.stdout
    assert f"{stack.http_url}/auth/start" in started.stdout
    status = json.loads(stack.run("status", "--json").stdout)
    family = [psutil.Process(status["supervisor"]["pid"])]
    family += family[0].children(recursive=True)

    assert [each["state"] for each in status["processes"]] == ["ready"] * len(PROCESSES)
    assert call(stack, "GET", CALLER).json()["projectName"] == "default"
    down = stack.run("down")
    assert (down.returncode, down.stdout.startswith("Timeloom has stopped")) == (0, True)
    assert survivors(family) == []


def test_the_commands_tell_about_a_running_stack(stack: StackProcess) -> None:
    stack.up()
    status = json.loads(stack.run("status", "--json").stdout)
    assert [each["name"] for each in status["processes"]] == list(PROCESSES)
    assert all(each["pssBytes"] > 0 and each["pid"] for each in status["processes"])
    assert status["pssBytes"] > sum(each["pssBytes"] for each in status["processes"])
    assert status["start"]["kind"] == "cold"
    assert set(status["versions"]) == {"timeloom", "python", "postgres", "nats", "node"}

    assert stack.run("doctor").returncode == 0
    assert "listening on IPv4 address" in stack.run("logs", "postgres").stdout
    assert "there are: " in stack.run("logs", "unknown").stderr

    created = json.loads(stack.run("projects", "create", "research", "--json").stdout)
    listed = json.loads(stack.run("projects", "list", "--json").stdout)
    assert [each["name"] for each in listed] == ["default", "research"]
    assert listed[1]["id"] == created["projectId"]
    taken = stack.run("projects", "create", "research")
    assert (taken.returncode, "research" in taken.stderr) == (1, True)
    assert stack.run("console").stdout.startswith(f"{stack.http_url}/auth/start")


def test_a_lost_key_is_replaced_and_a_foreign_one_put_aside(stack: StackProcess) -> None:
    stack.up()
    first = stack.credentials
    stack.interrupt()
    (stack.data_dir / "credentials.json").unlink()

    stack.up()
    second = stack.credentials
    assert (second["projectId"], second["apiKey"] != first["apiKey"]) == (first["projectId"], True)
    stack.interrupt()
    foreign = {**second, "apiKey": f"tl_{'a' * 16}_{'b' * 43}"}
    (stack.data_dir / "credentials.json").write_text(json.dumps(foreign))

    stack.up()
    assert json.loads((stack.data_dir / "credentials.json.old").read_text()) == foreign
    assert call(stack, "GET", CALLER).json()["projectId"] == first["projectId"]


async def test_servers_that_are_there_already_are_used(
    scratch_directory: Path, database_url: str, nats_server: EmbeddedNats
) -> None:
    settings = {"TIMELOOM_DATABASE_URL": database_url, "TIMELOOM_NATS_URL": nats_server.url}
    stack = StackProcess(scratch_directory / "data", settings=settings).up()
    try:
        assert tuple(stack.state()["processes"]) == PROCESSES[2:]
        assert record_execution(stack)
        assert not (stack.data_dir / "postgres").exists()
        assert stack.interrupt() == 0
    finally:
        stack.end()


def test_an_ordinary_user_can_run_it(scratch_directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests have shown it: we are an ordinary user")
    account = Account.named("nobody")
    if python_for(account) is None:
        pytest.skip("there is no Python that an ordinary user may run")
    home = scratch_directory / "home"
    home.mkdir()
    os.chown(home, account.uid, account.gid)
    stack = StackProcess(home / "data", account=account).up()
    try:
        assert {process.uids().effective for process in stack.family()} == {account.uid}
        assert oct((stack.data_dir).stat().st_mode & 0o777) == "0o700"
        assert "started by exec" not in told(stack)
        assert record_execution(stack)
        assert stack.interrupt() == 0
    finally:
        stack.end()


def test_root_can_run_it_where_other_accounts_cannot_enter(scratch_directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root needs another account for PostgreSQL")
    closed = scratch_directory / "closed"
    closed.mkdir(mode=0o700)
    stack = StackProcess(closed / "data").up()
    link = stack.data_dir / "postgres"
    cluster = link.resolve()
    try:
        assert link.is_symlink()
        assert cluster.parent == Path("/var/lib/timeloom")
        assert record_execution(stack)
        assert stack.interrupt() == 0
        link.unlink()
        assert f"{cluster} belonged to {link}" in stack.run("doctor").stdout
    finally:
        stack.end()
        shutil.rmtree(cluster, ignore_errors=True)


def test_data_without_its_passwords_is_not_touched(stack: StackProcess) -> None:
    stack.up()
    stack.interrupt()
    (stack.data_dir / "secrets" / "postgres-owner").unlink()
    refused = stack.run("up")
    assert (refused.returncode, "are missing from" in refused.stderr) == (1, True)
    assert not (stack.data_dir / "secrets" / "postgres-owner").exists()


def test_the_services_are_born_in_a_nursery_that_is_gone_when_all_are_ready(stack: StackProcess) -> None:
    stack.up()
    # The system's Python calls itself otherwise.
    names = {psutil.Process(each["pid"]).name() for each in stack.state()["processes"].values()}
    assert names == {"postgres", "nats-server", *(f"timeloom_{name}"[:15] for name in PROCESSES[2:])}
    assert nursery_of(stack) == []
    assert "started by exec" not in told(stack)

    snapshots = stack.state()["processes"]["snapshots"]["pid"]
    os.kill(snapshots, signal.SIGKILL)
    stack.wait_for(lambda state: state["ready"] and state["processes"]["snapshots"]["restarts"] == 1)
    assert "snapshots is started by exec" in told(stack)


def test_a_nursery_that_is_killed_while_all_start_is_done_without(stack: StackProcess) -> None:
    stack.start()
    stack.wait_for(lambda _: nursery_of(stack))
    nursery_of(stack)[0].kill()
    stack.wait_for(lambda state: bool(state) and state["ready"])
    assert "is started by exec: the nursery has failed" in told(stack)
    assert record_execution(stack)
    assert stack.interrupt() == 0


MOMENTS = {
    "there is a nursery": lambda stack: bool(nursery_of(stack)),
    "the first process is there": lambda stack: bool(pids(stack)),
    "the first service is there": lambda stack: bool(pids(stack) & {*PROCESSES[2:]}),
    "all processes are there": lambda stack: len(pids(stack)) == len(PROCESSES),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_supervisor_that_is_killed_while_all_start_leaves_no_orphan(
    stack: StackProcess, moment: str
) -> None:
    stack.start()
    stack.wait_for(lambda _: MOMENTS[moment](stack))
    stack.process.kill()
    stack.process.wait()
    deadline = time.monotonic() + STOP_LIMIT_SECONDS
    while left := belonging_to(stack):
        assert time.monotonic() < deadline, left
    stack.up()
    assert record_execution(stack)


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_while_all_start_is_no_failure_and_leaves_nothing(stack: StackProcess, moment: str) -> None:
    stack.start()
    stack.wait_for(lambda _: MOMENTS[moment](stack))
    assert stack.interrupt() == 0, stack.log()
    assert belonging_to(stack) == []


def test_ctrl_c_in_a_terminal_during_the_first_start_is_no_failure(stack: StackProcess) -> None:
    stack.start()
    stack.wait_for(lambda state: bool(state) and state["processes"]["postgres"]["state"] == "starting")
    # A terminal sends the signal to all that belong to its foreground, and not only to the supervisor.
    for process in stack.family():
        if os.getpgid(process.pid) == os.getpgid(stack.process.pid):
            process.send_signal(signal.SIGINT)
    assert stack.process.wait(STOP_LIMIT_SECONDS) == 0, stack.log()
