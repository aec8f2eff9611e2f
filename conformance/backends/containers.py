"""Programs in containers, each in one of its own with few permissions, on a network without a way out.

A worker keeps two containers for all its cells: the tap, and an empty one, the site, for its network namespace alone. A
client's container joins the tap's namespace, so that a program with a fixed 127.0.0.1:8999 finds the tap there. A
server's container joins the site's namespace, where its port is free. Joining an existing namespace takes a third of
the time that a new one takes; the programs of each cell are new all the same.

The host needs no route to the containers: orders, consoles and recordings travel through the engine's API.
"""

from __future__ import annotations

import io
import itertools
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container
from docker.utils.socket import STDERR, frames_iter
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.network import Network

from conformance.backends.base import (
    Backend,
    Feed,
    Handle,
    Places,
    ProgramError,
    Progress,
    Started,
    Worker,
    build_failure,
    expand,
)
from conformance.backends.console_log import ConsoleLog
from conformance.backends.engine import LABEL, reap_engine, remove_run
from conformance.backends.images import ensure_image
from conformance.backends.player_client import PlayerControl
from conformance.backends.run_label import run_label
from conformance.backends.runtimes import HARNESS_RUNTIME, Runtime
from conformance.backends.tap_client import TapControl
from conformance.model.program import Program

__all__ = ["ContainerBackend", "harness_archive"]

_PACKAGE = Path(__file__).resolve().parents[1]
_LOOPBACK = "127.0.0.1"
_SOURCES, _BUILD, _HARNESS = "/src", "/build", "/opt/harness"
_BUILD_SECONDS = 120
_LIMITS: Mapping[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "mem_limit": "512m",
    "pids_limit": 512,
}


class ContainerBackend(Backend):
    """Runs programs in containers."""

    name = "containers"

    def __init__(self, engine: docker.DockerClient, runtimes: Mapping[str, Runtime], why: str) -> None:
        # The reaper of testcontainers is an image of its own, which may be out of reach. Run labels do its work.
        testcontainers_config.ryuk_disabled = True
        self.why = why
        self.engine = engine
        self.run = f"{run_label()}/{uuid4().hex[:12]}"  # one process may have two backends
        self.stopping = False
        self._runtimes = runtimes
        self._images: dict[tuple[str, str | None], str] = {}
        self._volumes: dict[tuple[str, str, str | None], dict[str, str]] = {}
        self._building = threading.Lock()
        self._count = itertools.count(1)
        reap_engine(engine)
        self.network = Network(docker_network_kw={"internal": True, "labels": {LABEL: self.run}}).create()

    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        for program in (server, *clients):
            if program.entry.image is None and program.entry.language is None:
                return f"{program.name} is a command of this machine, and needs the backend `processes`"
            if program.entry.language is not None:
                reason = self._runtimes[program.entry.language].not_in_images(program.variant)
                if reason is not None:
                    return reason
        return None

    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        wanted = {key for program in programs if (key := self._image_key(program)) is not None}
        for key in sorted({*wanted, (HARNESS_RUNTIME, None)}, key=str):
            if key not in self._images:
                language, variant = key
                self._images[key] = ensure_image(self.engine, self._runtimes[language], variant, progress)

    def worker(self) -> Worker:
        return _ContainerWorker(self, next(self._count))

    def versions(self) -> Mapping[str, str]:
        version = self.engine.version()
        command = ["python3", "-c", "import platform; print(platform.python_version())"]
        python = self.engine.containers.run(
            self.harness_image, command, labels={LABEL: self.run}, network_mode="none", remove=True
        )
        variants: dict[str, list[str]] = {}
        for language, variant in sorted(self._images, key=str):
            if variant is not None:
                variants.setdefault(self._runtimes[language].key, []).append(variant)
        return {
            "system": f"{version['Os']} {version['KernelVersion']}",
            self._runtimes[HARNESS_RUNTIME].key: python.decode().strip(),
            **{key: ", ".join(found) for key, found in variants.items()},
            "engine": str(version["Version"]),
            "images": ", ".join(sorted(self._images.values())),
        }

    def abort(self) -> None:
        self.stopping = True
        remove_run(self.engine, self.run)

    def close(self) -> None:
        remove_run(self.engine, self.run)
        self.engine.close()

    def image(self, program: Program) -> str:
        """The tag of the image that a program runs in."""
        key = self._image_key(program)
        if key is not None:
            return self._images[key]
        assert program.entry.image is not None
        return program.entry.image

    @property
    def harness_image(self) -> str:
        """The tag of the image that the tap and the player run in."""
        return self._images[HARNESS_RUNTIME, None]

    def _image_key(self, program: Program) -> tuple[str, str | None] | None:
        language = program.entry.language
        return None if language is None else (language, self._runtimes[language].image_variant(program.variant))

    def command(self, program: Program, values: Mapping[str, str]) -> list[str]:
        """The command of the program's container; empty for the image's own."""
        words = program.command({**values, "folder": _SOURCES, "build": _BUILD})
        language = program.entry.language
        return self._runtimes[language].with_options(words) if language and words else list(words)

    def mounts(self, program: Program) -> dict[str, str]:
        """The volumes with a program's sources and the output of its build, with their mount points.

        The build runs on the first call. Raises `ProgramError`.
        """
        if program.folder is None:
            return {}
        key = (program.role, program.name, program.variant)
        with self._building:
            if key not in self._volumes:
                number = next(self._count)
                names = {
                    f"java-python-sockets-{number}-{part}-{self.run.rpartition('/')[2]}": part
                    for part in ("src", "build")
                }
                for name in names:
                    self.engine.volumes.create(name, labels={LABEL: self.run})
                volumes = {name: f"/{part}" for name, part in names.items()}
                self._build(program, program.folder, volumes)
                self._volumes[key] = volumes
            return self._volumes[key]

    def _build(self, program: Program, folder: Path, volumes: Mapping[str, str]) -> None:
        words = program.build({"folder": _SOURCES, "build": _BUILD}) or ("true",)
        log = ConsoleLog()
        started = ContainerHandle(
            self,
            self.image(program),
            expand(words, folder),
            log.feed,
            volumes={name: (place, "rw") for name, place in volumes.items()},
            network={"network_mode": "none"},
            folder=_SOURCES,
            before=lambda container: container.put_archive(
                _SOURCES, _archive((path, path.name) for path in sorted(folder.iterdir()))
            ),
        )
        status = started.wait(time.monotonic() + _BUILD_SECONDS)
        started.stop()
        if status is None:
            raise ProgramError(f"{program.where}.build: {words[0]} did not end within {_BUILD_SECONDS} s")
        if status:
            raise ProgramError(build_failure(program, words[0], status, [line.text for line in log.lines]))


class _ContainerWorker(Worker):
    def __init__(self, backend: ContainerBackend, number: int) -> None:
        self._backend = backend
        self._site_name = f"server-{number}"
        self.tap = TapControl()
        self._player: PlayerControl | None = None
        with ThreadPoolExecutor(2) as both:
            tap = both.submit(self._helper, "conformance.agent.tap", self.tap, {"network": backend.network})
            site = both.submit(self._empty_site)
            self._helpers = [tap.result(), site.result()]
        self._tap, self._site = self._helpers

    def _empty_site(self) -> ContainerHandle:
        """Starts the container that holds the network namespace of the servers."""
        return ContainerHandle(
            self._backend,
            self._backend.harness_image,
            ["sleep", "infinity"],
            lambda stream, data: None,
            network={"network": self._backend.network, "alias": self._site_name},
        )

    def _helper(self, module: str, control: TapControl | PlayerControl, network: Mapping[str, Any]) -> ContainerHandle:
        """Starts a program of the harness, and connects `control` to it."""
        handle = ContainerHandle(
            self._backend,
            self._backend.harness_image,
            ["python3", "-m", module],
            control.feed,
            typed=True,
            closed=control.ended,
            network=network,
            environment={"PYTHONPATH": f"{_HARNESS}:/opt/programs"},
            limits={**_LIMITS, "read_only": False},
            before=_put_harness,
        )
        control.connect(handle.type)
        return handle

    def player(self) -> PlayerControl:
        if self._player is None:
            self._player = PlayerControl()
            neighbour = {"network_mode": f"container:{self._tap.id}"}
            self._helpers.append(self._helper("conformance.agent.player", self._player, neighbour))
        return self._player

    @contextmanager
    def places(self, server: Program, clients: Iterable[Program], port: int) -> Iterator[Places]:
        yield Places(port, (self._site_name, port), (_LOOPBACK, port))

    def start(self, program: Program, values: Mapping[str, str], *, typed: bool = False) -> Started:
        if self._backend.stopping:
            raise ProgramError("the run was stopped")
        console = ConsoleLog()
        neighbour = self._site if program.role == "server" else self._tap
        volumes = self._backend.mounts(program)
        handle = ContainerHandle(
            self._backend,
            self._backend.image(program),
            self._backend.command(program, values),
            console.feed,
            typed=typed,
            network={"network_mode": f"container:{neighbour.id}"},
            volumes={name: (place, "ro") for name, place in volumes.items()},
            folder=_SOURCES if volumes else None,
            closed=console.close,
        )
        return Started(handle, console)

    def close(self) -> None:
        for handle in reversed(self._helpers):
            handle.stop()


class _AttachedClient(DockerClient):
    """Attaches to a container before it starts, so that no byte of its console is missed."""

    def __init__(self, engine: docker.DockerClient, before: Callable[[Container], Any]) -> None:
        self.client = engine
        self._before = before
        self.output: Any = None

    def start(self, container: Container) -> None:
        self._before(container)
        self.output = container.attach_socket(params={"stdout": 1, "stderr": 1, "stream": 1})
        super().start(container)


class _ProgramContainer(DockerContainer):
    def __init__(self, image: str, client: _AttachedClient, **options: Any) -> None:
        # The base class creates a client, which is replaced. The version saves that client a request.
        super().__init__(image, docker_client_kw={"version": client.client.api.api_version}, **options)
        self._docker.client.close()
        self._docker = client


class ContainerHandle(Handle):
    """A container."""

    def __init__(
        self,
        backend: ContainerBackend,
        image: str,
        command: Sequence[str],
        feed: Feed,
        *,
        network: Mapping[str, Any],
        typed: bool = False,
        environment: Mapping[str, str] | None = None,
        volumes: Mapping[str, tuple[str, str]] | None = None,
        folder: str | None = None,
        limits: Mapping[str, Any] = _LIMITS,
        before: Callable[[Container], Any] = lambda container: None,
        closed: Callable[[], None] = lambda: None,
    ) -> None:
        client = _AttachedClient(backend.engine, before)
        container = _ProgramContainer(image, client, env=dict(environment or {}))
        container.tmpfs["/tmp"] = ""
        if command:
            container.with_command(list(command))
        for name, (place, mode) in (volumes or {}).items():
            container.with_volume_mapping(name, place, mode)
        options = {**limits, "labels": {LABEL: backend.run}, "stdin_open": typed}
        if folder is not None:
            options["working_dir"] = folder
        if "network" in network:
            container.with_network(network["network"]).with_network_aliases(*network.get("alias", "").split())
        else:
            options["network_mode"] = network["network_mode"]
        container.with_kwargs(**options)
        try:
            container.start()
        except (APIError, ImageNotFound) as error:
            with suppress(DockerException, ContainerStartException):  # no container was created
                container.get_wrapped_container().remove(force=True, v=True)
            raise ProgramError(f"the image {image} cannot be started: {error.explanation or error}") from error
        self._container = container.get_wrapped_container()
        if backend.stopping:  # the others are removed already
            with suppress(APIError):
                self._container.remove(force=True, v=True)
            raise ProgramError("the run was stopped")
        self.id = str(self._container.id)
        self._status: int | None = None
        self._stopped = False
        self._input = _socket(self._container.attach_socket(params={"stdin": 1, "stream": 1})) if typed else None
        self._reader = threading.Thread(target=_pass_on, args=(client.output, feed, closed), daemon=True)
        self._reader.start()

    def type(self, text: str) -> None:
        assert self._input is not None
        with suppress(OSError):
            self._input.sendall(text.encode())

    def end_input(self) -> None:
        # Not every system can half-close this connection. It carries input only, and is closed.
        assert self._input is not None
        with suppress(OSError):
            # The client library keeps references to the socket, so that closing it does not end the connection.
            self._input.shutdown(socket.SHUT_RDWR)
            self._input.close()

    def processor_seconds(self) -> float | None:
        try:
            stats: Any = self._container.stats(stream=False, one_shot=True)
        except APIError:
            return None
        return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def wait(self, until: float) -> int | None:
        if self._status is None and not self._stopped:
            self._reader.join(max(0.0, until - time.monotonic()))
            if not self._reader.is_alive():
                with suppress(APIError):  # stopping the run removes containers that are waited for
                    self._status = int(self._container.wait()["StatusCode"])
        return self._status

    def stop(self) -> int | None:
        self.wait(time.monotonic())
        if self._stopped:
            return self._status
        self._stopped = True
        with suppress(APIError):
            self._container.remove(force=True, v=True)
        self._reader.join()
        if self._input is not None:
            self.end_input()
        return self._status


def _socket(attached: Any) -> Any:
    """The socket of what the client returns: a file object over a socket, or a socket on Windows."""
    return getattr(attached, "_sock", attached)


def _pass_on(output: Any, feed: Feed, closed: Callable[[], None]) -> None:
    try:
        for stream, data in frames_iter(output, tty=False):  # type: ignore[no-untyped-call]
            feed("err" if stream == STDERR else "out", data)
    finally:
        closed()
        output.close()


def harness_archive() -> bytes:
    """What a container of the tap or the player receives: the package `conformance.agent`, as a tar archive.

    The image has Python and javaio, and the agent needs nothing else.
    """
    paths = (_PACKAGE / "__init__.py", _PACKAGE / "agent")
    return _archive((path, f"{Path(_HARNESS).name}/conformance/{path.name}") for path in paths)


def _put_harness(container: Container) -> None:
    container.put_archive(str(Path(_HARNESS).parent), harness_archive())


def _archive(sources: Iterable[tuple[Path, str]]) -> bytes:
    """Files and folders under the given names as a tar archive, readable by every user."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, name in sources:
            archive.add(path, name, filter=_readable)
    return buffer.getvalue()


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name or not (entry.isfile() or entry.isdir()):
        return None
    entry.mode = 0o755 if entry.isdir() else 0o644
    entry.uid = entry.gid = 0
    return entry
