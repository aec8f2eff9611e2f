"""The harness as the other side: it plays a client or a server itself, case by case, against any program.

`cases.py` reads the YAML; all else here needs the standard library and javaio alone.
"""
