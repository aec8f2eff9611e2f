"""Whether the program at the other end has taken what was sent to it, so that the next bytes reach it by themselves.

TCP is a stream: bytes that were sent in two segments are read as one where both have arrived before the program reads.
On Linux, where the other end is on this machine and in this network namespace, the system tells how many bytes that
socket has received and how many of them its program has not read yet (NETLINK_SOCK_DIAG, one query by the addresses).
Elsewhere (another machine, another namespace, another system) only a pause separates.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Receiver"]

_LONGEST_WAIT = 1.0
_SHORTEST_WAIT = 0.1
_PAUSE = 0.003  # a program in another container, on a busy machine, has read 995 of 1,000 bytes alone by then
_ACKNOWLEDGED_SECONDS = 0.005  # a system may hold back an acknowledgement for 40 ms and more
_LOOKS_AT_ONCE = 30  # a program that waits in a read has read after some 50 µs, far less than a timer can wait

# Linux: linux/sock_diag.h, linux/inet_diag.h, linux/tcp.h, linux/sockios.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_REQUEST = struct.Struct("=BBBxI")  # struct inet_diag_req_v2 before its inet_diag_sockid
_SOCKET_ID = struct.Struct("!HH16s16sIII")
_NO_COOKIE = 0xFFFFFFFF
_WITH_TCP_INFO = 1 << 1  # the bit of INET_DIAG_INFO
_MESSAGE_SIZE = 72  # struct inet_diag_msg
_STATE, _READ_QUEUE, _INODE = 1, 56, 68  # idiag_state, idiag_rqueue and idiag_inode in it
_SYN_RECEIVED = 3  # TCP_SYN_RECV: the queue of the listening socket is full, and has no place for the connection
_LISTEN = 10  # TCP_LISTEN: the connection is over, and the query found who would take a new one
_ATTRIBUTE = struct.Struct("=HH")
_INET_DIAG_INFO = 2
_BYTES_RECEIVED = 128  # tcpi_bytes_received in struct tcp_info
_NOT_SENT, _BYTES_SENT, _BYTES_RETRANSMITTED = 144, 200, 208
_TCP_INFO_SIZE = 216
_OUTGOING_QUEUE = 0x5411  # SIOCOUTQ: bytes that are not acknowledged


class Receiver:
    """The program at the other end of a connected TCP socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._found = False
        self._wait = _LONGEST_WAIT
        self._request = _request(sock) if sys.platform == "linux" else b""

    def has_taken(self) -> bool | None:
        """Whether it has read every byte that was sent so far; None where the system does not tell.

        A program whose socket is closed has nothing left to take.
        """
        if self._sock.fileno() < 0:
            return True
        end = self._look()
        if end is None:
            return True if self._found else None
        self._found = True
        return end.read >= _sent_on(self._sock)

    def is_accepted(self) -> bool | None:
        """Whether a server has accepted the connection; None where the system does not tell, or its end is closed."""
        end = self._look()
        return None if end is None else end.accepted

    def until_taken(self) -> Iterator[float]:
        """Yields for how many seconds to sleep before the next look, until all is taken.

        Ends also for a program that does not read: it is busy, or waits for something else. One that does so again and
        again (it looks how much is there, say) is waited for ever shorter.

            for seconds in receiver.until_taken():
                time.sleep(seconds)  # or await asyncio.sleep(seconds)
        """
        give_up, looks = time.monotonic() + self._wait, 0
        while not (taken := self.has_taken()):
            if taken is None:
                yield from self._pauses()
                return
            if time.monotonic() >= give_up:
                self._wait = max(_SHORTEST_WAIT, self._wait / 4)
                return
            looks += 1
            yield 0.0 if looks <= _LOOKS_AT_ONCE else 0.001
        self._wait = min(_LONGEST_WAIT, self._wait * 2)

    def _look(self) -> _End | None:
        return _look_at(self._request) if self._request else None

    def _pauses(self) -> Iterator[float]:
        """Until what was sent is acknowledged, as far as the system tells soon, and a moment more."""
        give_up = time.monotonic() + _ACKNOWLEDGED_SECONDS
        while self._is_unacknowledged() and time.monotonic() < give_up:
            yield 0.001
        yield _PAUSE

    def _is_unacknowledged(self) -> bool:
        if sys.platform != "linux":
            return False
        import fcntl  # no such module on Windows

        return self._sock.fileno() >= 0 and any(fcntl.ioctl(self._sock.fileno(), _OUTGOING_QUEUE, bytes(4)))


def _request(sock: socket.socket) -> bytes:
    """The query for the socket at the other end; empty where it cannot be made."""
    try:
        here, there = sock.getsockname(), sock.getpeername()
        addresses = [ipaddress.ip_address(place[0].partition("%")[0]) for place in (there, here)]
    except (OSError, ValueError, AttributeError):  # it has ended already, or has no addresses
        return b""
    plain = [getattr(address, "ipv4_mapped", None) or address for address in addresses]
    family = socket.AF_INET if plain[0].version == 4 else socket.AF_INET6
    place = _SOCKET_ID.pack(there[1], here[1], *(address.packed for address in plain), 0, _NO_COOKIE, _NO_COOKIE)
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, _WITH_TCP_INFO, _NO_COOKIE) + place
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + body


@functools.cache
def _netlink() -> socket.socket | None:
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    except OSError:
        return None
    sock.settimeout(1.0)  # the system answers within the call that asks
    return sock


_asking = threading.Lock()


class _End(NamedTuple):
    """The other end: whether a program has it, and how many bytes that has read (-1: there is no such number yet)."""

    accepted: bool
    read: int


def _look_at(request: bytes) -> _End | None:
    """The socket that the query is for; None where there is no such socket here."""
    with _asking:
        netlink = _netlink()
        if netlink is None:
            return None
        try:
            netlink.send(request)
            answer = netlink.recv(4096)
        except OSError:
            return None
    start = _HEADER.size + _MESSAGE_SIZE
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY or answer[_HEADER.size + _STATE] == _LISTEN:
        return None
    if answer[_HEADER.size + _STATE] == _SYN_RECEIVED:
        return _End(accepted=False, read=-1)
    (unread,) = struct.unpack_from("=I", answer, _HEADER.size + _READ_QUEUE)
    (inode,) = struct.unpack_from("=I", answer, _HEADER.size + _INODE)
    while start + _ATTRIBUTE.size <= len(answer):
        size, kind = _ATTRIBUTE.unpack_from(answer, start)
        if kind == _INET_DIAG_INFO and size >= _TCP_INFO_SIZE:
            (received,) = struct.unpack_from("=Q", answer, start + _ATTRIBUTE.size + _BYTES_RECEIVED)
            return _End(accepted=inode != 0, read=received - unread)
        start += max(size + 3 & ~3, _ATTRIBUTE.size)
    return None


def _sent_on(sock: socket.socket) -> int:
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    sent, again = struct.unpack_from("=QQ", info, _BYTES_SENT)
    (waiting,) = struct.unpack_from("=I", info, _NOT_SENT)
    return int(sent - again + waiting)
