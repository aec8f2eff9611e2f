"""The JDK at the other end of two pipes: cases go in, what the JDK does comes out."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .cases import Case, question

__all__ = ["SOURCE", "JdkOracle", "compile_oracle"]

SOURCE = Path(__file__).with_name("JdkOracle.java")


def compile_oracle(javac: str, folder: Path) -> None:
    """Compiles the oracle into `folder`."""
    shutil.copy(SOURCE, folder)
    command = [javac, "-encoding", "UTF-8", "-d", str(folder), str(folder / SOURCE.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{javac} cannot compile {SOURCE.name}: {done.stdout}{done.stderr}")


class JdkOracle:
    """A running oracle, started by any command that puts JdkOracle.java behind its standard input and output."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.asked = 0

    def send(self, cases: Sequence[Case]) -> None:
        """Asks, without waiting: the JDK computes while the caller does. One batch at a time."""
        body = b"".join([len(cases).to_bytes(4, "big"), *map(question, cases)])
        assert self._process.stdin is not None
        self._process.stdin.write(len(body).to_bytes(4, "big") + body)
        self._process.stdin.flush()
        self.asked += len(cases)

    def receive(self) -> bytes:
        """The answers to the batch that was sent: for each case its length in four bytes, and itself."""
        return self._take(int.from_bytes(self._take(4), "big"))

    def ask(self, cases: Sequence[Case]) -> list[bytes]:
        """The answer to each case."""
        self.send(cases)
        return split_answers(self.receive())

    def close(self) -> None:
        """Ends the process, which ends by itself when nothing more is asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, size: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise RuntimeError(f"the oracle ended (status {self._process.wait()}): {' '.join(self._command)}")
        return data


def split_answers(answers: bytes) -> list[bytes]:
    """The answers of a batch, one by one."""
    found, at = [], 0
    while at < len(answers):
        size = int.from_bytes(answers[at : at + 4], "big")
        found.append(answers[at + 4 : at + 4 + size])
        at += 4 + size
    return found
