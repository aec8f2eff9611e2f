"""The JDKs of this machine, by version."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["find_jdks"]

_USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "C:/Program Files/Java/*",
    "C:/Program Files/Eclipse Adoptium/*",
)
_VERSION = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)


def find_jdks() -> dict[int, Path]:
    """The folder of each JDK (one that can compile, from version 17 on); the one a user means by `java` comes first."""
    found: dict[int, Path] = {}
    for home in _candidates():
        version = _version(home)
        if version is not None and version >= 17:
            found.setdefault(version, home)
    return found


def _candidates() -> Iterator[Path]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    compiler = shutil.which("javac")
    if compiler:
        yield Path(compiler).resolve().parent.parent
    for place in _USUAL_PLACES:
        root = Path(Path(place).anchor)
        yield from sorted(root.glob(str(Path(place).relative_to(root))))


def _version(home: Path) -> int | None:
    compilers = [home / "bin" / name for name in ("javac", "javac.exe")]
    try:
        if not any(compiler.exists() for compiler in compilers):
            return None
        release = _VERSION.search((home / "release").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(release[1]) if release else None
