"""The tap: a relay between two programs that shapes the traffic as a network would, and records it."""
