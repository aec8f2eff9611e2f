"""The hooks by which `pytest conformance/` runs the matrix. What they print is in the language of the environment."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from conformance.agent.problem import ProblemError
from conformance.backends import NoBackendError, ProgramError
from conformance.formatting import Catalogue, catalogue, language_of_environment, sentence
from conformance.model import YamlError
from conformance.model.cells import Cell
from conformance.model.registry import load_runtimes
from conformance.pytest_plugin import CasesFolder, MatrixFile, MatrixItem, MatrixRun
from conformance.pytest_plugin.facts import run_facts
from conformance.pytest_plugin.run import RUN, default_workers
from conformance.pytest_plugin.summary import case_lines, summary_lines
from conformance.runner.case_run import CaseGroup

__all__ = [
    "pytest_addoption",
    "pytest_collect_directory",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]

_SPEC = Path(__file__).resolve().parents[1] / "spec"
_MATRIX = _SPEC / "matrix.yaml"
_CASES = _SPEC / "cases"
_VERSION = re.compile(r"\d+(\.\d+)*")


def _words() -> Catalogue:
    return catalogue(language_of_environment())


def pytest_addoption(parser: pytest.Parser) -> None:
    text = _words().text
    group = parser.getgroup("conformance", text("report.run.group"))
    group.addoption(
        "--backend", choices=("auto", "containers", "processes"), default="auto", help=text("report.run.help.backend")
    )
    group.addoption(
        "--programs",
        action="append",
        default=[],
        metavar=text("report.run.metavar.file"),
        help=text("report.run.help.programs"),
    )
    for language, runtime in load_runtimes().items():
        if runtime.variants:
            helped = text("report.run.help.variants", {"language": language})
            group.addoption(f"--{language}", default="", metavar=",".join(runtime.variants), help=helped)
    group.addoption(
        "--results", default="results", metavar=text("report.run.metavar.folder"), help=text("report.run.help.results")
    )
    group.addoption("--cases", action=argparse.BooleanOptionalAction, default=True, help=text("report.run.help.cases"))
    group.addoption("--workers", type=int, default=default_workers(), metavar="N", help=text("report.run.help.workers"))


def pytest_configure(config: pytest.Config) -> None:
    words = _words()
    try:
        config.stash[RUN] = MatrixRun(
            backend=config.getoption("--backend"),
            programs=config.getoption("--programs"),
            variants={
                language: _versions(language, config.getoption(f"--{language}"), words)
                for language, runtime in load_runtimes().items()
                if runtime.variants
            },
            results=Path(config.rootpath, config.getoption("--results")),
            workers=max(1, config.getoption("--workers")),
            words=words,
        )
    except YamlError as error:
        raise pytest.UsageError(_reason(error, words)) from error


def _versions(language: str, text: str, words: Catalogue) -> list[str]:
    versions = [word.strip() for word in text.split(",") if word.strip()]
    if not all(_VERSION.fullmatch(word) for word in versions):
        raise pytest.UsageError(words.text("report.run.bad-versions", {"language": language, "text": text}))
    return versions


def _reason(error: Exception, words: Catalogue) -> str:
    """The sentence of an error that ends the run before it has begun."""
    return sentence(error.problem, words) if isinstance(error, ProblemError) else str(error)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> MatrixFile | None:
    if file_path != _MATRIX:
        return None
    matrix = MatrixFile.from_parent(parent, path=file_path)
    matrix.run = parent.config.stash[RUN]
    return matrix


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> CasesFolder | None:
    if path != _CASES or not _cases_wanted(parent.config):
        return None
    cases = CasesFolder.from_parent(parent, path=path)
    cases.run = parent.config.stash[RUN]
    return cases


def _cases_wanted(config: pytest.Config) -> bool:
    named = (Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args)
    return bool(config.getoption("--cases")) or any(path == _CASES or _CASES in path.parents for path in named)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    cells: list[Cell] = []
    cases: dict[str, tuple[CaseGroup, list[str]]] = {}
    for item in session.items:
        if isinstance(item, MatrixItem):
            if isinstance(item.subject, Cell):
                cells.append(item.subject)
            else:
                group, case = item.subject
                cases.setdefault(group.name, (group, []))[1].append(case.name)
    if not (cells or cases) or session.config.option.collectonly:
        return
    run = session.config.stash[RUN]
    run.plan(cells, cases)
    try:
        backend = run.backend
    except (NoBackendError, ProgramError) as error:
        pytest.exit(_reason(error, run.words), returncode=pytest.ExitCode.USAGE_ERROR)
    values = {"backend": backend.name, "why": backend.why, "what": _counted(len(cells), cases, run.words)}
    _say(session.config, run.words.text("report.run.backend", values))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    # Not before the first of them is due: other tests of the same run have the machine for themselves.
    if isinstance(item, MatrixItem) and not item.run.begun:
        _begin(item)
    return (yield)


def _begin(item: MatrixItem) -> None:
    run = item.run
    try:
        run.begin(lambda text: _say(item.config, text))
    except (NoBackendError, ProgramError) as error:
        pytest.exit(_reason(error, run.words), returncode=pytest.ExitCode.USAGE_ERROR)
    run.begin_records(run_facts(run, item.config.rootpath))


def _counted(cells: int, cases: Mapping[str, tuple[CaseGroup, Sequence[str]]], words: Catalogue) -> str:
    count = sum(len(names) for _, names in cases.values())
    some_cells = words.text("report.run.cells", count=cells)
    some_cases = words.text("report.run.cases", count=count)
    if cells and count:
        return words.text("report.run.both", {"cells": some_cells, "cases": some_cases})
    return some_cells if cells else some_cases


def _say(config: pytest.Config, text: str) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(text)
        reporter.flush()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, MatrixItem) and call.when == "call":
        item.run.reported[item.nodeid] = item.subject
        if item.seconds is not None:
            # It ran ahead, beside others: its own time, and not how long the test waited for it.
            report.duration = item.seconds
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(RUN, None)
    if run is None or not run.reported:
        return
    outcomes = {
        report.nodeid: report.outcome
        for group in ("passed", "failed", "skipped")
        for report in terminalreporter.getreports(group)
        if report.when == "call"
    }
    reported = [(subject, outcomes[node]) for node, subject in run.reported.items() if node in outcomes]
    cells = [(subject, outcome) for subject, outcome in reported if isinstance(subject, Cell)]
    cases = [(subject[0], outcome) for subject, outcome in reported if not isinstance(subject, Cell)]
    for title, lines in (
        ("report.run.matrix", summary_lines(cells, run.words)),
        ("report.run.against", case_lines(cases, run.words)),
    ):
        if lines:
            terminalreporter.section(run.words.text(title))
        for line in lines:
            terminalreporter.write_line(line)
    asked = [*(cell.programs for cell, _ in cells), *((group.program,) for group, _ in cases)]
    reasons = Counter(sentence(reason, run.words) for programs in asked if (reason := run.unable(programs)))
    for why, count in reasons.items():
        terminalreporter.write_line(run.words.text("report.run.skipped-because", {"reason": why}, count=count))
    terminalreporter.write_line("")
    terminalreporter.write_line(run.words.text("report.run.records", {"folder": run.records.folder}))
    terminalreporter.write_line(run.report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if RUN in session.config.stash:
        run = session.config.stash[RUN]
        run.close()
        if run.begun:
            run.end_records()
