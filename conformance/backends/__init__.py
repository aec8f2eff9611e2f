"""Backends: they run programs in containers, or as processes on the loopback interface."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.backends.base import Backend, ProgramError
from conformance.backends.processes import ProcessBackend
from conformance.backends.runtimes import HARNESS_RUNTIME, create_runtimes
from conformance.model.registry import RuntimeEntry

__all__ = ["Backend", "NoBackendError", "ProgramError", "choose_backend"]


class NoBackendError(Exception):
    """No backend can be used here: one sentence that says what to install."""


def choose_backend(wanted: str, entries: Mapping[str, RuntimeEntry]) -> Backend:
    """The backend of that name; for `auto`, containers if an engine answers, else processes.

    Raises `NoBackendError`.
    """
    runtimes = create_runtimes(entries)
    # Imported here, since it takes a while and --collect-only must not wait for it.
    from conformance.backends.containers import ContainerBackend, connect_engine

    engine, answer = connect_engine()
    why = f"auto: {answer}" if wanted == "auto" else "as asked"
    if engine is not None and wanted != "processes":
        return ContainerBackend(engine, runtimes, why)
    if wanted == "containers":
        raise NoBackendError(
            f"--backend containers: {answer}: start Docker, or install it (Docker Desktop, or docker.io on Debian)"
        )
    others = [runtime for language, runtime in runtimes.items() if language != HARNESS_RUNTIME]
    if wanted == "auto" and not any(runtime.toolchains for runtime in others):
        raise NoBackendError(
            f"{answer}, and there is no {others[0].title}: "
            f"install Docker (Docker Desktop, or docker.io on Debian), or {others[0].install}"
        )
    return ProcessBackend(runtimes, why)
