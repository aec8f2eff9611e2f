"""The rules of the house, as tests: one form for the code, no lint, strict types, and who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"javaio", "pyconsole", "pyserver", "pyclient", "conformance"}
MAY_IMPORT = {
    "javaio": set(),
    "pyconsole": set(),
    "pyserver": {"javaio", "pyconsole"},
    "pyclient": {"javaio", "pyconsole"},
    "conformance": {"javaio"},
}


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy --strict"],
)
def test_the_code_is_clean(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_below_it(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        imported = set(_imports(path)) & OURS - {package}
        assert imported <= MAY_IMPORT[package], f"{path} imports {', '.join(sorted(imported - MAY_IMPORT[package]))}"


@pytest.mark.parametrize("package", ["javaio", "pyconsole", "pyserver", "pyclient"])
def test_what_students_run_needs_the_standard_library_alone(package: str) -> None:
    allowed = sys.stdlib_module_names | OURS | {"uvloop"}  # uvloop: used where it is installed
    for path in (ROOT / package).rglob("*.py"):
        strangers = set(_imports(path)) - allowed
        assert not strangers, f"{path} imports {', '.join(sorted(strangers))}"


def test_nothing_waits_by_the_clock_of_the_day() -> None:
    """It may be set meanwhile: what shows a time of the day reads it, and nothing else does."""
    shows = {"board/app.py", "board/board.py", "observe/tap_session.py", "results/records.py"}
    folders = ("javaio", "pyconsole", "pyserver", "pyclient", "conformance")
    read = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "time.time()" in path.read_text(encoding="utf-8")
    }
    assert read == {f"conformance/{name}" for name in shows}
    assert not any("currentTimeMillis" in path.read_text("utf-8") for path in (ROOT / "java-reference").glob("*.java"))


def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name.partition(".")[0] for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append(node.module.partition(".")[0])
    return found
