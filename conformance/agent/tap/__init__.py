"""The tap: a relay between two programs that shapes the traffic as a network would, and records it.

It needs the standard library and javaio alone, so that it runs in a container with nothing but Python.
"""

from conformance.agent.events import Event
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.relay import Relay

__all__ = ["Conditions", "Event", "Relay"]
