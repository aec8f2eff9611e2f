"""The scripted peer: the harness plays a client or a server itself, step by step, against any program."""
