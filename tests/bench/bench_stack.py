"""The stack as its user waits for it: starts, memory, recovery from kill -9, the way out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from typing import Any

import httpx
import psutil

from tests.bench.report import Figure, Report, Section, console, median
from tests.helpers.stack import StackProcess
from timeloom_platform.testing import scratch_directory

ROUNDS = 3
PROCESSES = ("postgres", "nats", "snapshots", "memory", "workflows", "gateway")
MODEL_IDLE_SECONDS = 5.0
MEBIBYTE = 1024 * 1024
_POLL_SECONDS = 0.005
_LIMIT_SECONDS = 30.0


def main() -> Report:
    """Measures, prints and returns the figures."""
    report = Report(
        title="The embedded stack",
        peer="no peer",
        notes=(
            f"Starts: medians of {ROUNDS}, from the command until everything answers; cold includes initdb,",
            "all migrations and the first project. Recovery: from kill -9 until a read over REST succeeds.",
        ),
    )
    with scratch_directory() as directory:
        settings = {"TIMELOOM_EMBEDDING_IDLE_SECONDS": str(MODEL_IDLE_SECONDS)}
        stack = StackProcess(directory / "data", settings=settings)
        try:
            _measure(stack, report)
        finally:
            stack.end()
    report.show(console())
    return report


def _measure(stack: StackProcess, report: Report) -> None:
    starts, stops = report.section("Starting"), report.section("Ending")
    cold, cold_stops = _start_and_stop(stack, cold=True)
    warm, warm_stops = _start_and_stop(stack, cold=False)
    starts.add(
        _seconds("cold start", median(cold), limit=3.0), _seconds("warm start", median(warm), limit=2.0)
    )
    stops.add(_seconds("Ctrl-C until all are gone", median([*cold_stops, *warm_stops]), limit=2.0))

    stack.up()
    status = json.loads(stack.run("status", "--json").stdout)
    memory = report.section("Memory (PSS)")
    for each in (*status["processes"], {"name": "supervisor", **status["supervisor"]}):
        memory.add(_mebibytes(each["name"], each["pssBytes"]))
    memory.add(_mebibytes("everything", status["pssBytes"], limit=300.0))

    _measure_model(report.section("The memory service alone (RSS)"), stack, status)

    recovery = report.section("Recovery from kill -9")
    execution = _create_execution(stack)
    for name in PROCESSES:
        recovery.add(_seconds(name, _recovery_seconds(stack, name, execution), limit=5.0))
    stops.add(_seconds("kill -9 of the supervisor until all are gone", _seconds_to_be_gone(stack), limit=5.0))


def _measure_model(section: Section, stack: StackProcess, status: dict[str, Any]) -> None:
    """What the service takes without the model, with it, and when it was let go."""
    (pid,) = [each["pid"] for each in status["processes"] if each["name"] == "memory"]
    section.add(_resident("before its first text", pid, limit=150.0))
    answer = httpx.post(
        f"{stack.http_url}/api/agent-memory",
        headers=_headers(stack),
        json={"namespace": "bench", "content": "Deploys happen on Tuesdays."},
        timeout=_LIMIT_SECONDS,
        trust_env=False,
    )
    answer.raise_for_status()
    section.add(_resident("with the model loaded", pid))
    begin = time.perf_counter()
    log = stack.data_dir / "logs" / "memory.log"
    while "model unloaded" not in log.read_text():
        if time.perf_counter() - begin > MODEL_IDLE_SECONDS + _LIMIT_SECONDS:
            raise RuntimeError(f"the model is still loaded:\n{stack.log()}")
        time.sleep(_POLL_SECONDS)
    section.add(_resident("after it was let go", pid, limit=150.0))


def _start_and_stop(stack: StackProcess, *, cold: bool) -> tuple[list[float], list[float]]:
    starts, stops = [], []
    for _ in range(ROUNDS):
        if cold:
            shutil.rmtree(stack.data_dir, ignore_errors=True)
        stack.up()
        starts.append(float(stack.state()["start_seconds"]))
        begin = time.perf_counter()
        stack.interrupt()
        stops.append(time.perf_counter() - begin)
    return starts, stops


def _recovery_seconds(stack: StackProcess, name: str, execution: str) -> float:
    before = stack.state()["processes"][name]
    begin = time.perf_counter()
    os.kill(before["pid"], signal.SIGKILL)
    while time.perf_counter() - begin < _LIMIT_SECONDS:
        state = stack.state()
        restarted = state and state["processes"][name]["restarts"] > before["restarts"]
        if restarted and state["ready"] and _is_read(stack, execution):
            return time.perf_counter() - begin
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"{name} did not recover within {_LIMIT_SECONDS:g} s:\n{stack.log()}")


def _seconds_to_be_gone(stack: StackProcess) -> float:
    family = stack.family()
    begin = time.perf_counter()
    stack.process.kill()
    stack.process.wait()
    _, alive = psutil.wait_procs(family, timeout=_LIMIT_SECONDS)
    if alive:
        raise RuntimeError(f"still there: {alive}")
    return time.perf_counter() - begin


def _create_execution(stack: StackProcess) -> str:
    answer = httpx.post(
        f"{stack.http_url}/api/agent-executions",
        headers=_headers(stack),
        json={"agentId": "bench"},
        trust_env=False,
    )
    return str(answer.raise_for_status().json()["id"])


def _is_read(stack: StackProcess, execution: str) -> bool:
    try:
        url = f"{stack.http_url}/api/agent-executions/{execution}"
        return httpx.get(url, headers=_headers(stack), trust_env=False).is_success
    except httpx.TransportError:
        return False


def _headers(stack: StackProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.credentials['apiKey']}"}


def _seconds(name: str, value: float, *, limit: float) -> Figure:
    return Figure(name=name, unit="s", ours=value, better="lower", limit=limit)


def _resident(name: str, pid: int, *, limit: float | None = None) -> Figure:
    return _mebibytes(name, psutil.Process(pid).memory_info().rss, limit=limit)


def _mebibytes(name: str, size: int, *, limit: float | None = None) -> Figure:
    return Figure(name=name, unit="MiB", ours=size / MEBIBYTE, better="lower", limit=limit)
