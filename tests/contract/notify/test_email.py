"""E-mail against a real SMTP server that keeps what it got and refuses what it is told to."""

import socket
import threading
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from data.domain.notices import Attachment, Permanent, Sent, Transient
from data.notify.email import Email, MailServer, address_of
from tests.contract.notify.receivers import NOW, certificate, notice

SENDER = address_of("Milepost <board@works.test>")


class Office:
    """Keeps mails; `refusals` holds what is said to a recipient, `last` what is said to a mail."""

    def __init__(self, refusals=None, last="250 taken"):
        self.refusals, self.last = refusals or {}, last
        self.taken: list[Envelope] = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        if self.last.startswith("250"):
            self.taken.append(envelope)
        return self.last

    @property
    def mails(self):
        return [message_from_bytes(one.original_content, policy=default) for one in self.taken]


class Here(Controller):
    """A server on a port that was free, on this machine alone."""

    def __init__(self, office, **options):
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        super().__init__(office, hostname="127.0.0.1", port=port, **options)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop(no_assert=True)


def way(server, **fields):
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": SENDER}
    return Email(MailServer(**given | fields), lambda: NOW, "mail")


def told(**changes):
    return notice(**{"address": "li@works.test", "html": "<p>E-17</p>"} | changes)


def test_a_mail_arrives_as_text_and_html_with_what_machines_look_for():
    office = Office()
    with Here(office) as server:
        assert way(server).send(told(subject="緊急：M-3 停機")) == Sent("accepted")
    mail = office.mails[0]
    assert mail["Subject"] == "緊急：M-3 停機"
    assert mail["From"] == "Milepost <board@works.test>"
    assert mail["To"] == "li@works.test"
    assert mail["Message-ID"] == "<ntc-17-1@works.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "Milepost <mail.milepost.works.test>"
    assert mail["Date"].datetime == NOW
    text = mail.get_body(("plain",)).get_content()
    assert "Since: Tue, Nov 24 11:22" in text
    assert "Open the exception: https://milepost.works/exceptions/17" in text
    assert mail.get_body(("html",)).get_content().strip() == "<p>E-17</p>"


def test_attachments_arrive_whole():
    office, pdf = Office(), bytes(range(256))
    one = Attachment(name="報告 24.pdf", media_type="application/pdf", body=pdf)
    with Here(office) as server:
        way(server).send(told(attachments=(one,)))
    got = next(iter(office.mails[0].iter_attachments()))
    assert (got.get_filename(), got.get_content_type()) == ("報告 24.pdf", "application/pdf")
    assert got.get_content() == pdf


def test_a_line_break_in_a_subject_or_name_makes_no_header():
    office = Office()
    one = Attachment(name="a\r\nX-Evil: 1.pdf", media_type="application/pdf", body=b"x")
    with Here(office) as server:
        way(server).send(told(subject="x\r\nBcc: evil@x.test\r\n\r\nhello", attachments=(one,)))
    mail = office.mails[0]
    assert mail["Bcc"] is None
    assert mail["Subject"] == "x Bcc: evil@x.test hello"
    assert office.taken[0].rcpt_tos == ["li@works.test"]
    assert not any("X-Evil" in part for part in mail.walk())


@pytest.mark.parametrize(
    "address", ["", "li", "li@works.test\r\nRCPT TO:<e@x.test>", "<a@b.c>, ,@x", "a b@c.d"]
)
def test_what_is_no_address_is_not_sent(address):
    office = Office()
    with Here(office) as server:
        outcome = way(server).send(told(address=address))
    assert isinstance(outcome, Permanent)
    assert office.taken == []


def test_one_of_several_who_is_refused_keeps_the_mail_from_nobody():
    office = Office({"gone@works.test": "550 no such person"})
    with Here(office) as server:
        outcome = way(server).send(told(address="li@works.test, gone@works.test"))
    assert outcome == Sent("accepted for 1 of 2; refused gone@works.test: 550 no such person")
    assert office.taken[0].rcpt_tos == ["li@works.test"]


@pytest.mark.parametrize(
    ("refusal", "expected"), [("450 try later", Transient), ("550 no such person", Permanent)]
)
def test_who_is_refused_by_a_code_of_4_is_tried_again_by_one_of_5_never(refusal, expected):
    with Here(Office({"li@works.test": refusal})) as server:
        outcome = way(server).send(told())
    assert isinstance(outcome, expected)
    assert refusal in outcome.reason


@pytest.mark.parametrize(
    ("last", "expected"), [("451 greylisted", Transient), ("554 spam", Permanent)]
)
def test_a_mail_that_is_refused_after_its_text_is_judged_by_the_code_too(last, expected):
    with Here(Office(last=last)) as server:
        outcome = way(server).send(told())
    assert isinstance(outcome, expected)
    assert last in outcome.reason


def signs_in(server, session, envelope, mechanism, given):
    return AuthResult(success=given.password == b"s3cr3t-word", handled=False)


def test_it_signs_in_over_starttls_and_a_wrong_password_is_told_without_it(tmp_path):
    context, trusted = certificate(tmp_path, "127.0.0.1")
    office = Office()
    options = {"tls_context": context, "authenticator": signs_in, "auth_required": True,
               "require_starttls": True}  # fmt: skip
    with Here(office, **options) as server:
        given = {"security": "starttls", "login": "board", "authorities": trusted}
        assert way(server, password="s3cr3t-word", **given).send(told()) == Sent("accepted")
        outcome = way(server, password="wr0ng-word", **given).send(told())
    assert isinstance(outcome, Permanent)
    assert "535" in outcome.reason
    assert "wr0ng" not in outcome.reason
    assert len(office.taken) == 1


def test_it_speaks_tls_from_the_first_byte_and_only_to_whom_it_trusts(tmp_path):
    context, trusted = certificate(tmp_path, "127.0.0.1")
    office = Office()

    class Private(Here):
        def factory(self):
            return SMTP(self.handler)

    with Private(office, ssl_context=context) as server:
        assert way(server, security="tls", authorities=trusted).send(told()) == Sent("accepted")
        outcome = way(server, security="tls").send(told())
    assert isinstance(outcome, Transient)
    assert "certificate is not trusted" in outcome.reason
    assert len(office.taken) == 1


def test_a_server_that_cannot_starttls_gets_no_mail_in_the_clear():
    office = Office()
    with Here(office) as server:
        assert isinstance(way(server, security="starttls").send(told()), Permanent)
    assert office.taken == []


def test_a_server_that_is_down_is_tried_again_and_takes_it_when_it_is_up():
    office = Office()
    server = Here(office)
    assert isinstance(way(server).send(told()), Transient)
    with server:
        assert way(server).send(told()) == Sent("accepted")


def test_a_server_that_trickles_its_greeting_is_left_after_the_limit():
    over = threading.Event()

    def greets(listening):
        with listening.accept()[0] as client:
            while not over.wait(0.02):
                try:
                    client.sendall(b"2")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=greets, args=(listening,))
        thread.start()
        slow = MailServer(host="127.0.0.1", port=listening.getsockname()[1], security="none",
                          sender=SENDER, whole_s=0.3)  # fmt: skip
        outcome = Email(slow, lambda: NOW, "mail").send(told())
        over.set()
        thread.join()
    assert outcome == Transient("the mail server took too long")


def test_a_mail_larger_than_servers_take_is_not_sent():
    office = Office()
    one = Attachment(name="x.bin", media_type="application/octet-stream", body=b"x" * 9_000_000)
    with Here(office) as server:
        assert isinstance(way(server).send(told(attachments=(one,))), Permanent)
    assert office.taken == []
