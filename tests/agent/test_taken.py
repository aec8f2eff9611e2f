"""Whether a program has taken what was sent to it; where the system does not tell, these tests are skipped."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from conformance.agent.taken import Receiver

TIMES = 1000
LISTENS_AND_CONNECTS = {"IPv4": ("127.0.0.1", "127.0.0.1"), "IPv6": ("::1", "::1"), "mapped": ("::", "127.0.0.1")}


@contextmanager
def connected(family: str = "IPv4") -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection's two ends: that of the sender, and that of the reader, whose end listened."""
    listens, connects = LISTENS_AND_CONNECTS[family]
    version = socket.AF_INET6 if ":" in listens else socket.AF_INET
    both = version == socket.AF_INET6 and socket.has_dualstack_ipv6()
    with (
        socket.create_server((listens, 0), family=version, dualstack_ipv6=both) as listener,
        socket.create_connection((connects, listener.getsockname()[1])) as sender,
        listener.accept()[0] as reader,
    ):
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if Receiver(sender).has_taken() is None:
            pytest.skip("this system does not tell what a program has taken")
        yield sender, reader


@contextmanager
def reads_four_at_once(reader: socket.socket, busy: Callable[[], None]) -> Iterator[list[int]]:
    """A program that takes what one `recv(4)` gives, and is `busy` afterwards: how many bytes each one gave."""
    sizes: list[int] = []

    def read() -> None:
        while data := reader.recv(4):
            sizes.append(len(data))
            busy()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield sizes
    finally:
        thread.join()


def send_separately(sender: socket.socket, times: int) -> None:
    """So many bytes, each once the one before was taken; then the end."""
    receiver = Receiver(sender)
    for number in range(times):
        sender.sendall(bytes([number % 256]))
        for seconds in receiver.until_taken():
            time.sleep(seconds)
    sender.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("family", LISTENS_AND_CONNECTS)
def test_each_byte_is_read_by_itself(family: str) -> None:
    with connected(family) as (sender, reader), reads_four_at_once(reader, lambda: None) as sizes:
        send_separately(sender, TIMES)
    assert sizes == [1] * TIMES


@pytest.mark.parametrize("milliseconds", [1, 50])
def test_a_program_that_is_busy_between_two_reads_gets_each_byte_by_itself(milliseconds: int) -> None:
    with connected() as (sender, reader), reads_four_at_once(reader, lambda: time.sleep(milliseconds / 1000)) as sizes:
        send_separately(sender, 20)
    assert sizes == [1] * 20


def test_a_program_that_does_not_read_is_not_waited_for_for_ever_and_for_less_each_time() -> None:
    with connected() as (sender, reader):
        receiver = Receiver(sender)
        sender.sendall(b"ab")
        looks = [len(list(receiver.until_taken())) for _ in range(2)]
        assert looks[0] > looks[1] > 0
        assert receiver.has_taken() is False
        reader.recv(1)
        assert receiver.has_taken() is False
        reader.recv(1)
        assert receiver.has_taken() is True


def test_a_connection_waits_in_the_queue_until_its_server_accepts_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as sender:
        receiver = Receiver(sender)
        sender.sendall(b"ab")
        if receiver.has_taken() is None:
            pytest.skip("this system does not tell what a program has taken")
        assert receiver.is_accepted() is False
        with listener.accept()[0]:
            assert receiver.is_accepted() is True
            assert receiver.has_taken() is False


def test_a_program_that_has_left_has_nothing_to_take() -> None:
    with connected() as (sender, reader):
        receiver = Receiver(sender)
        assert receiver.has_taken() is True
        sender.sendall(b"ab")
        reader.close()
        assert receiver.has_taken() is True
        sender.close()
        assert list(receiver.until_taken()) == []


def test_where_the_system_does_not_tell_there_is_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected() as (sender, _):
        monkeypatch.setattr(sys, "platform", "unheard of")
        receiver = Receiver(sender)
        sender.sendall(b"a")
        assert receiver.has_taken() is None
        assert sum(receiver.until_taken()) > 0
