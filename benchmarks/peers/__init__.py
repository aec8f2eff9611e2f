"""The programs to measure with: the Java reference, and a server, a relay and the load in C. Compiled for each run."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows import UnavailableError

__all__ = ["Peers", "compiled_peers"]

_ROOT = Path(__file__).resolve().parents[2]


class Peers:
    """The commands of the compiled programs; their folder has the consoles too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.load = str(folder / "load")
        self.epoll_server = (str(folder / "epoll_server"), "0")

    def relay(self, port: int) -> tuple[str, ...]:
        """The command of a relay in C to that port."""
        return (str(self.folder / "relay"), str(port))

    def java(self, name: str) -> tuple[str, ...]:
        """The command of a server of the Java reference, with the default options of the JVM."""
        return ("java", "-cp", str(self.folder), name, "0")


@contextmanager
def compiled_peers() -> Iterator[Peers]:
    """Compiles the programs in a folder that is removed after the context."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        for program in ("load", "epoll_server", "relay"):
            source = str(Path(__file__).with_name(f"{program}.c"))
            _compile("cc", "-O2", "-o", str(folder / program), source)
        sources = sorted(str(path) for path in (_ROOT / "java-reference").glob("*.java"))
        _compile("javac", "-encoding", "UTF-8", "-d", name, *sources)
        yield Peers(folder)


def _compile(compiler: str, *arguments: str) -> None:
    if shutil.which(compiler) is None:
        raise UnavailableError(f"there is no {compiler} on the PATH")
    done = subprocess.run([compiler, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{compiler} failed: {done.stderr.strip()}")
