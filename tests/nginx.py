"""Find an nginx for the tests behind a proxy, or get one: `python -m tests.nginx`.

Runs the project's own configuration, with nothing changed but names, ports and paths: what the
tests hold is what the documentation hands out.
"""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser.product.program import wait_for
from tests.chromium import apt_install
from tests.ports import free_port

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nginx" / "milepost.conf"
NAME = "localhost"
_SYSTEM_PATHS = "/usr/sbin:/usr/local/sbin"  # not on everybody's PATH
_MAIN = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    include {types};
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log off;
    include {folder}/milepost.conf;
}}
"""


def find() -> Path | None:
    """Return the nginx that is there already."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATHS}")
    return Path(found) if found else None


def ensure() -> Path | None:
    """Return an nginx, installing the system's package where that is possible."""
    return find() or (find() if apt_install("nginx") else None)


class Nginx:
    """One nginx in a folder of its own, before some web processes."""

    def __init__(self, program: Path, folder: Path, ports: Sequence[int]) -> None:
        """`ports`: where the web processes listen on this machine."""
        self.https, self.http = free_port(), free_port()
        self.certificate = folder / "milepost.pem"
        self.log = folder / "access.log"
        self._program, self._folder = program, folder
        self._process: subprocess.Popen[bytes] | None = None
        _make_certificate(self.certificate, folder / "milepost.key")
        (folder / "milepost.conf").write_text(self._configuration(ports))
        types = next(filter(Path.exists, map(Path, _TYPES)), None)
        assert types is not None, "nginx has no mime.types"
        user = "root" if os.geteuid() == 0 else "nobody"
        main = _MAIN.format(folder=folder, user=user, types=types)
        (folder / "nginx.conf").write_text(main)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"https://{NAME}:{self.https}"

    def trust(self) -> ssl.SSLContext:
        """Return what believes its certificate and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def start(self) -> None:
        """Start it; it answers when this returns."""
        self._process = subprocess.Popen(self._command())
        wait_for(self._listens, 60, "nginx listens")

    def check(self) -> str:
        """Return what nginx itself says of its configuration."""
        done = subprocess.run(self._command("-t"), capture_output=True, text=True, check=False)
        return done.stderr

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)

    def errors(self) -> str:
        """Return what it wrote about errors."""
        log = self._folder / "error.log"
        return log.read_text() if log.exists() else ""

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.errors()
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.https), timeout=1).close()
            return True
        return False

    def _command(self, *more: str) -> list[str]:
        folder = str(self._folder)
        options = ["-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
        return [str(self._program), *options, *more]

    def _configuration(self, ports: Sequence[int]) -> str:
        """Return the project's configuration, for this machine alone."""
        text = CONFIGURATION.read_text()
        servers = "".join(f"    server 127.0.0.1:{port} max_fails=0;\n" for port in ports)
        text, upstreams = re.subn(r"(    server 127\.0\.0\.1:805\d max_fails=0;\n)+", servers, text)
        assert upstreams == 2, "every upstream names the servers"
        for old, new in (
            ("listen 80", f"listen 127.0.0.1:{self.http}"),
            ("listen 443", f"listen 127.0.0.1:{self.https}"),
            ("server_name milepost.example;", f"server_name {NAME};"),
            ("/etc/ssl/milepost.pem", str(self.certificate)),
            ("/etc/ssl/milepost.key", str(self._folder / "milepost.key")),
            ("/var/log/nginx/milepost.log", str(self.log)),
        ):
            assert old in text, old
            text = text.replace(old, new)
        return text


_TYPES = ("/etc/nginx/mime.types", "/usr/local/etc/nginx/mime.types")


def _make_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for this machine that vouches for itself, and its key."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    written = secret.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    key.touch(mode=0o600)
    key.write_bytes(written)


def main() -> int:
    """Get an nginx where there is none, and say where it is; without one, its tests are skipped."""
    found = ensure()
    sys.stderr.write(f"nginx: {found or 'none; the tests behind a proxy are skipped'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
