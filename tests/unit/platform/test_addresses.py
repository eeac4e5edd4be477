"""Where a project may have us connect to. The system looks addresses up, and needs no network for these."""

from __future__ import annotations

import pytest

from timeloom_platform.outgoing.addresses import Addresses, PrivateAddressError

SETTING = "TIMELOOM_SOME_PRIVATE_HOSTS"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2130706433",
        "0x7f.1",
        "localhost",
    ],
)
async def test_what_is_not_public_is_refused(host: str) -> None:
    with pytest.raises(PrivateAddressError, match=SETTING):
        await Addresses("", setting=SETTING).lookup(host, 80)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700:4700::1111"])
async def test_what_is_public_is_not(host: str) -> None:
    assert await Addresses("", setting=SETTING).lookup(host, 443) == [host]


@pytest.mark.parametrize(
    ("hosts", "host", "address"),
    [
        ("*", "db", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("10.0.0.0/8", "db", "10.1.2.3"),
        ("fc00::/7", "db", "fc00::7"),
        (" LocalHost , 10.0.0.1", "localhost", "127.0.0.1"),
        ("*.svc.cluster.local", "api.svc.cluster.local", "10.0.0.7"),
    ],
)
def test_settings_let_some_through(hosts: str, host: str, address: str) -> None:
    assert Addresses(hosts, setting=SETTING).may_connect(host, address)


@pytest.mark.parametrize(
    ("hosts", "host", "address"),
    [
        ("10.0.0.0/8", "db", "192.168.1.1"),
        ("db", "mydb", "10.0.0.7"),
        ("*.svc.cluster.local", "svc.cluster.local", "10.0.0.7"),
        ("*.svc.cluster.local", "evil-svc.cluster.local", "10.0.0.7"),
    ],
)
def test_settings_let_no_others_through(hosts: str, host: str, address: str) -> None:
    assert not Addresses(hosts, setting=SETTING).may_connect(host, address)


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99 is neither an address nor a network"):
        Addresses("localhost,10.0.0.0/99", setting=SETTING)
