"""The life of a process: the event loop, its logs, its signals and its exit code."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping

import structlog
import uvloop

from timeloom_platform import log
from timeloom_platform.settings import ProcessSettings, SettingsError, load

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_SETTINGS = 2

GC_THRESHOLDS = (50_000, 20, 50)

_logger = structlog.get_logger(__name__)


def run(
    main: Callable[[asyncio.Event], Awaitable[None]],
    *,
    service: str = "",
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a service until it ends or is told to stop, and return the process's exit code.

    SIGTERM or SIGINT sets the event that `main` is given; it then has to drain and return. A second one
    cancels it.

    Args:
        main: Builds the service, serves until the event is set, and drains.
        service: Its name in the logs; the name of its package unless given.
        environ: Where the settings of the log are read.
    """
    name = service or _package_of(main)
    try:
        settings = load(ProcessSettings, environ)
        log.configure(service=name, log_format=settings.log_format, level=settings.log_level)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_stopped(main))
    except SettingsError as error:
        for problem in error.problems:
            print(f"{name}: {problem}", file=sys.stderr)  # noqa: T201 - logs may not be configured yet
        return EXIT_BAD_SETTINGS
    except asyncio.CancelledError:
        return EXIT_FAILED
    except Exception as error:
        _logger.critical("process failed", exc_info=error)
        return EXIT_FAILED
    return EXIT_OK


def spare_the_collector() -> None:
    """Let the garbage collector look less often, and not at what stays for good; called once all is built.

    What comes and goes with calls are trees, freed by their reference counts; the collector would look at
    them, and at everything that was imported, again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


async def _until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    stop = asyncio.Event()

    def on_signal(name: str) -> None:
        if stop.is_set():
            _logger.warning("stopping at once", signal=name)
            if task is not None:
                task.cancel()
            return
        _logger.info("stopping", signal=name)
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, on_signal, each.name)
    await main(stop)


def _package_of(main: Callable[..., object]) -> str:
    package = str(getattr(sys.modules.get(main.__module__), "__package__", "") or main.__module__)
    return package.removeprefix("timeloom_")
