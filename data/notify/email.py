"""E-mail over SMTP.

Wired in by `data.notify.ways`. The server is the operator's own and may be inside the house.
Source: RFC 5321 (reply codes), RFC 5322, RFC 2919 (List-Id), RFC 3834 (Auto-Submitted).
"""

import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from msgspec import Struct

from data.domain.notices import (
    Notice,
    Outcome,
    Permanent,
    Rate,
    Sent,
    Transient,
    cut,
    linked,
    plain_body,
)
from data.notify.deadline import Deadline
from data.notify.egress import trusting

Security = Literal["starttls", "tls", "none"]
Refusals = dict[str, tuple[int, bytes]]

REPLY_S, WHOLE_S = 8.0, 18.0
_MOST_SUBJECT = 500
_MOST_SAID = 200
_ASCII_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class MailServer(Struct, frozen=True, kw_only=True):
    """Who takes the mail, and who it is from. `authorities`: certificates trusted besides."""

    host: str
    port: int
    security: Security
    sender: Address
    reply_to: Address | None = None
    login: str = ""
    password: str = ""
    authorities: Path | None = None
    reply_s: float = REPLY_S
    whole_s: float = WHOLE_S


class Email:
    """Sends to one address, or to several with commas between them in one mail."""

    kind = "email"
    addressed = True
    max_bytes = 10 * 1024 * 1024

    def __init__(
        self, server: MailServer, now: Callable[[], datetime], name: str, rate: Rate | None = None
    ) -> None:
        self.rate = rate
        self._server = server
        self._now = now
        self._name = name
        self._tls = trusting(server.authorities)

    def send(self, notice: Notice) -> Outcome:
        """Send it now; a connection for each mail, for they are few and servers close idle ones."""
        try:
            recipients = addresses(notice.address)
            mail = composed(notice, self._server, recipients, self._now(), self._name)
            size = len(mail.as_bytes())
        except (ValueError, MessageError, UnicodeError) as error:
            return Permanent(f"not sent: {_line(str(error))}")
        if size > self.max_bytes:
            return Permanent(f"not sent: larger than {self.max_bytes} bytes")
        with Deadline(self._server.whole_s) as deadline:
            try:
                return self._deliver(mail, recipients, deadline)
            except (OSError, smtplib.SMTPException, UnicodeError) as error:
                return self._failed(error, deadline.passed)

    def _deliver(
        self, mail: EmailMessage, recipients: list[Address], deadline: Deadline
    ) -> Outcome:
        """Hand the mail over. Raises: OSError; SMTPException; UnicodeError."""
        with self._connected(deadline) as smtp:
            if self._server.security == "starttls":
                smtp.starttls(context=self._tls)
                smtp.watch()
            if self._server.login:
                smtp.login(self._server.login, self._server.password)
            refused: Refusals = smtp.send_message(mail)
        if not refused:
            return Sent("accepted")
        taken = len(recipients) - len(refused)
        return Sent(self._said(f"accepted for {taken} of {len(recipients)}; {_refusals(refused)}"))

    def _connected(self, deadline: Deadline) -> "_Smtp":
        one = self._server
        if one.security == "tls":
            return _SmtpTls(deadline, one.host, one.port, timeout=one.reply_s, context=self._tls)
        return _Smtp(deadline, one.host, one.port, timeout=one.reply_s)

    def _failed(self, error: Exception, late: bool) -> Transient | Permanent:
        """Tell from a failure whether another attempt may go better."""
        if late or isinstance(error, TimeoutError):
            return Transient("the mail server took too long")
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in error.recipients.values()]
            return self._by_code(min(codes), _refusals(error.recipients))
        if isinstance(error, smtplib.SMTPResponseException):
            return self._by_code(error.smtp_code, f"{error.smtp_code} {_text(error.smtp_error)}")
        if isinstance(error, smtplib.SMTPNotSupportedError | UnicodeError):
            return Permanent(f"not sent: {self._said(str(error))}")
        if isinstance(error, ssl.SSLCertVerificationError):
            return Transient(
                f"the mail server's certificate is not trusted: {error.verify_message}"
            )
        return Transient("no connection to the mail server, or it broke")

    def _by_code(self, code: int, said: str) -> Transient | Permanent:
        """5xx is for ever; what isn't a reply code (a connection that broke) is not."""
        return Permanent(self._said(said)) if 500 <= code < 600 else Transient(self._said(said))

    def _said(self, text: str) -> str:
        secret = self._server.password
        return _line(text.replace(secret, "•••") if len(secret) >= 4 else text)


class _Smtp(smtplib.SMTP):
    """A connection that tells its socket to a deadline, and whose end never hides how it went."""

    def __init__(self, deadline: Deadline, *server: Any, **options: Any) -> None:
        self._deadline = deadline
        super().__init__(*server, **options)

    def watch(self) -> None:
        """Watch the socket that took the place of the first one."""
        if self.sock is not None:
            self._deadline.watch(self.sock)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(sock)
        return sock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Say goodbye; a server that took the mail took it, however it parts."""
        try:
            if error is None:
                self.docmd("QUIT")
        except (OSError, smtplib.SMTPException):
            return
        finally:
            self.close()


class _SmtpTls(_Smtp, smtplib.SMTP_SSL):
    """The same, private from the first byte."""


def addresses(text: str) -> list[Address]:
    """Return the addresses of a text with commas.

    Raises: ValueError for what is none, without repeating it.
    """
    return [address_of(part) for part in text.split(",") if part.strip()] or [address_of("")]


def address_of(text: str) -> Address:
    """Return one address, with or without a name before it.

    Raises: ValueError.
    """
    name, spec = parseaddr(text.strip())
    user, _, domain = spec.rpartition("@")
    whole = bool(user and domain) and (text.isprintable() and "." not in (domain[0], domain[-1]))
    if not whole or any(sign in spec for sign in ' ,;<>"\\'):
        raise ValueError("expected an e-mail address")
    return Address(name, user, domain)


def composed(
    notice: Notice, server: MailServer, recipients: list[Address], now: datetime, way: str
) -> EmailMessage:
    """Return the mail of a notice; a line break in a subject or name becomes a space.

    Raises: ValueError; MessageError.
    """
    mail = EmailMessage(policy=SMTP)
    domain = server.sender.domain
    mail["From"] = server.sender
    mail["To"] = recipients
    mail["Subject"] = cut(_line(notice.subject, _MOST_SUBJECT), _MOST_SUBJECT)
    mail["Date"] = now
    mail["Message-ID"] = message_id(notice.id, domain)
    if server.reply_to is not None:
        mail["Reply-To"] = server.reply_to
    mail["List-Id"] = f"Milepost <{_token(way)}.milepost.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = _token(notice.language)
    _fill(mail, notice)
    return mail


def message_id(notice_id: str, domain: str) -> str:
    """Return the Message-ID, the same for every attempt."""
    return f"<{_token(notice_id)}@{domain}>"


def _fill(mail: EmailMessage, notice: Notice) -> None:
    link = linked(notice)
    mail.set_content(plain_body(notice) + (f"\n\n{link}\n" if link else "\n"))
    if notice.html is not None:
        mail.add_alternative(notice.html, subtype="html")
    for one in notice.attachments:
        main, _, sub = one.media_type.partition("/")
        mail.add_attachment(one.body, maintype=main, subtype=sub, filename=_line(one.name))


def _token(text: str) -> str:
    """Return a text that may stand in an id; a digest where it isn't made of plain signs."""
    if text and set(text) <= _ASCII_ID and len(text) <= 120 and not text.startswith("."):
        return text.rstrip(".")
    return sha256(text.encode()).hexdigest()[:40]


def _refusals(refused: Refusals) -> str:
    said = (f"{who}: {code} {_text(words)}" for who, (code, words) in sorted(refused.items()))
    return "refused " + "; ".join(said)


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words


def _line(text: str, most: int = _MOST_SAID) -> str:
    return cut(" ".join("".join(c if c.isprintable() else " " for c in text).split()), most)
