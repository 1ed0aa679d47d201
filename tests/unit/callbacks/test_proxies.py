"""Whose word on a client's address and on https counts."""

from ipaddress import ip_network
from typing import Any

import pytest

from callbacks.shield import BehindProxy

TOLD = {"HTTP_X_FORWARDED_FOR": "198.51.100.9", "HTTP_X_FORWARDED_PROTO": "https"}
TRUSTED = (ip_network("10.0.3.0/28"), ip_network("fd00::7"))


def seen(address: str, proxies: tuple[Any, ...] = (), **more: str) -> tuple[str, str]:
    """The address and scheme that the application is shown of a request from an address."""
    shown: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: object) -> list[bytes]:
        shown.update(environ)
        return []

    environ = {"REMOTE_ADDR": address, "wsgi.url_scheme": "http", **TOLD, **more}
    BehindProxy(app, proxies)(environ, None)
    return shown["REMOTE_ADDR"], shown["wsgi.url_scheme"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_proxy_on_this_machine_is_believed(address: str) -> None:
    assert seen(address) == ("198.51.100.9", "https")


@pytest.mark.parametrize("address", ["10.0.3.4", "192.0.2.1", "fd00::7", "", "unix"])
def test_nobody_elsewhere_is_believed_unless_named(address: str) -> None:
    assert seen(address) == (address, "http")


@pytest.mark.parametrize("address", ["10.0.3.4", "::ffff:10.0.3.4", "fd00::7"])
def test_a_proxy_that_is_named_is_believed(address: str) -> None:
    assert seen(address, TRUSTED) == ("198.51.100.9", "https")


@pytest.mark.parametrize("address", ["10.0.3.16", "fd00::8", "203.0.113.5"])
def test_its_neighbours_are_not(address: str) -> None:
    assert seen(address, TRUSTED) == (address, "http")


def test_of_several_addresses_the_one_counts_that_the_proxy_itself_saw() -> None:
    forged = {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 198.51.100.9"}
    assert seen("10.0.3.4", TRUSTED, **forged) == ("198.51.100.9", "https")
