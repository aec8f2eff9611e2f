"""The hooks by which `pytest conformance/` runs the matrix."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest

from conformance.backends import NoBackendError, ProgramError
from conformance.model import YamlError
from conformance.pytest_plugin import CaseItem, CasesFolder, CellItem, MatrixFile, MatrixRun
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


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the matrix of servers, clients and networks")
    group.addoption(
        "--backend",
        choices=("auto", "containers", "processes"),
        default="auto",
        help="where programs run: containers where an engine answers, else processes (auto, the default)",
    )
    group.addoption(
        "--programs",
        action="append",
        default=[],
        metavar="FILE.yaml",
        help="programs that join the matrix (docs/add-a-program.md); may be given several times",
    )
    group.addoption(
        "--java",
        default="",
        metavar="17,21,25",
        help="run the Java side once under each of these JDKs",
    )
    group.addoption(
        "--results",
        default="results",
        metavar="FOLDER",
        help="where each run leaves a folder with a JSON record for every cell (default: results)",
    )
    group.addoption(
        "--cases",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run the cases of each protocol against its programs, beside the cells (the default)",
    )
    group.addoption(
        "--workers", type=int, default=default_workers(), metavar="N", help="how many cells run side by side"
    )


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.stash[RUN] = MatrixRun(
            backend=config.getoption("--backend"),
            programs=config.getoption("--programs"),
            jdks=_versions(config.getoption("--java")),
            results=Path(config.rootpath, config.getoption("--results")),
            workers=max(1, config.getoption("--workers")),
        )
    except YamlError as error:
        raise pytest.UsageError(str(error)) from error


def _versions(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not all(word.isdigit() for word in words):
        raise pytest.UsageError(f"--java: expected versions such as 17,21,25, got {text!r}")
    return [int(word) for word in words]


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
    cells = [item.cell for item in session.items if isinstance(item, CellItem)]
    cases: dict[str, tuple[CaseGroup, list[str]]] = {}
    for item in session.items:
        if isinstance(item, CaseItem):
            cases.setdefault(item.group.name, (item.group, []))[1].append(item.case.name)
    if not (cells or cases) or session.config.option.collectonly:
        return
    run = session.config.stash[RUN]
    run.plan(cells, cases)
    try:
        backend = run.backend
    except (NoBackendError, ProgramError) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    _say(session.config, f"backend: {backend.name} ({backend.why}); {_counted(len(cells), cases)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    # Not before the first of them is due: other tests of the same run have the machine for themselves.
    if isinstance(item, CellItem | CaseItem) and not item.run.begun:
        _begin(item)
    return (yield)


def _begin(item: CellItem | CaseItem) -> None:
    run = item.run
    try:
        run.begin(lambda text: _say(item.config, text))
    except (NoBackendError, ProgramError) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    run.begin_records(run_facts(run, item.config.rootpath))


def _counted(cells: int, cases: Mapping[str, tuple[CaseGroup, Sequence[str]]]) -> str:
    count = sum(len(names) for _, names in cases.values())
    return " and ".join(part for part in (f"{cells} cells" * bool(cells), f"{count} cases" * bool(count)) if part)


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
    if isinstance(item, CellItem | CaseItem) and call.when == "call":
        if isinstance(item, CellItem):
            item.run.reported[item.nodeid] = item.cell
        else:
            item.run.reported_cases[item.nodeid] = item.group
        if item.result is not None:
            # It ran ahead, beside others: its own time, and not how long the test waited for it.
            report.duration = item.result.seconds
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(RUN, None)
    if run is None or not (run.reported or run.reported_cases):
        return
    outcomes = {
        report.nodeid: report.outcome
        for group in ("passed", "failed", "skipped")
        for report in terminalreporter.getreports(group)
        if report.when == "call"
    }
    cells = [(cell, outcomes[node]) for node, cell in run.reported.items() if node in outcomes]
    cases = [(group, outcomes[node]) for node, group in run.reported_cases.items() if node in outcomes]
    if cells:
        terminalreporter.section("the matrix: servers down, clients across")
        for line in summary_lines(cells):
            terminalreporter.write_line(line)
    if cases:
        terminalreporter.section("the cases against each program")
        for line in case_lines(cases):
            terminalreporter.write_line(line)
    asked = [*(cell.programs for cell, _ in cells), *((group.program,) for group, _ in cases)]
    for reason, count in Counter(reason for programs in asked if (reason := run.unable(programs))).items():
        terminalreporter.write_line(f"{count} skipped: {reason}")
    terminalreporter.write_line("")
    terminalreporter.write_line(f"records: {run.records.folder}")
    terminalreporter.write_line(f"report: {run.report}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if RUN in session.config.stash:
        run = session.config.stash[RUN]
        run.close()
        if run.begun:
            run.end_records()
