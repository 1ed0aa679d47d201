"""Servers that stand for other people's: they keep what they were sent and answer as told."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from data.domain.notices import Notice
from data.notify.egress import Egress
from data.notify.exchange import Exchange

NAME = "hooks.test"
NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)


class Taken(msgspec.Struct):
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self):
        return msgspec.json.decode(self.body)


Reply = Callable[[BaseHTTPRequestHandler], object]


def answers(status: int, body: object = b"", **headers: str) -> Reply:
    """Answer with this status, these headers (`_` for `-`) and this body, a document as JSON."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(encoded)))
        handler.end_headers()
        handler.wfile.write(encoded)

    return reply


class Receiver:
    """An HTTP server that answers what `replies` hold, one after another; the last one stays."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.taken: list[Taken] = []
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{NAME}:{self.port}"

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def private(self, context: SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(size)
                receiver.taken.append(Taken(self.command, self.path, headers, body))
                number = min(len(receiver.taken), len(receiver.replies)) - 1
                receiver.replies[number](self)

            do_POST = do_GET = do_PUT = _take

            def log_message(self, *args: object) -> None:
                pass

            def finish(self) -> None:
                try:
                    super().finish()
                except ConnectionError:
                    return

        return Handler


def hangs(receiver_of: Callable[[], Receiver]) -> Reply:
    """Answer nothing until the test is over."""
    return lambda handler: receiver_of().stopped.wait(20)


def trickles(receiver_of: Callable[[], Receiver]) -> Reply:
    """Send one header byte after another, for ever; each in time for a socket's own timeout."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not receiver_of().stopped.wait(0.02):
                handler.wfile.write(b"z")
        except OSError:
            return

    return reply


def exchange(
    *secrets: str, now: datetime = NOW, whole_s: float = 10.0, authorities: Path | None = None
) -> Exchange:
    """Speak to this machine under its test name, which the operator has named as inside."""
    egress = Egress([NAME], authorities, lambda host, port: ["127.0.0.1"], whole_s)
    return Exchange(egress, lambda: now, secrets)


def notice(**changes: object) -> Notice:
    """A notice of a machine that stands still."""
    told = Notice(
        id="ntc-17-1",
        way="any",
        subject="Critical: M-3 is down (E-17)",
        text="Critical: M-3 is down (E-17) · Line A",
        lines=("Where: Line A", "Since: Tue, Nov 24 11:22"),
        url="https://milepost.works/exceptions/17",
        action="Open the exception",
    )
    return msgspec.structs.replace(told, **changes)


def certificate(folder: Path, name: str = NAME) -> tuple[SSLContext, Path]:
    """Make a certificate for a name; give a server's context and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(_names(name)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def _names(name: str) -> list[x509.GeneralName]:
    if name.replace(".", "").isdigit():
        return [x509.IPAddress(ip_address(name))]
    return [x509.DNSName(name)]
