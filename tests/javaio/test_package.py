"""What the package promises as a package."""

import ast
import sys
from pathlib import Path

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
