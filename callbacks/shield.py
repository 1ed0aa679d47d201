"""What keeps other sites' pages out of a viewer's session: tokens, origins, and a content policy.

A request that changes anything carries a token that only our own pages know, and comes from our
own origin; the API, where a key speaks for itself, is left out. Pages say which scripts they
have: those of this server and Dash's own, known by their hashes.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from dash import Dash
from flask import Flask, Response, abort, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from werkzeug.datastructures import MultiDict
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as Answer

from callbacks.gate import Door, Gate, is_loopback, is_private, viewer

DASH_TOKEN = "_csrf_token"  # nosec B105  # the cookie that Dash copies into its header
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_API = "/api/"  # which answers in a form of its own
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})
_POLICY = {
    "default-src": "'none'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
}


class FormSessions(SecureCookieSessionInterface):
    """Flask's own session: the token of forms, and the way through a sign-in elsewhere."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return a name that only https can set, over https."""
        return "__Host-milepost-form" if request.is_secure else "milepost-form"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether it is sent over https alone."""
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        """Return that other sites' requests come without it."""
        return "Lax"

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Whether to set it: not where others can read along."""
        return is_private() and super().should_set_cookie(app, session)


class BehindProxy:
    """Believes what a proxy on this machine says of its clients, or a trusted one elsewhere.

    Nobody else's word counts.
    """

    def __init__(self, app: object, proxies: Sequence[Network] = ()) -> None:
        self._app = app
        self._proxies = proxies
        self._told = ProxyFix(app, x_for=1, x_proto=1)

    def __call__(self, environ: dict, start_response: object) -> object:
        """Serve one request."""
        trusted = self._trusts(environ.get("REMOTE_ADDR", ""))
        return (self._told if trusted else self._app)(environ, start_response)

    def _trusts(self, address: str) -> bool:
        if is_loopback(address):
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self._proxies)


class Shield:
    """Stands behind the gate, which knows who asks, and before everything else."""

    def __init__(self, gate: Gate, app: Dash) -> None:
        self._gate = gate
        self._app = app
        self._csrf = CSRFProtect()
        self._policy = ""

    def register(self, server: Flask, key: bytes, proxies: Sequence[Network] = ()) -> None:
        """Protect a server. `key`: signs what is kept in forms' cookies."""
        server.secret_key = key
        server.session_interface = FormSessions()
        server.config.update(
            WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False
        )
        self._csrf.init_app(server)
        server.before_request(self.before)
        server.after_request(self.after)
        server.register_error_handler(CSRFError, _outdated)
        server.wsgi_app = BehindProxy(server.wsgi_app, proxies)

    def before(self) -> None:
        """Refuse what another site's page sent, what carries no token, and texts with a NUL."""
        if _holds_nul(request.args) and not request.path.startswith(_API):
            abort(400)
        if request.method in _SAFE or self._gate.door(request.endpoint) is Door.KEY:
            return
        if _is_foreign():
            abort(403)
        self._csrf.protect()
        if _holds_nul(request.form):
            abort(400)

    def after(self, answer: Response) -> Response:
        """Give pages their token and their content policy."""
        if answer.mimetype == "text/html":
            answer.headers.setdefault("Content-Security-Policy", self._content_policy())
            if viewer().known and is_private():
                answer.set_cookie(
                    DASH_TOKEN, generate_csrf(), path="/", secure=request.is_secure, samesite="Lax"
                )
        return answer

    def _content_policy(self) -> str:
        """Return the policy; made with the first page, when every callback is there."""
        if not self._policy:
            scripts = " ".join(["'self'", *self._app.csp_hashes()])
            parts = {"default-src": _POLICY["default-src"], "script-src": scripts} | _POLICY
            self._policy = "; ".join(f"{name} {value}" for name, value in parts.items())
        return self._policy


def forget_token(answer: Answer) -> None:
    """Take Dash's token away, with the session that it was for."""
    answer.set_cookie(DASH_TOKEN, "", max_age=0, path="/", secure=request.is_secure, samesite="Lax")


def _is_foreign() -> bool:
    """Whether the browser says that another site's page sent the request."""
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN:
        return True
    return origin is not None and urlsplit(origin)[:2] != (request.scheme, request.host)


def _holds_nul(given: MultiDict[str, str]) -> bool:
    """Whether a text holds what SQL can't keep, and nobody types."""
    return any("\0" in value for _, value in given.items(multi=True))


def _outdated(error: CSRFError) -> Response:
    return Response("This page is too old. Load it again.\n", 400, mimetype="text/plain")
