"""Signing in through an OpenID Connect provider, by Authlib.

The provider proves who someone is; whether they may in is decided here: only people with an
account get a session. An account is found by issuer and subject, the first time by a verified
e-mail address that is its login.
"""

from collections.abc import Callable
from datetime import timedelta

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, Response, redirect, request, url_for
from flask import session as kept
from msgspec import Struct
from werkzeug.wrappers import Response as Answer

from callbacks.gate import SIGN_IN, is_private, local_path, remember
from data.domain.audit import Action
from data.services.audit import Audit
from data.services.identity import ABSOLUTE, Identity


class Provider(Struct, frozen=True, kw_only=True):
    """An OpenID provider. `discovery`: the address of its configuration document."""

    name: str
    discovery: str
    client_id: str
    client_secret: str


class OpenId:
    """The two routes of the authorization code flow, with state, nonce and PKCE."""

    def __init__(
        self, server: Flask, provider: Provider, identity: Identity, audit: Audit,
        refused: Callable[[str], Response],
    ) -> None:  # fmt: skip
        self._identity = identity
        self._audit = audit
        self._refused = refused
        self._client = OAuth(server).register(
            "openid",
            server_metadata_url=provider.discovery,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("openid", __name__, url_prefix="/sign-in/openid")
        routes.get("")(self.leave)
        routes.get("/back")(self.come_back)
        return routes

    def leave(self) -> Answer:
        """Send the browser to the provider."""
        if not is_private():
            return redirect(SIGN_IN, 303)
        kept["onward"] = local_path(request.args.get("next"))
        back = url_for("openid.come_back", _external=True)
        return self._client.authorize_redirect(back)

    def come_back(self) -> Answer:
        """Take what the provider says of the person, and let them in when they have an account."""
        try:
            claims = self._client.authorize_access_token().get("userinfo") or {}
        except OAuthError as error:
            return self._no(error.error or "refused")
        subject = f"{claims.get('iss', '')} {claims.get('sub', '')}"
        email = claims.get("email") if claims.get("email_verified") is True else None
        account = self._identity.by_provider(subject, email)
        if account is None:
            return self._no(str(claims.get("email") or subject)[:120])
        found = self._identity.open_session(account)
        self._audit.note(
            f"account/{account.id}", Action.SIGNED_IN, account.login,
            address=request.remote_addr or "", detail={"by": "openid"},
        )  # fmt: skip
        answer = redirect(local_path(kept.pop("onward", "/")), 303)
        remember(answer, found.token, int(ABSOLUTE / timedelta(seconds=1)))
        return answer

    def _no(self, subject: str) -> Response:
        self._audit.note(
            "nobody", Action.SIGN_IN_REFUSED, subject, address=request.remote_addr or "",
            detail={"by": "openid"},
        )  # fmt: skip
        return self._refused(local_path(kept.get("onward")))
