"""A port that was found stays its finder's."""

import socket

import pytest

from tests.ports import free_pair, free_port


def listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_nobody_is_given_a_port_twice() -> None:
    found = [free_port() for _ in range(200)]
    assert len({*found}) == 200


def test_who_does_not_know_of_it_cannot_take_it() -> None:
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", free_port()))


def test_a_server_listens_at_it_and_again_after_a_restart() -> None:
    port = free_port()
    for _ in range(2):
        with listening(port), socket.create_connection(("127.0.0.1", port)):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_both_of_a_pair_are_held() -> None:
    first = free_pair(10_000)
    for port in (first, first + 10_000):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        listening(port).close()
