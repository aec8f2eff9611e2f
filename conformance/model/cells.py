"""The matrix: all cells and their names."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.program import Program
from conformance.model.protocol import Protocol
from conformance.model.registry import Network, Registry
from conformance.model.scenario import Scenario

__all__ = ["Cell", "all_cells", "program_variants"]


@dataclass(frozen=True)
class Cell:
    """One server, its clients, and the network between them.

    `clients` has one program for a protocol without a scenario, else one for each member, in the order of the
    scenario's members. `mixture` is the name of the clients together.
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
        """`addition/java-SimpleServer/python-simple/byte-by-byte`, which selects the cell with -k."""
        return f"{self.protocol.protocol}/{self.server.name}/{self.mixture}/{self.network_name}"

    @property
    def programs(self) -> tuple[Program, ...]:
        """The server and the clients."""
        return (self.server, *self.clients)


Variants = Mapping[str, Sequence[str]]
"""The versions that were chosen for a language: its programs run once with each."""


def all_cells(registry: Registry, variants: Variants, networks: Sequence[str] = ()) -> Iterator[Cell]:
    """Every cell: servers x clients x networks of each protocol, programs once in each of the chosen variants.

    The networks are those of these names, or the usual ones where there are none.
    """
    chosen = {
        name: network
        for name, network in registry.networks.items()
        if (name in networks if networks else network.usual)
    }
    servers = [each for program in registry.servers for each in program_variants(program, variants)]
    clients = [each for program in registry.clients for each in program_variants(program, variants)]
    for name, protocol in registry.protocols.items():
        scenario = registry.scenarios.get(name)
        mine = [client for client in clients if client.entry.protocol == name]
        mixtures = _mixtures(mine, scenario) if scenario else {client.name: (client,) for client in mine}
        fitting = [server for server in servers if server.entry.protocol == name]
        for server, (mixture, members), (network_name, network) in itertools.product(
            fitting, mixtures.items(), chosen.items()
        ):
            yield Cell(protocol, server, mixture, members, network_name, network, scenario)


def program_variants(program: Program, variants: Variants) -> Iterator[Program]:
    """The program once in each variant chosen for its language, as `java21-SimpleServer`; or as it is, without any."""
    language = program.entry.language or ""
    chosen = variants.get(language)
    if not chosen:
        yield program
    for variant in chosen or ():
        name = program.name.removeprefix(f"{language}-")
        yield dataclasses.replace(program, name=f"{language}{variant}-{name}", variant=variant)


def _mixtures(clients: Sequence[Program], scenario: Scenario) -> Mapping[str, tuple[Program, ...]]:
    """For each program, all members with that program; and one mixture in which the programs alternate."""
    count = len(scenario.members)
    mixtures = {f"all-{client.name}": (client,) * count for client in clients}
    if len(clients) > 1:
        mixtures["mixed"] = tuple(clients[number % len(clients)] for number in range(count))
    return mixtures
