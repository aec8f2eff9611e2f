"""What is true of a whole run: what was asked for, what it ran on, and of which state of the project."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.pytest_plugin.run import MatrixRun

__all__ = ["run_facts"]

_GIT_SECONDS = 10


def run_facts(run: MatrixRun, root: Path) -> dict[str, Any]:
    """The facts of a run that is about to begin, in JSON's own types."""
    return {
        "backend": run.backend.name,
        "why": run.backend.why,
        "versions": dict(run.backend.versions()),
        "harness": {"python": platform.python_version(), "system": _system()},
        **_commit(root),
        "protocols": {name: protocol.about for name, protocol in run.registry.protocols.items()},
        "networks": _networks(run),
        "cells": [cell.name for cell in run.cells],
        "cases": sum(len(names) for _, names in run.cases.values()),
    }


def _networks(run: MatrixRun) -> Mapping[str, str]:
    return {name: network.about for name, network in run.registry.networks.items()}


def _system() -> str:
    """The system by the name that people know it by: on Linux that of the distribution."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def _commit(root: Path) -> dict[str, Any]:
    """The commit, and whether files have changed since; None where there is no git, or no repository."""
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return {"commit": None}
    return {"commit": commit, "changed": bool(_git(root, "status", "--porcelain", "--untracked-files=no"))}


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
