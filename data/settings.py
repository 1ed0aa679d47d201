"""Everything that can be set from outside, parsed once into one frozen object.

Why: a malformed or misspelt setting must stop the start with its name, not surface hours later.
Each setting is explained in docs/settings.md. Imported by the wiring and tests; other modules are
handed the values they need.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from data import cluster_address
from data.services.ports import REMEMBER_H

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]
Locale = Literal["zh-Hant", "zh-Hans", "en"]

LEAST_SECRET = 32

VARIABLES = frozenset(
    {
        "HOST",
        "PORT",
        "DATABASE_URL",
        "REDIS_URL",
        "MILEPOST_REPLICA_URL",
        "MILEPOST_DEMO",
        "MILEPOST_VAR",
        "MILEPOST_KEEP_MONTHS",
        "MILEPOST_REMEMBER_HOURS",
        "MILEPOST_SCREENS",
        "MILEPOST_NOTIFY",
        "MILEPOST_PUBLIC_URL",
        "MILEPOST_SECRET",
        "MILEPOST_TRUSTED_PROXIES",
        "MILEPOST_OPENID_NAME",
        "MILEPOST_OPENID_DISCOVERY",
        "MILEPOST_OPENID_CLIENT_ID",
        "MILEPOST_OPENID_CLIENT_SECRET",
        "MILEPOST_LOG_LEVEL",
        "MILEPOST_LOG_FORMAT",
        "MILEPOST_LOCALE",
        "MILEPOST_BUILD",
        "MILEPOST_SEED",
    }
)
TEST_VARIABLES = frozenset({"MILEPOST_REAL_DATA", "MILEPOST_CHROMIUM"})

_SOURCE_FOLDERS = ("web", "layouts", "callbacks", "data", "assets")
_SOURCE_SUFFIXES = frozenset({".py", ".js", ".css", ".yaml", ".mo", ".svg"})
_ROOT = Path(__file__).resolve().parent.parent

_LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
_LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)
_LOCALES: tuple[Locale, ...] = get_args(Locale)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_T = TypeVar("_T")


class SettingsError(Exception):
    """A setting cannot be used; the text names the variable and what was expected."""


class OpenId(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenID provider. `discovery`: the address of its configuration document."""

    name: str
    discovery: str
    client_id: str
    client_secret: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one start of the program.

    `database_url` and `redis_url` are None when the program starts its own engines under `var`;
    `replica_url` when pages on the past are read from the same database as everything else;
    `screens` is None for the walls that come with the program, `notify` when nothing is sent
    out, `public_url` where links lead to the address that it listens on, `secret` when one is
    kept in `var`, `keep_months` when events stay in SQL for ever, `openid` when people sign in
    with accounts of the program alone. The word of `trusted_proxies` on their clients counts as
    that of one on this machine does.
    """

    host: str
    port: int
    database_url: str | None
    redis_url: str | None
    replica_url: str | None
    demo: bool
    var: Path
    keep_months: int | None
    remember_hours: int
    screens: Path | None
    notify: Path | None
    public_url: str | None
    secret: bytes | None
    trusted_proxies: tuple[Network, ...]
    openid: OpenId | None
    log_level: LogLevel
    log_format: LogFormat
    locale: Locale
    build: str
    seed: int

    @staticmethod
    def from_env(env: Mapping[str, str]) -> "Settings":
        """Parse the settings; an empty variable counts as not set.

        Raises: SettingsError naming the variable and what was expected.
        """
        _refuse_unknown(env)
        return Settings(
            host=env.get("HOST") or "127.0.0.1",
            port=_parsed(env, "PORT", _port, default=8050),
            database_url=_parsed(env, "DATABASE_URL", _database_url, default=None),
            redis_url=_parsed(env, "REDIS_URL", _redis_url, default=None),
            replica_url=_parsed(env, "MILEPOST_REPLICA_URL", _database_url, default=None),
            demo=_parsed(env, "MILEPOST_DEMO", _flag, default=True),
            var=_parsed(env, "MILEPOST_VAR", Path, default=Path("var")),
            keep_months=_parsed(env, "MILEPOST_KEEP_MONTHS", _months, default=None),
            remember_hours=_parsed(env, "MILEPOST_REMEMBER_HOURS", _hours, default=REMEMBER_H),
            screens=_parsed(env, "MILEPOST_SCREENS", _file, default=None),
            notify=_parsed(env, "MILEPOST_NOTIFY", _file, default=None),
            public_url=_parsed(env, "MILEPOST_PUBLIC_URL", _public_url, default=None),
            secret=_parsed(env, "MILEPOST_SECRET", _secret, default=None),
            trusted_proxies=_parsed(env, "MILEPOST_TRUSTED_PROXIES", _networks, default=()),
            openid=_openid(env),
            log_level=_parsed(env, "MILEPOST_LOG_LEVEL", _choice(_LOG_LEVELS), default="info"),
            log_format=_parsed(
                env, "MILEPOST_LOG_FORMAT", _choice(_LOG_FORMATS), default="console"
            ),
            locale=_parsed(env, "MILEPOST_LOCALE", _choice(_LOCALES), default="en"),
            build=_parsed(env, "MILEPOST_BUILD", _build, default=None) or build_id(_ROOT),
            seed=_parsed(env, "MILEPOST_SEED", _seed, default=1),
        )


@cache
def build_id(root: Path) -> str:
    """Return an id that changes whenever a source file below `root` does."""
    digest = hashlib.sha256()
    folders = [root / name for name in _SOURCE_FOLDERS]
    files = [path for folder in folders for path in folder.rglob("*")]
    for path in sorted([root / "app.py", *files]):
        if path.suffix in _SOURCE_SUFFIXES and path.is_file():
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _parsed(env: Mapping[str, str], name: str, parse: Callable[[str], _T], default: _T) -> _T:
    """Parse one variable, or take its default when it is not set.

    `parse` raises ValueError with what it expected; the value itself stays out of the message,
    for it may hold a password.
    """
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{name}: expected {error}") from error


def _choice(choices: tuple[_T, ...]) -> Callable[[str], _T]:
    """Make the parser that accepts these words alone."""

    def parse(text: str) -> _T:
        for choice in choices:
            if text == choice:
                return choice
        raise ValueError(f"one of {', '.join(map(str, choices))}")

    return parse


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise ValueError("a port number from 1 to 65535")


def _seed(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise ValueError("a whole number, 0 or more")


def _months(text: str) -> int | None:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1200:
        return int(text)
    raise ValueError("a number of months from 1 to 1200")


def _hours(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 168:
        return int(text)
    raise ValueError("a number of hours from 1 to 168")


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("0 or 1")
    return text == "1"


def _secret(text: str) -> bytes | None:
    if len(text) < LEAST_SECRET:
        raise ValueError(f"at least {LEAST_SECRET} characters")
    return text.encode()


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise ValueError("addresses or networks with commas between, as in 10.0.3.4") from error


def _openid(env: Mapping[str, str]) -> OpenId | None:
    """Parse the provider: all that there is to say of it, or nothing."""
    names = [f"MILEPOST_OPENID_{name.upper()}" for name in OpenId.__struct_fields__]
    missing = [name for name in names if not env.get(name, "").strip()]
    if len(missing) == len(names):
        return None
    if missing:
        raise SettingsError(f"{', '.join(missing)}: expected too, where others of them are set")
    name, discovery, client_id, client_secret = (
        _parsed(env, name, _words, default="") for name in names
    )
    if not discovery.startswith("https://") and not _is_here(discovery):
        raise SettingsError(f"{names[1]}: expected an https address")
    return OpenId(name=name, discovery=discovery, client_id=client_id, client_secret=client_secret)


def _words(text: str) -> str:
    if len(text) > 400 or not text.isprintable():
        raise ValueError("at most 400 characters")
    return text


def _is_here(address: str) -> bool:
    """Whether an address is plain http on this machine, as of a provider that is tried out."""
    return urlsplit(address).scheme == "http" and _is_loopback(urlsplit(address).hostname or "")


def _public_url(text: str) -> str | None:
    """Accept where people open the program: a scheme and a host, perhaps a port and a path."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address as in https://milepost.example.com")
    return text.rstrip("/")


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("the path of a file that exists")
    return Path(text)


def _build(text: str) -> str | None:
    if len(text) > 64 or not text.replace("-", "").replace(".", "").isalnum():
        raise ValueError("at most 64 letters, digits, dots and hyphens")
    return text


def _database_url(text: str) -> str | None:
    """Accept PostgreSQL URLs as other programs write them, and name our driver."""
    expected = "a PostgreSQL URL, as in postgresql://user:password@host:5432/milepost"
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ValueError(expected) from error
    if url.drivername not in {"postgres", "postgresql", "postgresql+psycopg"} or not url.database:
        raise ValueError(expected)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _redis_url(text: str) -> str | None:
    if not text.startswith(("redis://", "rediss://", "unix://", *cluster_address.SCHEMES)):
        raise ValueError(
            "a Redis URL, as in redis://host:6379/0, unix:///path/to/redis.sock or "
            "redis+cluster://host:6379,other:6379"
        )
    if text.startswith(cluster_address.SCHEMES):
        cluster_address.parse(text)
    return text


def _refuse_unknown(env: Mapping[str, str]) -> None:
    known = VARIABLES | TEST_VARIABLES
    unknown = sorted(n for n in env if n.startswith("MILEPOST_") and n not in known)
    if unknown:
        names = ", ".join(sorted(n for n in VARIABLES if n.startswith("MILEPOST_")))
        raise SettingsError(f"{', '.join(unknown)}: no such setting; there are {names}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
