"""The runtimes: what each language needs to run its programs, in images and with the toolchains of this machine.

A language is an entry of `runtimes.yaml` and a class here. Nothing else in the harness knows one language from another.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from conformance.backends.base import ProgramError, Progress, Run
from conformance.model.placeholders import fill
from conformance.model.registry import RuntimeEntry

__all__ = ["HARNESS_RUNTIME", "ROOT", "Runtime", "Toolchain", "create_runtimes", "find_jdks", "joined"]

ROOT = Path(__file__).resolve().parents[2]
"""The folder of this repository."""

HARNESS_RUNTIME = "python"
"""The runtime of the harness's own programs, the tap and the player."""


@dataclass
class Toolchain:
    """An installation on this machine: its variant, and the executable for each word that a command may begin with.

    `home` is the folder in which the programs of this repository run, once it is made.
    """

    runtime: Runtime
    variant: str
    executables: Mapping[str, Path]
    home: Path | None = None


class Runtime(ABC):
    """The runtime of one language."""

    title: str  # what a variant is a version of, in sentences: `JDK`
    key: str  # the name of its versions in the records: `jdk`
    needs: str  # which versions can be used
    install: str  # the phrase that says what to install

    def __init__(self, entry: RuntimeEntry) -> None:
        self.entry = entry

    # In images

    def image_variant(self, variant: str | None) -> str | None:
        """The variant of the image for programs that ask for `variant`; None where the image has no variants."""
        return variant or next(iter(self.entry.variants), None)

    def tag(self, variant: str | None) -> str:
        """The tag of the image of that variant."""
        return f"{self.entry.image}:{variant or 'latest'}"

    def build_args(self, variant: str | None) -> dict[str, str]:
        """The arguments for building the image of that variant."""
        return {name: fill(value, {"variant": variant}) for name, value in self.entry.build_args.items()}

    def not_in_images(self, variant: str | None) -> str | None:
        """The sentence that says that there is no image of that variant, or None if there is one."""
        if variant is None or variant in self.entry.variants:
            return None
        return f"{self.title} {variant} is not in Debian, whose images have {' and '.join(self.entry.variants)}"

    def with_options(self, command: Sequence[str]) -> list[str]:
        """The command with the runtime's options behind its first word."""
        first, *rest = command
        return [first, *self.entry.options.get(first, ()), *rest]

    # On this machine

    @property
    @abstractmethod
    def toolchains(self) -> Mapping[str, Toolchain]:
        """The toolchains of this machine by their variants; the one that a user means without a version is first."""

    def home(self, toolchain: Toolchain, folder: Path, run: Run, progress: Progress) -> Path:
        """Makes the toolchain's home, with what must be built in `folder`. Raises `ProgramError`."""
        return ROOT

    def toolchain(self, variant: str | None) -> Toolchain | None:
        """The toolchain of that variant, or the first one; None if there is none."""
        return next(iter(self.toolchains.values()), None) if variant is None else self.toolchains.get(variant)

    def not_on_this_machine(self, variant: str | None) -> str | None:
        """The sentence that says that there is no such toolchain, or None if there is one."""
        if self.toolchain(variant) is not None:
            return None
        if variant is not None:
            return f"{self.title} {variant} is not on this machine"
        return f"no {self.title} ({self.needs}) was found on this machine"

    def argv(self, toolchain: Toolchain, command: Sequence[str]) -> list[str] | None:
        """The command with the executable and its options; None if the toolchain does not have its first word."""
        executable = toolchain.executables.get(command[0])
        return None if executable is None else [str(executable), *self.with_options(command)[1:]]


class _Java(Runtime):
    """Java: a variant is the version of a JDK."""

    title = "JDK"
    key = "jdk"
    needs = "17 or later"
    install = "a JDK from version 17 on (default-jdk-headless on Debian)"

    @cached_property
    def toolchains(self) -> Mapping[str, Toolchain]:
        return {
            version: Toolchain(self, version, {name: home / "bin" / name for name in ("java", "javac")})
            for version, home in find_jdks().items()
        }

    def home(self, toolchain: Toolchain, folder: Path, run: Run, progress: Progress) -> Path:
        """The compiled classes of java-reference."""
        progress(f"compiling java-reference with JDK {toolchain.variant}")
        classes = folder / f"java-{toolchain.variant}"
        sources = sorted(str(path) for path in (ROOT / "java-reference").glob("*.java"))
        compiler = str(toolchain.executables["javac"])
        status, output = run([compiler, "-encoding", "UTF-8", "-d", str(classes), *sources], ROOT)
        if status:
            raise ProgramError("\n".join([f"java-reference cannot be compiled with JDK {toolchain.variant}:", *output]))
        return classes


class _Python(Runtime):
    """Python: the one that runs the harness."""

    title = "Python"
    key = "python"
    needs = "3.11 or later"
    install = "Python from version 3.11 on"

    @cached_property
    def toolchains(self) -> Mapping[str, Toolchain]:
        version, executable = platform.python_version(), Path(sys.executable)
        return {version: Toolchain(self, version, {"python": executable, "python3": executable})}


_CLASSES: Mapping[str, Callable[[RuntimeEntry], Runtime]] = {"java": _Java, "python": _Python}


def create_runtimes(entries: Mapping[str, RuntimeEntry]) -> Mapping[str, Runtime]:
    """The runtime of each entry, by its language."""
    return {language: _CLASSES[language](entry) for language, entry in entries.items()}


def joined(versions: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The versions under each name, as one text."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for name, version in sorted(versions):
        by_name[name].append(version)
    return {name: ", ".join(found) for name, found in by_name.items()}


# Finding JDKs --------------------------------------------------------------------------------------------------------

_USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "C:/Program Files/Java/*",
    "C:/Program Files/Eclipse Adoptium/*",
)
_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)
_OLDEST = 17


def find_jdks() -> dict[str, Path]:
    """The folder of each JDK from version 17 on, by version; the one that `java` means on this machine is first."""
    homes = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    if compiler := shutil.which("javac"):
        homes.append(Path(compiler).resolve().parent.parent)
    for place in _USUAL_PLACES:
        root = Path(Path(place).anchor)
        homes += sorted(root.glob(str(Path(place).relative_to(root))))
    found: dict[str, Path] = {}
    for home in homes:
        with suppress(OSError):
            release = _VERSION.search((home / "release").read_text(encoding="utf-8", errors="replace"))
            if release and int(release[1]) >= _OLDEST and shutil.which("javac", path=str(home / "bin")):
                found.setdefault(release[1], home)
    return found
