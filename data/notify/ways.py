"""The ways out that the operator set up, read from one YAML file at the start.

Wired in by the composition root. The file holds no secrets unless its writer wants it to: any
text of it may be `env:NAME` or `file:/path`, and stands for what is there. Explained in
docs/notifications.md.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from data.domain.notices import Rate, Way
from data.notify.dingtalk import DingTalk
from data.notify.egress import Egress, Refused, Resolver, resolve
from data.notify.email import Email, MailServer, Security, address_of
from data.notify.exchange import Exchange, Now
from data.notify.feishu import Feishu
from data.notify.sms import Gateway, Sms, Success
from data.notify.webhook import Webhook, key_of
from data.notify.wecom import WeCom

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_TOP = frozenset({"inside", "authorities", "source", "ways"})
_SOURCE = "urn:milepost"

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1)]


class WaysError(ValueError):
    """The file can't be used; the text names the way and the field, and what was expected."""


class _RateFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    count: Count
    per_s: Annotated[float, Meta(gt=0)]
    penalty_s: Annotated[float, Meta(ge=0)] = 0.0


class _EmailFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["email"]
    host: Text
    sender: Text = msgspec.field(name="from")
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    security: Security = "starttls"
    reply_to: Text | None = None
    login: str = ""
    password: str = ""
    rate: _RateFields | None = None


class _RobotFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["dingtalk", "feishu"]
    url: Text
    secret: str = ""
    keyword: str = ""


class _WeComFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["wecom"]
    url: Text


class _SmsFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["sms"]
    url: Text
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, str] = {}
    encoding: Literal["json", "form"] = "json"
    body: dict[str, Any] | None = None
    success: Success = Success()
    max_bytes: Annotated[int, Meta(ge=40, le=4000)] = 400
    rate: _RateFields | None = None


class _WebhookFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Literal["webhook"]
    secrets: Annotated[list[Text], Meta(min_length=1, max_length=5)]
    url: Text | None = None


_Fields = _EmailFields | _RobotFields | _WeComFields | _SmsFields | _WebhookFields
_FIELDS: Mapping[str, type[_Fields]] = {
    "email": _EmailFields,
    "dingtalk": _RobotFields,
    "feishu": _RobotFields,
    "wecom": _WeComFields,
    "sms": _SmsFields,
    "webhook": _WebhookFields,
}


class Ways:
    """The ways out by name."""

    def __init__(self, ways: Mapping[str, Way] | None = None) -> None:
        self._ways = dict(ways or {})

    def find(self, name: str) -> Way | None:
        """Return the way of a name."""
        return self._ways.get(name)

    def names(self, kind: str | None = None) -> tuple[str, ...]:
        """Return the names of all ways, or of those of a kind, in order."""
        return tuple(n for n, way in sorted(self._ways.items()) if kind in (None, way.kind))


NOBODY = Ways()


def read(path: Path, env: Mapping[str, str], now: Now) -> Ways:
    """Read the file of ways out.

    Raises: WaysError naming file, way and field.
    """
    try:
        document = msgspec.yaml.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WaysError(f"{path.name}: not readable as YAML") from error
    try:
        return parse(document, env, now)
    except WaysError as error:
        raise WaysError(f"{path.name}: {error}") from error


def parse(document: Any, env: Mapping[str, str], now: Now, resolver: Resolver = resolve) -> Ways:
    """Make the ways out of a document.

    Raises: WaysError naming way and field.
    """
    if not isinstance(document, Mapping) or set(document) - _TOP:
        raise WaysError(f"expected nothing but {', '.join(sorted(_TOP))}")
    entries = document.get("ways") or {}
    if not isinstance(entries, Mapping):
        raise WaysError("ways: expected a name with fields for each")
    maker = _Maker(document, env, now, resolver)
    return Ways({str(name): maker.way(str(name), fields) for name, fields in entries.items()})


class _Maker:
    """Makes one way after another, with what they have in common."""

    def __init__(
        self, document: Mapping[str, Any], env: Mapping[str, str], now: Now, resolver: Resolver
    ) -> None:
        self._env = env
        self._now = now
        self._source = _text(document, "source", _SOURCE)
        self._authorities = _file(document, "authorities")
        try:
            self._egress = Egress(_hosts(document), self._authorities, resolver)
        except OSError as error:
            raise WaysError("authorities: expected certificates as PEM") from error

    def way(self, name: str, given: Any) -> Way:
        """Make a way. Raises: WaysError."""
        key = f"ways.{name}"
        if not _NAME.fullmatch(name):
            raise WaysError(f"{key}: expected a name of a-z, 0-9, - and _, at most 40")
        kind = given.get("kind") if isinstance(given, Mapping) else None
        if not isinstance(kind, str) or kind not in _FIELDS:
            raise WaysError(f"{key}.kind: expected one of {', '.join(_FIELDS)}")
        secrets: list[str] = []
        resolved = self._resolved(given, key, secrets)
        try:
            fields = msgspec.convert(resolved, _FIELDS[kind])
        except msgspec.ValidationError as error:
            raise WaysError(f"{key}: {_where(error, secrets)}") from None
        try:
            return self._made(name, fields, secrets)
        except (ValueError, Refused) as error:
            raise WaysError(f"{key}.{error}") from error

    def _made(self, name: str, fields: _Fields, secrets: list[str]) -> Way:
        """Make a way of its fields. Raises: ValueError naming the field."""
        match fields:
            case _EmailFields():
                return Email(self._mail_server(fields), self._now, name, _rate(fields.rate))
            case _RobotFields():
                robot = DingTalk if fields.kind == "dingtalk" else Feishu
                exchange = self._exchange(fields.url, [*secrets, fields.secret])
                return robot(exchange, fields.url, fields.secret, fields.keyword)
            case _WeComFields():
                return WeCom(self._exchange(fields.url, secrets), fields.url)
            case _SmsFields():
                exchange = self._exchange(fields.url, [*secrets, *fields.headers.values()])
                return Sms(exchange, _gateway(fields), _rate(fields.rate))
            case _WebhookFields():
                keys = [_field("secrets", key_of, secret) for secret in fields.secrets]
                exchange = self._exchange(fields.url, [*secrets, *fields.secrets])
                return Webhook(exchange, fields.url, keys, self._source)

    def _exchange(self, url: str | None, secrets: Iterable[str]) -> Exchange:
        """Make what a way speaks through; its address and secrets are kept out of its words."""
        if url is not None:
            try:
                self._egress.check(url)
            except Refused as error:
                raise ValueError(f"url: {error}") from error
        return Exchange(self._egress, self._now, [*secrets, *_tokens(url or "")])

    def _mail_server(self, fields: _EmailFields) -> MailServer:
        if fields.login and fields.security == "none":
            raise ValueError("login: expected security of starttls or tls with it")
        reply_to = fields.reply_to
        return MailServer(
            host=fields.host,
            port=fields.port or _PORTS[fields.security],
            security=fields.security,
            sender=_field("from", address_of, fields.sender),
            reply_to=_field("reply_to", address_of, reply_to) if reply_to else None,
            login=fields.login,
            password=fields.password,
            authorities=self._authorities,
        )

    def _resolved(self, value: Any, key: str, secrets: list[str]) -> Any:
        """Return a value with what its texts stand for, and note what came from elsewhere."""
        if isinstance(value, Mapping):
            return {n: self._resolved(one, f"{key}.{n}", secrets) for n, one in value.items()}
        if isinstance(value, list):
            return [self._resolved(v, f"{key}[{n}]", secrets) for n, v in enumerate(value)]
        if not isinstance(value, str) or not value.startswith(("env:", "file:")):
            return value
        source, _, name = value.partition(":")
        secret = self._from_env(name, key) if source == "env" else _from_file(name, key)
        secrets.append(secret)
        return secret

    def _from_env(self, name: str, key: str) -> str:
        if not self._env.get(name):
            raise WaysError(f"{key}: the environment has no {name}")
        return self._env[name]


def _from_file(name: str, key: str) -> str:
    try:
        return Path(name).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WaysError(f"{key}: no file {name} that can be read") from error


def _gateway(fields: _SmsFields) -> Gateway:
    """Raises: ValueError naming the field."""
    if "{" in fields.url.partition("://")[2].partition("/")[0]:
        raise ValueError("url: expected placeholders behind the host alone")
    for name, value in fields.headers.items():
        if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise ValueError(f"headers.{name}: expected plain text on one line")
    try:
        re.compile(fields.success.matches)
    except re.error as error:
        raise ValueError("success.matches: expected a regular expression") from error
    return Gateway(
        url=fields.url,
        method=fields.method,
        headers=fields.headers,
        encoding=fields.encoding,
        body=fields.body,
        success=fields.success,
        max_bytes=fields.max_bytes,
    )


def _tokens(url: str) -> list[str]:
    """Return what of a robot's address is as good as a password: each long part behind the host."""
    behind = url.partition("://")[2].partition("/")[2]
    return [part for part in re.split(r"[/?&=]", behind) if len(part) >= 16]


def _rate(fields: _RateFields | None) -> Rate | None:
    return None if fields is None else Rate(fields.count, fields.per_s, fields.penalty_s)


def _field(name: str, parse: Any, value: str) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected {str(error).removeprefix('expected ')}") from error


def _where(error: msgspec.ValidationError, secrets: Iterable[str]) -> str:
    """Return what was expected, with the field first and without what came from elsewhere."""
    words, _, path = str(error).partition(" - at `$")
    for secret in secrets:
        words = words.replace(secret, "•••")
    return f"{path.rstrip('`').lstrip('.')}: {words}".removeprefix(": ")


def _hosts(document: Mapping[str, Any]) -> list[str]:
    try:
        return msgspec.convert(document.get("inside") or [], list[str])
    except msgspec.ValidationError as error:
        raise WaysError("inside: expected a list of hosts") from error


def _text(document: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = document.get(name) or otherwise
    if not isinstance(value, str):
        raise WaysError(f"{name}: expected a text")
    return value


def _file(document: Mapping[str, Any], name: str) -> Path | None:
    if document.get(name) is None:
        return None
    path = Path(_text(document, name, ""))
    if not path.is_file():
        raise WaysError(f"{name}: expected the path of a file that exists")
    return path
