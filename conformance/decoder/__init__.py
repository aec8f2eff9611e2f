"""A protocol and the bytes of both sides in; fields and problems out. Pure: no sockets, no threads, no clock."""
