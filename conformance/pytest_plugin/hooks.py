"""The hooks by which `pytest conformance/` runs the matrix, and its tests.

`matrix.yaml` stands for the cells, the folder `cases` for all cases of their programs, those of users' files as well.
What is printed is in the language of the environment.
"""

from __future__ import annotations

import argparse
import os
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator
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
from conformance.model.registry import load_runtimes
from conformance.pytest_plugin.run import RUN, MatrixRun
from conformance.pytest_plugin.terminal import case_lines, summary_lines, transcript
from conformance.results.analysis import Analysis, Subject
from conformance.results.records import Records, skipped

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
    try:
        config.stash[RUN] = MatrixRun(
            words,
            variants=variants,
            registry=load_matrix(map(Path, option("--programs"))),
            records=Records(Path(config.rootpath, option("--results"))),
            wanted_backend=option("--backend"),
            workers=max(1, option("--workers")),
        )
    except YamlError as error:
        raise pytest.UsageError(str(error)) from error


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
        self.analysis: Analysis
        self.path_of_record: Path

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks of this folder's conftest, wherever the file of the case lies."""
        return self.session.gethookproxy(_MATRIX)

    def setup(self) -> None:
        """Takes what came of it, which was worked out ahead. Our own trouble is an error, and no failed test."""
        if reason := self.run.unable(self.subject):
            self.run.records.write(skipped(self.subject, reason))
            pytest.skip(sentence(reason, self.run.words))
        try:
            self.analysis, self.path_of_record = self.run.analysis(self.subject)
        except OSError as error:  # the record cannot be written
            pytest.fail(sentence(HarnessError.of(error).problem, self.run.words), pytrace=False)
        self.seconds = self.analysis.result.seconds
        verdict = verdict_of(next(iter(self.analysis.problems), None))
        if verdict == "skipped":
            pytest.skip(sentence(self.analysis.problems[0], self.run.words))
        if verdict == "error":
            pytest.fail(transcript(self.analysis, self.run.words), pytrace=False)

    def runtest(self) -> None:
        """Fails where what came of it does."""
        words, analysis, path = self.run.words, self.analysis, self.path_of_record
        if analysis.problems:
            record = words.text("report.transcript.record", {"path": path})
            pytest.fail(f"{transcript(analysis, words)}\n\n{record}")

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
        for cell in all_cells(run.registry, run.variants):
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
        outcome = "error" if call.when == "setup" and report.failed else report.outcome
        item.run.reported.append((item.subject, outcome))
    if isinstance(item, MatrixItem):
        # It ran ahead, beside others: its own time, and not how long the test waited for it.
        report.duration = (item.seconds or 0.0) if call.when == "call" else 0.0
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    run = terminalreporter.config.stash.get(RUN, None)
    if run is None or not run.reported:
        return
    text, say = run.words.text, terminalreporter.write_line
    cells = [(subject, outcome) for subject, outcome in run.reported if isinstance(subject, Cell)]
    cases = [(subject[0], outcome) for subject, outcome in run.reported if not isinstance(subject, Cell)]
    tables = {"matrix": summary_lines(cells, run.words), "against": case_lines(cases, run.words)}
    for title, lines in tables.items():
        if lines:
            terminalreporter.section(text(f"report.run.{title}"))
            say("\n".join(lines))
    reasons = (run.unable(subject) for subject, _ in run.reported)
    for why, count in Counter(sentence(reason, run.words) for reason in reasons if reason).items():
        say(text("report.run.skipped-because", {"reason": why}, count=count))
    say("")
    say(text("report.run.records", {"folder": run.records.folder}))
    say(run.report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.config.stash.get(RUN, None)
    if run is not None:
        run.close()
