"""Tests of conformance.mistakes: wrong programs that are named, and right ones that are left alone."""
