"""The address of a Redis Cluster, taken apart once for the settings' check and for the client.

    redis+cluster://[user:password@]host:port,host:port[?replicas=NUMBER]
    rediss+cluster://[user:password@]host:port,host:port[?replicas=NUMBER&ssl_ca_certs=FILE]

Imported by `data.settings`, `data.stream` and `callbacks.limits`.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct

PLAIN, TLS = "redis+cluster://", "rediss+cluster://"
SCHEMES = (PLAIN, TLS)
_PORT = 6379
_FORM = (
    "redis+cluster://host:6379,other:6379, with nothing after it but ?replicas=NUMBER, "
    "and with rediss+cluster:// ssl_ca_certs=FILE"
)


class ClusterAddress(Struct, frozen=True, kw_only=True):
    """Some nodes of a cluster, any of which knows the others.

    `replicas`: how many must have what is acknowledged, beside the master. `authorities`: a file
    of certificates that are trusted in place of the system's.
    """

    nodes: tuple[tuple[str, int], ...]
    user: str | None
    password: str | None
    replicas: int
    tls: bool = False
    authorities: str | None = None


def parse(url: str) -> ClusterAddress:
    """Take an address apart.

    Raises: ValueError with what was expected.
    """
    parts = urlsplit(url)
    who, _, hosts = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    asked = parse_qs(parts.query, keep_blank_values=True)
    replicas = asked.pop("replicas", ["1"])[-1]
    tls = url.startswith(TLS)
    authorities = asked.pop("ssl_ca_certs", [""])[-1] if tls else ""
    if asked or parts.path not in {"", "/"} or not replicas.isdecimal():
        raise ValueError(_FORM)
    return ClusterAddress(
        nodes=tuple(_node(host) for host in hosts.split(",")),
        user=unquote(user) or None,
        password=unquote(password) or None,
        replicas=int(replicas),
        tls=tls,
        authorities=authorities or None,
    )


def secured(address: ClusterAddress) -> dict[str, Any]:
    """Return what a client is told of TLS: every node must prove the name it is reached by."""
    if not address.tls:
        return {}
    return {"ssl": True, "ssl_check_hostname": True, "ssl_ca_certs": address.authorities}


def _node(text: str) -> tuple[str, int]:
    host, port = text, str(_PORT)
    if ":" in text.rpartition("]")[2]:
        host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(_FORM)
    return host.strip("[]"), int(port)
