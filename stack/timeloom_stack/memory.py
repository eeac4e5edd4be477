"""How much memory processes really take: PSS counts a page that several share once, in equal parts."""

import psutil


def proportional_bytes(pid: int) -> int | None:
    """The PSS of a process and all its descendants; None if it is gone or another user's."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(_pss(each) for each in family)
    except psutil.Error:
        return None


def own_bytes(pid: int) -> int | None:
    """The PSS of a process alone."""
    try:
        return _pss(psutil.Process(pid))
    except psutil.Error:
        return None


def _pss(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
        # Only Linux tells the PSS; what a process has for itself comes closest.
        return int(getattr(info, "pss", info.uss))
    except psutil.NoSuchProcess:
        return 0
