"""The hooks by which `pytest conformance/` runs the matrix, and its tests.

`matrix.yaml` stands for the cells, the folder `cases` for all cases of their programs, those of users' files as well.
What is printed is in the language of the environment.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pluggy
import pytest

from conformance.agent.problem import HarnessError
from conformance.backends import NoBackendError, ProgramError
from conformance.formatting import catalogue, language_of_environment, sentence
from conformance.judge.verdict import verdict_of
from conformance.model import YamlError, load_matrix
from conformance.model.cells import Cell, all_cells
from conformance.model.known import load_known, update_known
from conformance.model.lookup import UsageError, find_network
from conformance.model.registry import load_runtimes
from conformance.pytest_plugin.run import RUN, MatrixRun
from conformance.pytest_plugin.terminal import Reported, case_lines, culprit_lines, status_of, summary_lines, transcript
from conformance.results.analysis import Subject
from conformance.results.outcome import Outcome
from conformance.results.records import Records, skipped

__all__ = [
    "pytest_addoption",
    "pytest_collect_directory",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_report_teststatus",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]

_SPEC = Path(__file__).resolve().parents[1] / "spec"
_MATRIX = _SPEC / "matrix.yaml"
_CASES = _SPEC / "cases"
_VERSION = re.compile(r"\d+(\.\d+)*")
_T = TypeVar("_T")


def pytest_addoption(parser: pytest.Parser) -> None:
    text = catalogue(language_of_environment()).text
    group = parser.getgroup("conformance", text("report.run.group"))
    # Cells wait more than they compute, so there may be a few more side by side than processors.
    workers = min(8, (os.cpu_count() or 1) + 1)
    options: dict[str, dict[str, Any]] = {
        "backend": {"choices": ("auto", "containers", "processes"), "default": "auto"},
        "programs": {"action": "append", "default": [], "metavar": text("report.run.metavar.file")},
        "results": {"default": "results", "metavar": text("report.run.metavar.folder")},
        "cases": {"action": argparse.BooleanOptionalAction, "default": True},
        "workers": {"type": int, "default": workers, "metavar": "N"},
        "allow-suspicious": {"action": "store_true"},
        "repeat": {"type": int, "default": 1, "metavar": "N"},
        "network": {"action": "append", "default": [], "metavar": text("report.run.metavar.name")},
        "known": {"action": "append", "default": [], "metavar": text("report.run.metavar.file")},
        "update-known": {"default": None, "metavar": text("report.run.metavar.file")},
    }
    for name, how in options.items():
        group.addoption(f"--{name}", help=text(f"report.run.help.{name}"), **how)
    for language, runtime in load_runtimes().items():
        if runtime.variants:
            told = text("report.run.help.variants", {"language": language})
            group.addoption(f"--{language}", default="", metavar=",".join(runtime.variants), help=told)


def pytest_configure(config: pytest.Config) -> None:
    words, option = catalogue(language_of_environment()), config.getoption
    variants: dict[str, list[str]] = {}
    for language, runtime in load_runtimes().items():
        if runtime.variants:
            text = option(f"--{language}")
            variants[language] = [word.strip() for word in text.split(",") if word.strip()]
            if not all(map(_VERSION.fullmatch, variants[language])):
                raise pytest.UsageError(words.text("report.run.bad-versions", {"language": language, "text": text}))
    results = Path(config.rootpath, option("--results"))
    if results.exists() and not results.is_dir():
        raise pytest.UsageError(words.text("report.run.results-no-folder", {"path": results}))
    updated = option("--update-known")
    known = [*option("--known"), *([updated] if updated and Path(updated).exists() else [])]
    try:
        config.stash[RUN] = MatrixRun(
            words,
            variants=variants,
            registry=load_matrix(map(Path, option("--programs"))),
            records=Records(results),
            wanted_backend=option("--backend"),
            workers=max(1, option("--workers")),
            repeat=max(1, option("--repeat")),
            known=load_known(dict.fromkeys(map(Path, known))),
        )
        for name in option("--network"):
            find_network(name)
    except UsageError as error:
        raise pytest.UsageError(words.text(error.name, error.values)) from error
    except YamlError as error:
        raise pytest.UsageError(str(error)) from error
    _end_as_by_ctrl_c(config)


def _end_as_by_ctrl_c(config: pytest.Config) -> None:
    """Has whoever ends the process, or closes its terminal, interrupt the run, which then ends its programs."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
            config.add_cleanup(partial(_end_by_default, number))


def _end_by_default(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)


# Collection ----------------------------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> MatrixFile | None:
    return MatrixFile.from_parent(parent, path=file_path) if file_path == _MATRIX else None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> CasesFolder | None:
    config = parent.config
    named = (Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args)
    wanted = config.getoption("--cases") or any(one.is_relative_to(_CASES) for one in named)
    return CasesFolder.from_parent(parent, path=path) if path == _CASES and wanted else None


class MatrixItem(pytest.Item):
    """A cell or a case as a test. `seconds` is how long it took, once it was run."""

    def __init__(self, *, subject: Subject, **options: Any) -> None:
        super().__init__(**options)
        self.subject = subject
        self.run = self.config.stash[RUN]
        self.seconds: float | None = None
        self.reported: Reported | None = None
        self.outcome: Outcome
        self.path_of_record: Path

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks of this folder's conftest, wherever the file of the case lies."""
        return self.session.gethookproxy(_MATRIX)

    def setup(self) -> None:
        """Takes what came of it, which was worked out ahead. Our own trouble is an error, and no failed test."""
        run = self.run
        try:
            if reason := run.unable(self.subject):
                verdict = verdict_of(reason)
                self.reported = Reported(self.subject, verdict, problem=reason)
                run.records.write({**skipped(self.subject, reason), "verdict": verdict})
                pytest.skip(sentence(reason, run.words))
            self.outcome, self.path_of_record = run.outcome(self.subject)
        except OSError as error:  # the record cannot be written
            trouble = sentence(HarnessError.of(error).problem, run.words)
            raise pytest.fail.Exception(trouble, pytrace=False) from None
        analysis, verdict = self.outcome.analysis, self.outcome.verdict
        self.seconds = analysis.result.seconds
        self.reported = replace(Reported.of(analysis), verdict=verdict)
        if self.outcome.stale:
            self.reported = replace(self.reported, problem=self.outcome.stale)
        self.user_properties += [("verdict", verdict), ("wire_only", analysis.wire_only)]
        if verdict == "skipped":
            pytest.skip(sentence(analysis.problems[0], run.words))
        if verdict == "error":
            pytest.fail(transcript(analysis, run.words), pytrace=False)

    def runtest(self) -> None:
        """Fails where what came of it does, unless that was declared."""
        words, come, path = self.run.words, self.outcome, self.path_of_record
        analysis, count = come.analysis, come.judged
        repeated = [words.text("report.run.failed-of", {"failed": come.bad, "runs": count})] if count > 1 else []
        if come.stale:
            pytest.fail(sentence(come.stale, words))
        if come.as_declared and come.declared:
            pytest.xfail("; ".join([come.declared.reason, *repeated]))
        allowed = self.config.getoption("--allow-suspicious") and come.verdict in ("inconclusive", "suspicious")
        if analysis.problems and not allowed:
            record = words.text("report.transcript.record", {"path": path})
            pytest.fail("\n\n".join(["\n".join([*repeated, transcript(analysis, words)]), record]))

    def teardown(self) -> None:
        """Forgets the bytes: pytest keeps every test to the end."""
        self.__dict__.pop("outcome", None)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence, the wire and the consoles; for anything but a verdict, what pytest would show."""
        if isinstance(excinfo.value, pytest.fail.Exception):
            return excinfo.value.msg
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class CellItem(MatrixItem):
    """One cell."""


class CaseItem(MatrixItem):
    """One case against one program."""


class MatrixFile(pytest.File):
    """The file that stands for the matrix: a test for each cell."""

    def collect(self) -> Iterator[CellItem]:
        run = self.config.stash[RUN]
        for cell in all_cells(run.registry, run.variants, self.config.getoption("--network")):
            yield CellItem.from_parent(self, name=cell.name, subject=cell)


class CasesFolder(pytest.Directory):
    """The folder that stands for all cases: a node for each file, wherever it is, in which are its tests."""

    def collect(self) -> Iterator[CasesFile]:
        try:
            groups = self.config.stash[RUN].case_groups
        except YamlError as error:
            raise self.CollectError(str(error)) from None
        for path in dict.fromkeys(group.file.path for group in groups):
            yield CasesFile.from_parent(self, path=path)


class CasesFile(pytest.File):
    """The cases against one side of a protocol; where several files have some, the first of these."""

    def collect(self) -> Iterator[CaseItem]:
        for group in self.config.stash[RUN].case_groups:
            for case in group.cases if group.file.path == self.path else ():
                yield CaseItem.from_parent(self, name=f"{group.name}/{case.name}", subject=(group, case))


# The run -------------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)  # before -k has taken some away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    run = config.stash[RUN]
    run.unused = run.known.unused([item.name for item in items if isinstance(item, MatrixItem)])


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    run = session.config.stash[RUN]
    run.planned = [item.subject for item in session.items if isinstance(item, MatrixItem)]
    if not run.planned or session.config.option.collectonly:
        return
    backend = _or_exit(lambda: run.backend)
    kinds = Counter("cells" if isinstance(subject, Cell) else "cases" for subject in run.planned)
    counted = {kind: run.words.text(f"report.run.{kind}", count=count) for kind, count in kinds.items()}
    what = run.words.text("report.run.both", counted) if len(counted) > 1 else "".join(counted.values())
    values = {"backend": backend.name, "why": backend.why, "what": what}
    _say(session.config, run.words.text("report.run.backend", values))


def _or_exit(begun: Callable[[], _T]) -> _T:
    try:
        return begun()
    except (NoBackendError, ProgramError) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    except (HarnessError, OSError) as error:
        ours = error if isinstance(error, HarnessError) else HarnessError.of(error)
        told = sentence(ours.problem, catalogue(language_of_environment()))
        pytest.exit(told, returncode=pytest.ExitCode.INTERNAL_ERROR)


def _say(config: pytest.Config, text: str) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(text)
        reporter.flush()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    # Not before the first of them is due: other tests of the same run have the machine for themselves.
    if isinstance(item, MatrixItem) and item.run.scheduler is None:
        _or_exit(lambda: item.run.begin(item.config.rootpath, lambda text: _say(item.config, text)))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, MatrixItem) and (call.when == "call" or (call.when == "setup" and not report.passed)):
        item.run.reported.append(item.reported or Reported(item.subject, "error"))
    if isinstance(item, MatrixItem):
        # It ran ahead, beside others: its own time, and not how long the test waited for it.
        report.duration = (item.seconds or 0.0) if call.when == "call" else 0.0
    return report


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, Any] | None:
    told = dict(report.user_properties) if getattr(report, "when", None) == "call" else {}
    if "verdict" not in told:
        return None
    wire_only, words = bool(told["wire_only"]), config.stash[RUN].words
    return status_of(str(told["verdict"]), wire_only=wire_only, passed=report.passed, words=words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(RUN, None)
    if run is None or not run.reported:
        return
    text, say = run.words.text, terminalreporter.write_line
    tables = {"matrix": summary_lines, "against": case_lines, "culprits": culprit_lines}
    for title, made in tables.items():
        if lines := made(run.reported, run.words):
            terminalreporter.section(text(f"report.run.{title}"))
            say("\n".join(lines))
    reasons = (one.problem for one in run.reported if one.verdict in ("skipped", "unsupported"))
    for why, count in Counter(sentence(reason, run.words) for reason in reasons if reason).items():
        say(text("report.run.skipped-because", {"reason": why}, count=count))
    for entry in run.unused:
        say(text("report.run.known-unused", {"file": entry.file, "pattern": entry.pattern}))
    if file := terminalreporter.config.getoption("--update-known"):
        try:
            added, removed = update_known(Path(file), run.observed)
            say(text("report.run.known-updated", {"file": file, "added": added, "removed": removed}))
        except (YamlError, OSError) as error:
            say(str(error))
    say("")
    say(text("report.run.records", {"folder": run.records.folder}))
    say(run.report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.config.stash.get(RUN, None)
    if run is not None:
        run.close()
