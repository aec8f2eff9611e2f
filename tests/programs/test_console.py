"""What the Python programs do for who sits in front of them: a safe console, Ctrl-C, --help."""

import os
import signal
import subprocess
import sys

import pytest

from tests.programs.programs import (
    CHAT_CLIENTS,
    MULTITHREADED_SERVERS,
    PYTHON_CLIENTS,
    PYTHON_SERVERS,
    SIMPLE_SERVERS,
    Program,
    Start,
    environment,
    python_command,
)
from tests.programs.running import LIMIT, ROOT
from tests.programs.wire import Peer, listening, message, utf

NASTY = "a\x1b[2Jb\nc\x00d\x7fe\x9ff\u2028g\u202eh\\n"
SHOWN = "a\\x1b[2Jb\\nc\\x00d\\x7fe\\x9ff\\u2028g\\u202eh\\n"

python_programs = pytest.mark.parametrize(
    "program", [*PYTHON_SERVERS, *PYTHON_CLIENTS], ids=lambda program: program.name
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def java_utf(text: str) -> bytes:
    data = text.encode().replace(b"\x00", b"\xc0\x80")
    return len(data).to_bytes(2, "big") + data


@pytest.mark.parametrize(
    "program", [p for p in (*SIMPLE_SERVERS, *MULTITHREADED_SERVERS) if p.python], ids=lambda program: program.name
)
def test_an_address_cannot_play_with_the_console(start: Start, program: Program) -> None:
    server = start(program, 0)
    Peer.connect(server.port, java_utf(NASTY))
    server.wait_until(lambda: any(line.endswith(f" : {SHOWN}") for line in server.out), SHOWN)


@pytest.mark.parametrize("program", [p for p in PYTHON_SERVERS if "chat" in p.name], ids=lambda program: program.name)
def test_a_message_cannot_play_with_the_servers_console(start: Start, program: Program) -> None:
    server = start(program, 0)
    peer = Peer.connect(server.port, java_utf(NASTY), java_utf(NASTY), java_utf(NASTY))
    server.wait_for(f"--> Adresse du client : {SHOWN}")
    server.wait_for(f"--> Message de {SHOWN} : {SHOWN}")
    assert peer.read(2 * len(java_utf(NASTY))) == 2 * java_utf(NASTY), "on the wire it is as it was"


@pytest.mark.parametrize("program", [p for p in CHAT_CLIENTS if p.python], ids=lambda program: program.name)
def test_a_message_cannot_play_with_the_clients_console(start: Start, program: Program) -> None:
    with listening() as listener:
        client = start(program, "alice", "127.0.0.1", listener.port)
        listener.accept().send(java_utf(NASTY) * 2)
        client.wait_for(f"--> {SHOWN} : {SHOWN}")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_the_console_is_in_utf_8_whatever_the_locale(start: Start, encoding: str) -> None:
    server = start(SIMPLE_SERVERS[1], 0, PYTHONIOENCODING=encoding)
    Peer.connect(server.port, utf("Ærøskøbing"))
    server.wait_for("--> Nouveau client à l'adresse : Ærøskøbing")


@python_programs
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the console here")
def test_a_console_that_is_closed_ends_it_quietly(program: Program) -> None:
    with listening() as listener:
        arguments = ["0"] if program in PYTHON_SERVERS else ["127.0.0.1", str(listener.port), "1"]
        if program in CHAT_CLIENTS:
            arguments.insert(0, "alice")
        command = program.command(*arguments)
        reading, writing = os.pipe()
        os.close(reading)
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE
        )
        os.close(writing)
        _, complaints = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert complaints == b""


@posix
@pytest.mark.parametrize("program", PYTHON_CLIENTS, ids=lambda program: program.name)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_ctrl_c_ends_a_client_cleanly(start: Start, program: Program, number: signal.Signals, status: int) -> None:
    with listening() as listener:
        arguments = ["127.0.0.1", listener.port, 3]
        client = start(program, *(["alice"] if program in CHAT_CLIENTS else []), *arguments)
        peer = listener.accept()
        assert peer.read_utf() == "127.0.0.1"
        client.process.send_signal(number)
        assert client.status() == status
    assert client.err == []


@pytest.mark.parametrize("module", ["pyserver", "pyclient"])
def test_help_teaches(start: Start, module: str) -> None:
    helping = start(Program(module, python=python_command("-m", module, "--help")))
    assert helping.status() == 0
    text = "\n".join(helping.out)
    for taught in ("example", "other side", "java SimpleServer" if module == "pyclient" else "java SimpleClient"):
        assert taught in text
    kinds = ("simple", "multithreaded", "chat")
    for kind in kinds if module == "pyclient" else (*kinds, "async"):
        assert f"\n  {kind} " in text, f"it says what {kind} is"


@pytest.mark.parametrize(
    "arguments",
    [
        ("pyserver",),
        ("pyserver", "nosuch"),
        ("pyserver", "simple", "--port", "65536"),
        ("pyserver", "simple", "--port", "-1"),
        ("pyserver", "simple", "--port", "x"),
        ("pyserver", "simple", "--host", "a..b"),
        ("pyserver", "chat", "--host", "x" * 64),
        ("pyclient",),
        ("pyclient", "multithreaded", "--clients", "-1"),
        ("pyserver.healthcheck", "nosuch"),
    ],
    ids=" ".join,
)
def test_a_mistake_on_the_command_line(start: Start, arguments: tuple[str, ...]) -> None:
    mistaken = start(Program("mistaken", python=python_command("-m", *arguments)))
    assert mistaken.status() == 2
    assert mistaken.out == []
    assert ": error: " in mistaken.err[-1]
    assert not any("Traceback" in line for line in mistaken.err)


def test_a_chat_without_a_keyboard(start: Start) -> None:
    """Standard input closed from the beginning is the end of the input."""
    with listening() as listener:
        close_and_run = "import os, sys; os.close(0); from pyclient.__main__ import main; sys.exit(main())"
        options = ("chat", "alice", "--port", str(listener.port))
        client = start(Program("chat", python=python_command("-c", close_and_run, *options)))
        peer = listener.accept()
        peer.read_utf()
        peer.send(message("bob", "salut"))
        assert peer.read_all() == b""
        peer.close()
        assert client.status() == 0
    assert client.err == []
