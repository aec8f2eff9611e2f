"""The runtimes: images, options and toolchains of each language; and that no other module knows a language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from conformance.backends.runtimes import HARNESS_RUNTIME, Runtime, create_runtimes
from conformance.model.registry import load_runtimes

ENTRIES = load_runtimes()
RUNTIMES = create_runtimes(ENTRIES)
PACKAGE = Path(__file__).resolve().parents[2] / "conformance"


def test_java_has_an_image_for_each_jdk_and_options_for_java_alone() -> None:
    java = RUNTIMES["java"]
    assert [java.image_variant(None), java.image_variant("25")] == ["21", "25"]
    assert (java.tag("25"), java.build_args("25")) == ("java-python-sockets-java:25", {"JDK": "25"})
    assert java.not_in_images("25") is None
    assert java.not_in_images("99") == "JDK 99 is not in Debian, whose images have 21 and 25"
    assert java.with_options(["java", "Main"])[0] == "java"
    assert "-XX:+UseSerialGC" in java.with_options(["java", "Main"])
    assert java.with_options(["javac", "Main.java"]) == ["javac", "Main.java"]


def test_python_has_one_image() -> None:
    python = RUNTIMES[HARNESS_RUNTIME]
    assert python.image_variant(None) is None
    assert (python.tag(None), python.build_args(None)) == ("java-python-sockets-python:latest", {})


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_a_toolchain_runs_the_commands_that_it_has(runtime: Runtime) -> None:
    assert runtime.not_on_this_machine("0") == f"{runtime.title} 0 is not on this machine"
    toolchain = runtime.toolchain(None)
    if toolchain is None:
        pytest.skip(str(runtime.not_on_this_machine(None)))
    assert runtime.not_on_this_machine(None) is None
    assert runtime.toolchain(toolchain.variant) is toolchain
    for word, executable in toolchain.executables.items():
        argv = runtime.argv(toolchain, [word, "x"])
        assert argv is not None
        assert (argv[0], argv[-1]) == (str(executable), "x")
    assert runtime.argv(toolchain, ["nothing", "x"]) is None


def test_no_other_module_compares_a_language() -> None:
    """A new language is an entry of `runtimes.yaml` and a class in `runtimes.py`."""
    languages = re.compile("|".join(ENTRIES))
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "backends" / "runtimes.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare | ast.Subscript | ast.MatchValue)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and languages.fullmatch(part.value)
    ]
    assert found == []
