"""Tests of the harness itself: what it accepts, what it refuses, with which sentence, and what it leaves behind."""
