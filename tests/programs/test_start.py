"""What a program imports before it does its work: every test and every cell pays for that."""

import pytest

from tests.programs.programs import PYTHON_CLIENTS, PYTHON_SERVERS, Program, Start
from tests.programs.wire import free_port, listening

_USES_ASYNCIO = {"python-async", "python-chat"}


@pytest.mark.parametrize("program", PYTHON_SERVERS, ids=lambda program: program.name)
def test_only_a_server_with_an_event_loop_imports_asyncio(start: Start, program: Program) -> None:
    with listening("0.0.0.0") as taken:
        server = start(program, taken.port, PYTHONPROFILEIMPORTTIME="1")
        assert server.status() == program.failed_status
    assert ("asyncio" in _imported(server.err)) is (program.name in _USES_ASYNCIO)


@pytest.mark.parametrize("program", PYTHON_CLIENTS, ids=lambda program: program.name)
def test_no_client_imports_asyncio(start: Start, program: Program) -> None:
    arguments = ["alice"] if "chat" in program.name else []
    client = start(program, *arguments, "127.0.0.1", free_port(), PYTHONPROFILEIMPORTTIME="1")
    assert client.status() == program.failed_status
    imported = _imported(client.err)
    assert "javaio" in imported
    assert "asyncio" not in imported


def _imported(lines: list[str]) -> set[str]:
    """The modules that Python reports on standard error with `PYTHONPROFILEIMPORTTIME`."""
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
