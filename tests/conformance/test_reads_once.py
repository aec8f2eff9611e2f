"""Programs that take one `recv(4)` or `read(buffer)` for an int fail byte by byte, whoever they meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.backends.runtimes import find_jdks
from tests.conformance.running import HERE, any_of, run_matrix

PROGRAMS = HERE / "broken" / "reads_once.yaml"
WRONG = ("python-reads-once", "java-reads-once")
RIGHT_SERVERS = (
    "java-SimpleServer",
    "java-MultithreadedServer",
    "python-simple",
    "python-multithreaded",
    "python-async",
)
RIGHT_CLIENTS = (
    "java-SimpleClient",
    "java-MultithreadedClients",
    "python-simple",
    "python-multithreaded",
    "probe-extremes",
)


@pytest.mark.skipif(not find_jdks(), reason="there is no JDK on this machine")
def test_they_pass_direct_and_fail_byte_by_byte_with_every_right_partner(tmp_path: Path) -> None:
    meetings = [f"addition/{server}/{wrong}" for server in RIGHT_SERVERS for wrong in WRONG]
    meetings += [f"addition/{wrong}/{client}" for client in RIGHT_CLIENTS for wrong in WRONG]
    options = ("--backend", "processes", "--programs", str(PROGRAMS), "--workers", "4")
    asked = f"({' or '.join(WRONG)}) and (direct or byte-by-byte)"
    run = run_matrix(tmp_path, "-p", "tests.conformance.impatient", *options, "-k", asked)
    codes = run.codes()
    assert [meeting for meeting in meetings if codes[f"{meeting}/direct"] is not None] == []
    assert [meeting for meeting in meetings if codes[f"{meeting}/byte-by-byte"] is None] == []


@pytest.mark.usefixtures("engine")
def test_in_containers_too_they_fail_byte_by_byte(tmp_path: Path) -> None:
    """Servers are in another network namespace than the tap there, which cannot see what they have read."""
    meetings = [f"addition/{server}/java-reads-once" for server in ("java-SimpleServer", "python-multithreaded")]
    meetings += [f"addition/java-reads-once/{client}" for client in ("java-SimpleClient", "python-multithreaded")]
    cells = [f"{meeting}/{network}" for meeting in meetings for network in ("direct", "byte-by-byte")]
    options = ("--backend", "containers", "--programs", str(PROGRAMS), "-k", any_of(cells))
    codes = run_matrix(tmp_path, "-p", "tests.conformance.impatient", *options).codes()
    assert codes.keys() == set(cells)
    assert [cell for cell in cells if (codes[cell] is None) is cell.endswith("/byte-by-byte")] == []
