"""How long this process has been running, from the moment the shell started it."""

import os
import sys
import time
from pathlib import Path

import psutil

_START_TICKS_AFTER_NAME = 19


def process_age_seconds() -> float:
    """Exact to a hundredth: psutil counts from the time of boot, which Linux tells in whole seconds only."""
    if sys.platform != "linux":
        return time.time() - psutil.Process().create_time()
    # The name, in parentheses, may hold spaces and parentheses of its own.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start_seconds = int(fields[_START_TICKS_AFTER_NAME]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - start_seconds
