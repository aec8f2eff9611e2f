"""Tests of conformance.diagnosis: wrong programs that are named, and right ones that are left alone."""
