"""Where a project may have us connect to: the public Internet, and what the installation's settings name.

Addresses come from whoever may write in a project, and what is fetched there is shown to them. Without a
bound they would reach what only the service itself can: databases, metadata services of clouds, other rooms.
So an address must be a public one, unless a setting names its host. It is looked up once, checked, and the
very address that was checked is connected to: a name that changes its mind in between gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from timeloom_platform.outgoing.errors import OutgoingError

LOOKUP_SECONDS_MAX: Final = 10.0
_NAT64: Final = ip_network("64:ff9b::/96")


class PrivateAddressError(OutgoingError):
    """The host has no address that may be connected to."""

    def __init__(self, host: str, *, setting: str) -> None:
        """Name the host, but not its address: that would tell what the network behind looks like."""
        super().__init__(
            "PrivateAddressError",
            f"{host} is not on the public Internet: name it in {setting} to allow it",
            is_final=True,
        )


class Addresses:
    """Looks hosts up, and lets through what is allowed."""

    def __init__(self, private_hosts: str, *, setting: str) -> None:
        """Take the private hosts that are allowed, with commas between them.

        Args:
            private_hosts: Names (`localhost`), all names below another (`*.svc.cluster.local`), addresses
                (`10.1.2.3`), networks (`10.0.0.0/8`), or `*` for all.
            setting: The variable that they come from.

        Raises:
            ValueError: A network is not one.
        """
        self._setting = setting
        entries = [each.strip().lower() for each in private_hosts.split(",") if each.strip()]
        self._allows_all = "*" in entries
        self._suffixes = tuple(each[1:] for each in entries if each.startswith("*."))
        self._networks = [_network(each) for each in entries if _is_network(each)]
        self._names = frozenset(entries)

    async def lookup(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host that may be connected to, in the resolver's order.

        Raises:
            PrivateAddressError: It has none but private ones.
            OutgoingError: It has none at all, or nobody said in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_SECONDS_MAX):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            raise OutgoingError("ConnectionError", f"{host} cannot be looked up") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        allowed = [each for each in addresses if self.may_connect(host.lower(), each)]
        if not allowed:
            raise PrivateAddressError(host, setting=self._setting)
        return allowed

    def may_connect(self, host: str, address: str) -> bool:
        """Tell whether an address of a host, whose name is in lower case, may be connected to."""
        if self._allows_all or host in self._names or host.endswith(self._suffixes or ("\0",)):
            return True
        parsed = _plain(ip_address(address.partition("%")[0]))
        return _is_public(parsed) or any(parsed in network for network in self._networks)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, or itself."""
    if isinstance(address, IPv4Address):
        return address
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is None and address in _NAT64:
        embedded = IPv4Address(int(address) & 0xFFFFFFFF)
    return embedded or address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def _is_network(entry: str) -> bool:
    return entry[:1].isdigit() or ":" in entry


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(entry)
    except ValueError:
        raise ValueError(f"{entry} is neither an address nor a network") from None
