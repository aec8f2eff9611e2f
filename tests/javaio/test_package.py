"""What the package promises as a package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import javaio

FOLDER = Path(javaio.__file__).parent


def test_imports_the_standard_library_and_itself_alone() -> None:
    for source in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top == "javaio" or top in sys.stdlib_module_names, f"{source.name} imports {name}"


def test_every_module_tells_its_idea_and_lists_its_face() -> None:
    for source in FOLDER.glob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), source.name
        assert any(
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
            for node in tree.body
        ), source.name


def test_says_that_it_is_typed() -> None:
    assert (FOLDER / "py.typed").is_file()


def test_every_public_name_is_there_and_documented() -> None:
    for name in javaio.__all__:
        if name == "WIRE_TYPES":
            continue  # a mapping cannot carry a docstring of its own
        assert getattr(javaio, name).__doc__, name


def test_asyncio_is_imported_on_first_use_alone() -> None:
    lines = _python(
        "import sys, javaio",
        "print('asyncio' in sys.modules, 'AsyncDataInputStream' in dir(javaio))",
        "print(javaio.AsyncDataInputStream.__name__, javaio.AsyncDataOutputStream.__name__)",
        "print('asyncio' in sys.modules)",
    )
    assert lines == ["False True", "AsyncDataInputStream AsyncDataOutputStream", "True"]


def test_a_star_import_has_every_public_name() -> None:
    assert _python("from javaio import *", "print(*sorted(name for name in dir() if name[0] != '_'))") == [
        " ".join(sorted(javaio.__all__))
    ]


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'javaio' has no attribute 'nothing'"):
        getattr(javaio, "nothing")  # noqa: B009 - mypy knows that it is not there


def _python(*statements: str) -> list[str]:
    """The lines that these statements print in a Python that has imported nothing yet."""
    command = [sys.executable, "-c", "\n".join(statements)]
    return subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=True).stdout.splitlines()
