"""The layers of `conformance/`: imports run only downward, and the containers receive the lowest layer alone."""

from __future__ import annotations

import ast
import io
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "conformance"

# From low to high. The modules beside these folders only start a program: they may import every layer.
LAYERS = (
    "agent",
    "model",
    "decoder",
    "diagnosis",
    "judge",
    "formatting",
    "backends",
    "runner",
    "results",
    "observe",
    "report",
    "board",
    "cli",
    "pytest_plugin",
)


class Import(NamedTuple):
    importing: str
    imported: str
    place: str


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file, those inside functions and for type checkers included."""
    relative = path.relative_to(ROOT)
    module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative}:{node.lineno}: a relative import"
            names = [f"conformance.{alias.name}" for alias in node.names] if node.module == "conformance" else []
            names = names or [node.module or ""]
        for name in names:
            yield Import(module, name, f"{relative}:{getattr(node, 'lineno', 0)}")


def layer(module: str) -> str | None:
    """The layer of a module of the package; None for others, and for those that stand beside the layers."""
    package, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return name if package == "conformance" and (PACKAGE / name).is_dir() and name else None


@cache
def all_imports() -> list[Import]:
    return [found for path in sorted(PACKAGE.rglob("*.py")) for found in imports(path)]


def test_every_folder_with_code_is_a_layer() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(LAYERS)


def test_imports_run_only_downward() -> None:
    upward = [
        f"{found.place}: {found.importing} imports {found.imported}, which is a higher layer"
        for found in all_imports()
        if (low := layer(found.importing)) is not None and (high := layer(found.imported)) is not None
        if LAYERS.index(high) > LAYERS.index(low)
    ]
    assert not upward, "\n".join(upward)


def test_the_agent_needs_the_standard_library_and_javaio_alone() -> None:
    allowed = sys.stdlib_module_names | {"javaio", "uvloop"}  # uvloop: used where it is installed
    foreign = [
        f"{found.place}: {found.imported}"
        for found in all_imports()
        if layer(found.importing) == "agent" and layer(found.imported) != "agent"
        if found.imported.partition(".")[0] not in allowed
    ]
    assert not foreign, "\n".join(foreign)


def test_the_containers_receive_the_agent_alone_and_all_of_it() -> None:
    containers = pytest.importorskip("conformance.backends.containers")
    with tarfile.open(fileobj=io.BytesIO(containers.harness_archive())) as archive:
        received = {name.removeprefix("harness/") for name in archive.getnames() if archive.getmember(name).isfile()}
    folder = [path for path in (PACKAGE / "agent").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    agent = {path.relative_to(ROOT).as_posix() for path in folder}
    assert received == {"conformance/__init__.py", *agent}
