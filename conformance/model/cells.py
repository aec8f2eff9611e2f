"""The matrix: which cells there are, and what each is called."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.network import Network
from conformance.model.program import Program
from conformance.model.protocol import Protocol
from conformance.model.registry import Registry
from conformance.model.scenario import Scenario

__all__ = ["Cell", "all_cells", "on_jdks"]


@dataclass(frozen=True)
class Cell:
    """One server, the clients that meet it, and the network between them.

    `clients` has one program for a protocol that runs by itself; where a scenario says who does what, it has one for
    each member, in the order of the scenario's members. `mixture` is what the clients are called together.
    """

    protocol: Protocol
    server: Program
    mixture: str
    clients: tuple[Program, ...]
    network_name: str
    network: Network
    scenario: Scenario | None = None

    @property
    def name(self) -> str:
        """`addition/java-SimpleServer/python-simple/byte-by-byte`: it selects the cell with -k."""
        return f"{self.protocol.protocol}/{self.server.name}/{self.mixture}/{self.network_name}"

    @property
    def programs(self) -> tuple[Program, ...]:
        """All programs of the cell."""
        return (self.server, *self.clients)


def all_cells(registry: Registry, jdks: Sequence[int]) -> Iterator[Cell]:
    """Every cell: servers x clients x networks of each protocol, the Java side once for each JDK that was asked for."""
    servers = [variant for program in registry.servers for variant in on_jdks(program, jdks)]
    clients = [variant for program in registry.clients for variant in on_jdks(program, jdks)]
    for name, protocol in registry.protocols.items():
        scenario = registry.scenarios.get(name)
        mine = [client for client in clients if client.entry.protocol == name]
        mixtures = _mixtures(mine, scenario) if scenario else {client.name: (client,) for client in mine}
        for server in servers:
            if server.entry.protocol != name:
                continue
            for mixture, members in mixtures.items():
                for network_name, network in registry.networks.items():
                    yield Cell(protocol, server, mixture, members, network_name, network, scenario)


def on_jdks(program: Program, jdks: Sequence[int]) -> Iterator[Program]:
    """The program once for each JDK, as `java21-SimpleServer`; as it is where it is not Java or none was asked for."""
    if program.entry.language != "java" or not jdks:
        yield program
        return
    for jdk in jdks:
        name = program.name.removeprefix("java-")
        yield dataclasses.replace(program, name=f"java{jdk}-{name}", jdk=jdk)


def _mixtures(clients: Sequence[Program], scenario: Scenario) -> Mapping[str, tuple[Program, ...]]:
    """All members with the same program, for each program; and one mixture in which the programs take turns."""
    count = len(scenario.members)
    mixtures = {f"all-{client.name}": (client,) * count for client in clients}
    if len(clients) > 1:
        mixtures["mixed"] = tuple(clients[number % len(clients)] for number in range(count))
    return mixtures
