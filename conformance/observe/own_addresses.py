"""The addresses of this machine, and the networks that they are in."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

import psutil

__all__ = ["OwnAddress", "own_addresses", "reachable_addresses"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class OwnAddress:
    """An address, the interface that has it, and the network around it."""

    address: Address
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    interface: str

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def own_addresses() -> list[OwnAddress]:
    """Every address of every interface that is up."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found: list[OwnAddress] = []
    for interface, entries in psutil.net_if_addrs().items():
        for entry in entries:
            if interface in up and entry.family in (socket.AF_INET, socket.AF_INET6):
                address = ipaddress.ip_address(entry.address.partition("%")[0])
                network = ipaddress.ip_network(f"{address}/{_prefix(entry.netmask, address)}", strict=False)
                found.append(OwnAddress(address, network, interface))
    return found


def reachable_addresses() -> list[str]:
    """The IPv4 addresses by which others on the network can reach this machine."""
    return [str(own.address) for own in own_addresses() if own.address.version == 4 and not own.address.is_loopback]


def _prefix(mask: str | None, address: Address) -> int:
    if not mask:
        return address.max_prefixlen
    # psutil writes both families' masks as addresses; some systems append the length.
    return int(ipaddress.ip_address(mask.partition("/")[0])).bit_count()
