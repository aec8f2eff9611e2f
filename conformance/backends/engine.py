"""The container engine: whether one answers, and removing what runs have created in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from conformance.backends.run_label import is_gone

__all__ = ["LABEL", "connect_engine", "reap_engine", "remove_run"]

LABEL = "java-python-sockets.run"
"""The label of containers, networks and volumes whose value is the run label."""

_ANSWER_SECONDS = 60
_AT_ONCE = 4


def connect_engine() -> tuple[docker.DockerClient | None, str]:
    """The engine, or None if none answers; and a phrase that says what answered, or why nothing did."""
    logging.getLogger("testcontainers").setLevel(logging.WARNING)
    try:
        engine = docker.from_env(timeout=_ANSWER_SECONDS)
        version = engine.version()
    except (DockerException, OSError):
        return None, "no container engine answers"
    return engine, f"{version.get('Platform', {}).get('Name') or 'Docker'} {version['Version']} answers"


def reap_engine(engine: docker.DockerClient) -> None:
    """Removes the containers, networks and volumes of runs that have ended."""
    _remove(engine, is_gone)


def remove_run(engine: docker.DockerClient, run: str) -> None:
    """Removes the containers, networks and volumes whose run label is `run`."""
    _remove(engine, lambda label: label == run)


def _remove(engine: docker.DockerClient, unwanted: Callable[[str], bool]) -> None:
    def matches(labels: dict[str, str] | None) -> bool:
        return unwanted((labels or {}).get(LABEL, ""))

    labelled: dict[str, str | list[str] | bool] = {"label": LABEL}
    # Each of these may vanish meanwhile: another run may be removing the same things.
    containers = [
        container
        for container in engine.containers.list(all=True, filters=labelled, ignore_removed=True)
        if matches(container.labels)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_remove_container, containers))
    for network in engine.networks.list(filters=labelled):
        if matches((network.attrs or {}).get("Labels")):
            with suppress(APIError):
                network.remove()
    for volume in engine.volumes.list(filters=labelled):
        if matches(volume.attrs.get("Labels")):
            with suppress(APIError):
                volume.remove(force=True)


def _remove_container(container: Container) -> None:
    with suppress(APIError):
        container.remove(force=True, v=True)
