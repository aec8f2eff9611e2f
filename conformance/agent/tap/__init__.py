"""The tap: it stands between two programs, shapes what passes as a network would, and records all of it.

It needs the standard library alone, so that it runs as it is in a container that holds nothing but Python.
"""

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.relay import Relay

__all__ = ["Conditions", "Event", "Relay"]
