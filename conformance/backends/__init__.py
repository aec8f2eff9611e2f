"""Where programs run: each in a container of its own, or as processes on loopback."""

from conformance.backends.base import Backend, Handle, NoBackendError, Places, ProgramError, Worker
from conformance.backends.choice import choose_backend

__all__ = ["Backend", "Handle", "NoBackendError", "Places", "ProgramError", "Worker", "choose_backend"]
