"""The one door to other people's servers: an HTTP request to an address that somebody typed in.

Used by the ways out that speak HTTP. Guards against requests that are made to reach what only
this machine can reach (SSRF): https alone, every address of a name looked at, and the connection
made to the very address that was looked at; no redirects, no proxy of the environment, a limit
for the whole exchange and for the answer. Hosts that the operator names may be inside the house
and may be spoken to in plain http.
"""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import certifi
from msgspec import Struct

from data.notify.deadline import Deadline

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]

CONNECT_S = 4.0
WHOLE_S = 12.0
MOST_ANSWER = 64 * 1024
_MOST_TRIED = 3
_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_UNICAST = ipaddress.ip_network("2000::/3")  # what is assigned of IPv6; NAT64 is not in it
# What counts as global, or does in some versions of Python, and yet leads inside somewhere.
_INSIDE = _networks(
    "168.63.129.16/32",  # the host of a virtual machine in Azure
    "192.0.0.0/24",  # protocol assignments; a cloud's metadata
    "192.88.99.0/24",  # relays of 6to4
    "224.0.0.0/3",  # multicast and reserved
    "2001::/23",  # Teredo and other tunnels
    "2002::/16",  # 6to4, which holds an IPv4 address
    "3fff::/20",  # documentation
)
# Not even when the operator names the host: no gateway is there, but a cloud's metadata is.
_NEVER = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "100.100.100.200/32", "168.63.129.16/32",
    "fe80::/10", "fd00:ec2::/32", "ff00::/8", "::/128",
)  # fmt: skip


class Refused(Exception):
    """The address may not be spoken to; the text says why, and no more of it than the host."""


class Unreached(Exception):
    """Nobody answered, or not within the limits; the text says how it failed."""


class Answer(Struct, frozen=True):
    """What came back; `headers` by names in lower case, at most `MOST_ANSWER` bytes of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a name.

    Raises: OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_outside(address: Address) -> bool:
    """Whether an address is of the public internet, and nothing inside hides behind it."""
    plain = _unmapped(address)
    if plain.version == 6 and plain not in _UNICAST:
        return False
    return plain.is_global and not _within(plain, _INSIDE)


@cache
def trusting(authorities: Path | None) -> ssl.SSLContext:
    """Return what private connections are made with: it trusts the usual authorities, and these.

    Raises: OSError.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


class Egress:
    """Sends requests; `inside`: the hosts that may be inside the house.

    `authorities`: a file of certificates that are trusted besides the usual ones. `resolver`
    stands in for the system's in tests.
    """

    def __init__(
        self,
        inside: Iterable[str] = (),
        authorities: Path | None = None,
        resolver: Resolver = resolve,
        whole_s: float = WHOLE_S,
    ) -> None:
        self._inside = frozenset(host.lower().rstrip(".") for host in inside)
        self._resolver = resolver
        self._whole_s = whole_s
        self._tls = trusting(authorities)

    def check(self, url: str) -> None:
        """Look at an address as far as that goes without asking anybody.

        Raises: Refused.
        """
        self._target(url)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Make one request, once.

        Raises: Refused; Unreached.
        """
        target = self._target(url)
        addresses = self._addresses(target)
        with Deadline(self._whole_s) as deadline:
            try:
                with self._connected(target, addresses, deadline) as sock:
                    answer = _exchange(sock, target, method, headers, body)
                if not deadline.passed:
                    return answer
            except (OSError, HTTPException, ValueError) as error:
                how = "took too long" if deadline.passed else _how(error)
                raise Unreached(f"{target.hostname}: {how}") from error
        # What the deadline cut off looks whole to a reader of HTTP.
        raise Unreached(f"{target.hostname}: took too long")

    def _target(self, url: str) -> SplitResult:
        """Return the parts of an address that is worth resolving."""
        if not url.isascii() or _CONTROL.search(url):
            raise Refused("not an address: only plain letters, without spaces and backslashes")
        try:
            target = urlsplit(url)
            host, _ = target.hostname, target.port
        except ValueError as error:
            raise Refused("not an address") from error
        if not host or "%" in host or target.scheme not in _PORTS:
            raise Refused("expected an https address")
        if "@" in target.netloc:
            raise Refused("expected an address without a name or password in it")
        if target.scheme == "http" and not self._is_named(host):
            raise Refused(f"{host}: expected an https address")
        return target

    def _is_named(self, host: str) -> bool:
        return host.lower().rstrip(".") in self._inside

    def _addresses(self, target: SplitResult) -> list[tuple[str, int]]:
        """Return where to connect to: the addresses of the name, all of which are allowed."""
        host, port = str(target.hostname), target.port or _PORTS[target.scheme]
        try:
            found = [ipaddress.ip_address(a.partition("%")[0]) for a in self._resolver(host, port)]
        except (OSError, UnicodeError) as error:
            raise Unreached(f"{host}: no such name, or nobody to ask for it") from error
        for address in found:
            if _within(_unmapped(address), _NEVER) or not (
                self._is_named(host) or is_outside(address)
            ):
                raise Refused(f"{host}: not on the public internet, nor named as inside")
        return [(str(address), port) for address in found[:_MOST_TRIED]]

    def _connected(
        self, target: SplitResult, addresses: Iterable[tuple[str, int]], deadline: Deadline
    ) -> socket.socket:
        """Connect to the first of the addresses that lets us; under TLS in the name's own name."""
        failed: OSError = OSError("no address")
        for address in addresses:
            try:
                sock = socket.create_connection(address, min(CONNECT_S, self._whole_s))
            except OSError as error:
                failed = error
                continue
            deadline.watch(sock)
            sock.settimeout(self._whole_s)
            return sock if target.scheme == "http" else self._private(sock, target, deadline)
        raise failed

    def _private(
        self, sock: socket.socket, target: SplitResult, deadline: Deadline
    ) -> socket.socket:
        try:
            wrapped = self._tls.wrap_socket(
                sock, server_hostname=target.hostname, do_handshake_on_connect=False
            )
        except (OSError, ValueError):
            sock.close()
            raise
        deadline.watch(wrapped)
        try:
            wrapped.do_handshake()
        except OSError:
            wrapped.close()
            raise
        return wrapped


def _exchange(
    sock: socket.socket, target: SplitResult, method: str, headers: Mapping[str, str],
    body: bytes | None,
) -> Answer:  # fmt: skip
    """Send the request over a connection that stands, and read the answer."""
    connection = HTTPConnection(str(target.hostname), target.port or _PORTS[target.scheme])
    connection.sock = sock
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    sent = {"Host": target.netloc, "User-Agent": "Milepost", "Connection": "close", **headers}
    connection.request(method, path, body, sent)
    with connection.getresponse() as response:
        given = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, given, response.read(MOST_ANSWER))


def _unmapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _within(
    address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    return any(address in network for network in networks)


def _how(error: Exception) -> str:
    """Say in a few words how it failed; nothing of what was sent or asked for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "no private connection (TLS)"
    if isinstance(error, TimeoutError):
        return "took too long"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, HTTPException | ValueError):
        return "answered what is no HTTP"
    return "no connection, or it broke"
