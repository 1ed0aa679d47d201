"""Addresses that somebody typed in: which may be spoken to, and that nothing moves in between."""

import ipaddress
import socket

import pytest

from data.notify.egress import Egress, Refused, Unreached, is_outside

OUTSIDE = "93.184.216.34"


@pytest.fixture
def connected(monkeypatch):
    """Note where a connection would be made to; none is."""
    tried = []

    def refuse(address, timeout):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


def asked(*answers):
    """Resolve to these, one answer after another, and note how often that was asked for."""
    left = list(answers)
    return lambda host, port: left.pop(0) if left else pytest.fail("asked once too often")


def request(url, resolver, inside=()):
    return Egress(inside, resolver=resolver).request("POST", url, {}, b"{}")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
        "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
        "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_that_leads_inside_is_not_outside(text):
    assert not is_outside(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", [OUTSIDE, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_outside(text):
    assert is_outside(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "127.0.0.1.", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "0xa9fea9fe", "2852039166",
        "0251.0376.0251.0376",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_gets_around(host, connected):
    def as_the_system(host, port):
        if ":" in host:
            return [host]
        return [socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))]

    with pytest.raises(Refused):
        request(f"https://{host}/x", as_the_system)
    assert connected == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
        "//example.com/", "example.com", "", "https://", "https:///x", "https://u:p@example.com/",
        "https://good.com@127.0.0.1/", "https://example.com\\@127.0.0.1/", "https://exa mple.com/",
        "https://example.com/\r\nHost: x", "https://example.com:99999/", "https://[::1/",
        "https://１２７.0.0.1/", "https://ⓔxample.com/", "https://[fe80::1%25eth0]/",
        "https://example.com/停機",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused_before_anybody_is_asked(url, connected):
    with pytest.raises(Refused):
        request(url, asked())
    assert connected == []


def test_the_address_that_was_looked_at_is_the_one_connected_to(connected):
    with pytest.raises(Unreached):
        request("https://rebinds.test/x", asked([OUTSIDE], ["127.0.0.1"]))
    assert connected == [(OUTSIDE, 443)]


def test_a_name_that_leads_inside_the_second_time_is_refused_the_second_time(connected):
    egress = Egress(resolver=asked([OUTSIDE], ["127.0.0.1"]))
    with pytest.raises(Unreached):
        egress.request("POST", "https://rebinds.test/x", {}, None)
    with pytest.raises(Refused):
        egress.request("POST", "https://rebinds.test/x", {}, None)
    assert connected == [(OUTSIDE, 443)]


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_with_one_address_inside_among_others_is_refused(order, connected):
    with pytest.raises(Refused):
        request("https://mixed.test/x", asked([OUTSIDE, "10.0.0.1"][::order]))
    assert connected == []


def test_each_address_of_a_name_is_tried_but_not_too_many(connected):
    with pytest.raises(Unreached):
        request("https://many.test:8443/", asked([f"8.8.8.{n}" for n in range(1, 9)]))
    assert connected == [("8.8.8.1", 8443), ("8.8.8.2", 8443), ("8.8.8.3", 8443)]


def test_a_host_that_the_operator_names_may_be_inside_and_without_tls(connected):
    with pytest.raises(Unreached):
        request("http://SMS.works.test/", asked(["10.1.2.3"]), ["sms.Works.test"])
    assert connected == [("10.1.2.3", 80)]


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"]
)
def test_not_even_such_a_host_leads_to_where_clouds_keep_their_secrets(address, connected):
    with pytest.raises(Refused):
        request("http://sms.works.test/", asked([address]), ["sms.works.test"])
    assert connected == []


def test_naming_one_host_names_no_other(connected):
    for url in ("http://other.works.test/", "http://sms.works.test.evil.test/"):
        with pytest.raises(Refused):
            request(url, asked(["10.1.2.3"]), ["sms.works.test"])


def test_a_name_that_nobody_knows_may_be_known_later():
    def unknown(host, port):
        raise socket.gaierror

    for resolver in (unknown, asked([])):
        with pytest.raises(Unreached):
            request("https://nobody.test/", resolver)
