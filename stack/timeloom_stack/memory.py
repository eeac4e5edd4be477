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


def proportional_bytes_without(pid: int, children: frozenset[int]) -> int | None:
    """The same, but for children that are counted elsewhere, with what descends from them."""
    try:
        process = psutil.Process(pid)
        others = [child.pid for child in process.children() if child.pid not in children]
        return _pss(process) + sum(proportional_bytes(each) or 0 for each in others)
    except psutil.Error:
        return None


def _pss(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
        # Only Linux tells the PSS; what a process has for itself comes closest.
        return int(getattr(info, "pss", info.uss))
    except psutil.NoSuchProcess:
        return 0
