"""Etags: they change with every version of a memory, and with every change of a namespace's own fields."""

from __future__ import annotations

from timeloom_memory.model import Memory, Namespace
from timeloom_platform.errors import EtagMismatchError


def etag_of(resource: Memory | Namespace) -> str:
    """Returns the etag. The sequence tells a resource from one that had its name before."""
    if isinstance(resource, Memory):
        return f"{resource.version}-{resource.sequence}"
    return f"{resource.version}"


def check_etag(resource: Memory | Namespace, expected: str) -> None:
    """Does nothing if the resource has the etag, or none is expected.

    Raises:
        EtagMismatchError: It has another.
    """
    found = etag_of(resource)
    if expected and expected != found:
        what = f"Memory {resource.id}" if isinstance(resource, Memory) else f"Namespace {resource.name}"
        raise EtagMismatchError(f"{what} has changed: its etag is {found} now.", metadata={"etag": found})
