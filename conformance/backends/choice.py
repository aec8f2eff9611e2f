"""Which backend a run takes, and why."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.backends.base import Backend, NoBackendError
from conformance.backends.jdks import find_jdks
from conformance.backends.processes import ProcessBackend
from conformance.model.runtime import Runtime

__all__ = ["choose_backend"]


def choose_backend(wanted: str, runtimes: Mapping[str, Runtime]) -> Backend:
    """The backend of that name; for `auto`, containers where an engine answers, and else processes."""
    # Imported here: without the docker package, or on a machine without an engine, processes still work.
    from conformance.backends.engine import connect_engine

    engine, answer = connect_engine()
    if wanted == "containers" and engine is None:
        raise NoBackendError(
            f"--backend containers: {answer}: start Docker, or install it (Docker Desktop, or docker.io on Debian)"
        )
    if wanted == "processes" or engine is None:
        if not find_jdks() and wanted == "auto":
            raise NoBackendError(
                f"{answer}, and there is no JDK: install Docker (Docker Desktop, or docker.io on Debian), "
                "or a JDK from version 17 on (default-jdk-headless on Debian)"
            )
        return ProcessBackend(runtimes, "as asked" if wanted == "processes" else f"auto: {answer}")
    from conformance.backends.containers import ContainerBackend

    return ContainerBackend(engine, runtimes, "as asked" if wanted == "containers" else f"auto: {answer}")
