"""What is true of a whole run: what was asked for, what it ran on, and which state of the project."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.results.records import each_language
from conformance.results.schema import VERSION, RunEntry

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import MatrixRun

__all__ = ["run_facts"]

_GIT_SECONDS = 10


def run_facts(run: MatrixRun, root: Path) -> RunEntry:
    """The facts of a run that is about to begin."""
    registry = run.registry
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    facts: RunEntry = {
        "version": VERSION,
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "backend": run.backend.name,
        "why": run.backend.why,
        "versions": dict(run.backend.versions()),
        "harness": {"python": platform.python_version(), "system": _system()},
        "commit": commit or None,  # none without git, or outside of a repository
        "protocols": {name: each_language(protocol.about) for name, protocol in registry.protocols.items()},
        "networks": {name: each_language(network.about) for name, network in registry.networks.items()},
        "cells": [cell.name for cell in run.cells],
        "cases": sum(len(names) for _, names in run.cases.values()),
    }
    if commit:
        facts["changed"] = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    return facts


def _system() -> str:
    """The system by the name that people know it by: on Linux that of the distribution."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
