"""Runs cells and groups of cases: starts the programs, drives them, collects what they did. It never judges."""
