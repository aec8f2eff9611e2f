"""Which programs there are, and how each is started: the same tests judge all that play the same part."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.programs.running import ROOT, Running

__all__ = [
    "CHAT_CLIENTS",
    "CHAT_SERVERS",
    "MANY_CLIENTS",
    "MULTITHREADED_SERVERS",
    "PYTHON_CLIENTS",
    "PYTHON_SERVERS",
    "SERVERS",
    "SIMPLE_CLIENTS",
    "SIMPLE_SERVERS",
    "Program",
    "Start",
    "environment",
    "python_command",
    "with_options",
]

# A JVM that starts soon.
_JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8")

# Python's own event loop, although uvloop may be installed.
_WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None; from pyserver.__main__ import main; sys.exit(main())"


@dataclass(frozen=True)
class Program:
    """A name for the tests, a Java class or a Python command, and the names of its options where it has them."""

    name: str
    java: str | None = None
    python: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def failed_status(self) -> int:
        """How it ends when it could not do its work: the course's Java says 0 either way."""
        return 0 if self.java else 1

    def command(self, *arguments: object) -> tuple[str, ...]:
        """Positional arguments for Java; for Python the same, by the names of its options."""
        texts = [str(argument) for argument in arguments]
        if self.java:
            return (*_JAVA, self.java, *texts)
        named: list[str] = []
        for option, text in zip(self.options, texts, strict=False):
            named += [option, text] if option else [text]
        return (*self.python, *named)


Start = Callable[..., Running]
"""`start(program, *arguments)`: starts it, and ends it with the test."""


def python_command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)


def with_options(program: Program, *options: str) -> Program:
    """The same Python program with options of its own."""
    return Program(program.name, python=(*program.python, *options), options=program.options)


def _java_server(name: str) -> Program:
    return Program(f"java-{name}", java=name)


def _python_server(name: str) -> Program:
    return Program(f"python-{name}", python=python_command("-m", "pyserver", name), options=("--port",))


def _python_server_without_uvloop(name: str) -> Program:
    python = python_command("-c", _WITHOUT_UVLOOP, name)
    return Program(f"python-{name}-without-uvloop", python=python, options=("--port",))


def _python_client(name: str, *options: str) -> Program:
    return Program(f"python-{name}", python=python_command("-m", "pyclient", name), options=options)


SIMPLE_SERVERS = [_java_server("SimpleServer"), _python_server("simple")]
MULTITHREADED_SERVERS = [
    _java_server("MultithreadedServer"),
    _python_server("multithreaded"),
    _python_server("async"),
    _python_server_without_uvloop("async"),
]
CHAT_SERVERS = [_java_server("ChatServer"), _python_server("chat"), _python_server_without_uvloop("chat")]
# Every program once: how a server listens and ends is not the affair of its event loop.
SERVERS = [*SIMPLE_SERVERS, *MULTITHREADED_SERVERS[:3], *CHAT_SERVERS[:2]]

SIMPLE_CLIENTS = [Program("java-SimpleClient", java="SimpleClient"), _python_client("simple", "--host", "--port")]
MANY_CLIENTS = [
    Program("java-MultithreadedClients", java="MultithreadedClients"),
    _python_client("multithreaded", "--host", "--port", "--clients"),
]
CHAT_CLIENTS = [Program("java-ChatClient", java="ChatClient"), _python_client("chat", "", "--host", "--port")]

PYTHON_SERVERS = [program for program in SERVERS if program.python]
PYTHON_CLIENTS = [program for program in (*SIMPLE_CLIENTS, *MANY_CLIENTS, *CHAT_CLIENTS) if program.python]


def environment(**changes: str) -> dict[str, str]:
    """What a program is given: a console in UTF-8 is its own affair, so no locale is promised to it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", **changes}
