"""What some of these tests need of the machine; where it is not there they are skipped, with the reason."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import docker
import pytest

from conformance.backends.containers import connect_engine

REQUIRED = "CONFORMANCE_REQUIRE_CONTAINERS"
COURSE_PORT = 8999


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The container engine. Where it must be there (CI says so), its absence is a failure."""
    client, answer = connect_engine()
    if client is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{answer}, and {REQUIRED}=1 says that one must")
        pytest.skip(answer)
    yield client
    client.close()


@pytest.fixture(scope="session")
def course_port() -> int:
    """The course's port, which its unmodified programs insist on, must be free here."""
    try:
        socket.create_server(("", COURSE_PORT)).close()
    except OSError as error:
        pytest.skip(f"port {COURSE_PORT} of this machine is taken ({error.strerror}): docker compose, perhaps?")
    return COURSE_PORT
