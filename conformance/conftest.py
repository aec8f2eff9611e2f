"""Makes `pytest conformance/` run the matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.backends import NoBackendError, ProgramError
from conformance.model import YamlError
from conformance.plugin import CellItem, MatrixFile, MatrixRun
from conformance.plugin.run import RUN, default_lanes
from conformance.plugin.summary import summary_lines

_MATRIX = Path(__file__).with_name("matrix.yaml")


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
    group.addoption("--lanes", type=int, default=default_lanes(), metavar="N", help="how many cells run side by side")


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.stash[RUN] = MatrixRun(
            backend=config.getoption("--backend"),
            programs=config.getoption("--programs"),
            jdks=_versions(config.getoption("--java")),
            results=Path(config.rootpath, config.getoption("--results")),
            lanes=max(1, config.getoption("--lanes")),
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


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    cells = [item.cell for item in session.items if isinstance(item, CellItem)]
    if not cells or session.config.option.collectonly:
        return
    run = session.config.stash[RUN]
    try:
        backend = run.backend
        _say(session.config, f"backend: {backend.name} ({backend.why}); {len(cells)} cells")
        run.start(cells, lambda text: _say(session.config, text))
    except (NoBackendError, ProgramError) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    run.records.run(
        {
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "backend": backend.name,
            "why": backend.why,
            "versions": dict(backend.versions()),
            "cells": [cell.name for cell in cells],
        }
    )


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
    if isinstance(item, CellItem) and call.when == "call":
        item.run.reported[item.nodeid] = item.cell
        if item.result is not None:
            # The cell ran ahead, beside others: its own time, and not how long the test waited for it.
            report.duration = item.result.seconds
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(RUN, None)
    if run is None or not run.reported:
        return
    reports = {
        report.nodeid: report
        for group in ("passed", "failed", "skipped")
        for report in terminalreporter.getreports(group)
        if report.nodeid in run.reported and report.when == "call"
    }
    outcomes = [(cell, reports[node].outcome) for node, cell in run.reported.items() if node in reports]
    terminalreporter.section("the matrix: servers down, clients across")
    for line in summary_lines(outcomes):
        terminalreporter.write_line(line)
    reasons = Counter(reason for node, cell in run.reported.items() if node in reports and (reason := run.unable(cell)))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")
    terminalreporter.write_line("")
    terminalreporter.write_line(f"records: {run.records.folder}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if RUN in session.config.stash:
        session.config.stash[RUN].close()
