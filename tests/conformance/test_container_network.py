"""A program in a cell's container reaches the cell, and no service of the host."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.backends import choose_backend
from conformance.backends.base import ConsoleLog
from conformance.backends.containers import ContainerBackend, ContainerHandle, connect_engine
from conformance.observe.places import reachable_addresses
from tests.conformance.building import REGISTRY

LONG = 60.0
PROBE = """
import socket, sys
for host in sys.argv[2:]:
    try:
        socket.create_connection((host, int(sys.argv[1])), 2).close()
    except OSError:
        continue
    print(host)
"""


@contextmanager
def service_of_the_host() -> Iterator[int]:
    """Somebody accepts on every IPv4 address of the host, at that port."""
    with socket.create_server(("", 0), backlog=64) as listener:

        def serve() -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def backend() -> Iterator[ContainerBackend]:
    engine, answer = connect_engine()
    if engine is None:
        pytest.skip(answer)
    engine.close()
    made = choose_backend("containers", REGISTRY.runtimes)
    assert isinstance(made, ContainerBackend)
    made.prepare([], lambda text: None)
    yield made
    made.close()


def reached(backend: ContainerBackend, network: str, port: int, hosts: list[str]) -> list[str]:
    """Which of these a program reaches that runs in that network as programs of cells do."""
    log = ConsoleLog()
    command = ["python3", "-c", PROBE, str(port), *hosts]
    handle = ContainerHandle(backend, backend.harness_image, command, log, network_mode=network)
    try:
        assert handle.wait(time.monotonic() + LONG) == 0, log.lines
    finally:
        handle.stop()
    return [line.text for line in log.lines]


def test_no_address_of_the_host_answers(backend: ContainerBackend) -> None:
    backend.network.reload()
    gateways = [config.get("Gateway") for config in backend.network.attrs["IPAM"]["Config"]]
    hosts = [*filter(None, gateways), *reachable_addresses()]
    with service_of_the_host() as port:
        if not reached(backend, "bridge", port, hosts):
            pytest.skip("no container of this host reaches it at all")
        assert reached(backend, str(backend.network.name), port, hosts) == []
