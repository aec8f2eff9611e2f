"""The protocols of these tests: the two of the course, and one that no line of the code was written for."""

from __future__ import annotations

from pathlib import Path

from conformance.model.protocol import Protocol
from conformance.model.yaml_file import read_yaml, validate
from tests.conformance.building import ADDITION, CHAT

__all__ = ["ADDITION", "CHAT", "ORDER", "PROTOCOLS"]

_ORDER = Path(__file__).with_name("order.yaml")
ORDER: Protocol = validate(Protocol, read_yaml(_ORDER), _ORDER)
PROTOCOLS = {protocol.protocol: protocol for protocol in (ADDITION, CHAT, ORDER)}
