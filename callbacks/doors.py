"""Signing in and out, links that let someone choose a password, one's own account.

Plain forms. Who signs in, whoever is refused and each change of an account goes into the audit
trail before it is answered.
"""

from datetime import timedelta

import segno
from flask import Blueprint, Response, redirect, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from callbacks.gate import forget, is_private, local_path, remember, token_of, viewer
from callbacks.plain_pages import PlainPages
from callbacks.shield import forget_token
from data.domain.audit import Action
from data.domain.people import Account, PersonError, Purpose
from data.services.audit import Audit
from data.services.identity import ABSOLUTE, Identity, Refused, SignedIn, hashed
from data.services.totp import address, new_secret
from layouts.pages import doors
from layouts.pages.people import ROLES
from layouts.text import Translator

_PURPOSES = {"invitation": Purpose.INVITATION, "reset": Purpose.RESET}
_LONGEST = 2000


class Doors:
    """The handlers, with the services they call."""

    def __init__(
        self, identity: Identity, audit: Audit, pages: PlainPages, openid: str | None = None
    ) -> None:
        self._identity, self._audit = identity, audit
        self._pages, self._openid = pages, openid

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("doors", __name__)
        routes.get("/sign-in")(self.sign_in_form)
        routes.post("/sign-in")(self.sign_in)
        routes.post("/sign-out")(self.sign_out)
        routes.get("/<any(invitation, reset):purpose>/<token>")(self.link_form)
        routes.post("/<any(invitation, reset):purpose>/<token>")(self.take_link)
        routes.get(doors.ACCOUNT_PATH)(self.account_form)
        routes.post(f"{doors.ACCOUNT_PATH}/password")(self.change_password)
        routes.post(f"{doors.ACCOUNT_PATH}/totp")(self.enrol)
        routes.post(f"{doors.ACCOUNT_PATH}/totp/drop")(self.drop)
        return routes

    def sign_in_form(self) -> Answer:
        """Show the form; who is signed in already goes on."""
        onward = local_path(request.args.get("next"))
        if viewer().account is not None:
            return redirect(onward, 303)
        return self._show_sign_in(onward)

    def sign_in(self) -> Answer:
        """Let someone in, or say that it isn't right and no more."""
        if not is_private():
            return self._show_sign_in("/")
        login, onward = _given("login"), local_path(_given("next"))
        found = self._identity.sign_in(login, _given("password"), _given("code"), _address())
        if isinstance(found, Refused):
            asked = login.strip().casefold()[:120]
            self._audit.note(
                "nobody", Action.SIGN_IN_REFUSED, asked, address=_address(),
                detail={"why": found.value},
            )  # fmt: skip
            return self._show_sign_in(onward, found, login)
        return self._signed_in(found, onward)

    def sign_out(self) -> Answer:
        """End the session."""
        token = token_of(request.cookies)
        if token and viewer().account is not None:
            self._note(Action.SIGNED_OUT, viewer().actor)
            self._identity.sign_out(token)
        answer = _then("/sign-in")
        forget(answer)
        forget_token(answer)
        return answer

    def link_form(self, purpose: str, token: str) -> Answer:
        """Show where a link leads: to a choice of password, once."""
        account = self._identity.offered(token, _PURPOSES[purpose])
        return self._dead() if account is None else self._choose(account.name)

    def take_link(self, purpose: str, token: str) -> Answer:
        """Set the password that was chosen and let the person in."""
        if not is_private():
            return self._show_sign_in("/")
        try:
            account = self._identity.set_password(token, _PURPOSES[purpose], _given("new_password"))
        except PersonError as error:
            offered = self._identity.offered(token, _PURPOSES[purpose])
            name = error.field if offered is None else offered.name
            return self._choose(name, doors.unfit_password(self._pages.t()), 422)
        if account is None:
            return self._dead()
        self._audit.note(f"account/{account.id}", Action.LINK_USED, purpose, address=_address())
        return self._signed_in(self._identity.open_session(account), "/")

    def not_let_in(self, onward: str = "/") -> Response:
        """Show the form again to someone whom a provider knows, and nobody here."""
        t = self._pages.t()
        body = doors.sign_in(
            t, generate_csrf(), onward, t(doors.WORDS["unknown"]), openid=self._openid
        )
        return self._pages.alone("Sign in", body, 401, _kept(onward))

    def account_form(self) -> Answer:
        """Show a person's own page, and what was just changed."""
        return self._show_account(done=request.args.get("said", ""))

    def change_password(self) -> Answer:
        """Change one's own password; every other session ends."""
        account, t = viewer().account, self._pages.t()
        if account is None or not self._identity.is_right(account, _given("password")):
            return self._show_account(wrong=t(doors.WORDS["present"]), status=422)
        try:
            self._identity.change_password(account, _given("new_password"))
        except PersonError:
            wrong = doors.unfit_password(t)
            return self._show_account(wrong=wrong, status=422)
        self._note(Action.ACCOUNT_CHANGED, viewer().actor, {"changed": "password"})
        return self._signed_in(self._identity.open_session(account), _changed("password"))

    def enrol(self) -> Answer:
        """Ask for codes from now on, when the first one is right."""
        account, t = viewer().account, self._pages.t()
        secret = _given("secret")
        if account is None or not self._identity.enrol_totp(account, secret, _given("code")):
            return self._show_account(
                wrong=t(doors.WORDS["authenticator"]), status=422, secret=secret
            )
        self._note(Action.ACCOUNT_CHANGED, viewer().actor, {"changed": "authenticator set up"})
        return _then(_changed("enrolled"))

    def drop(self) -> Answer:
        """Ask for codes no longer, of someone who knows the password."""
        account, t = viewer().account, self._pages.t()
        if account is None or not self._identity.is_right(account, _given("password")):
            return self._show_account(wrong=t(doors.WORDS["present"]), status=422)
        self._identity.drop_totp(account.id)
        self._note(Action.ACCOUNT_CHANGED, viewer().actor, {"changed": "authenticator dropped"})
        return _then(_changed("dropped"))

    def _signed_in(self, found: SignedIn, onward: str) -> Answer:
        self._audit.note(
            f"account/{found.account.id}", Action.SIGNED_IN, found.account.login,
            address=_address(),
        )  # fmt: skip
        answer = _then(onward)
        remember(answer, found.token, int(ABSOLUTE / timedelta(seconds=1)))
        return answer

    def _show_sign_in(self, onward: str, refused: Refused | None = None, login: str = "") -> Answer:
        t = self._pages.t()
        if not is_private():
            return self._pages.alone("Sign in", doors.needs_https(t, request.host), 403)
        wrong = None if refused is None else t(doors.WORDS[refused])
        body = doors.sign_in(
            t, generate_csrf(), onward, wrong, login[:120], refused is Refused.CODE, self._openid
        )
        status = {None: 200, Refused.LOCKED: 429, Refused.SECRET: 503}.get(refused, 401)
        return self._pages.alone("Sign in", body, status, _kept(onward))

    def _show_account(
        self, wrong: str | None = None, status: int = 200, secret: str | None = None,
        done: str = "",
    ) -> Answer:  # fmt: skip
        t, account = self._pages.t(), viewer().account
        if account is None:
            return redirect(url_for("doors.sign_in_form"), 303)
        shown = doors.Account(
            name=account.name, login=account.login, role=t(ROLES[account.role]),
            sessions=self._own_sessions(account, t), enrolled=account.totp_secret is not None,
            offer=_offer(account, secret), done=done, wrong=wrong,
        )  # fmt: skip
        body = doors.account(shown, generate_csrf(), t)
        return self._pages.show(doors.ACCOUNT_PATH, doors.ACCOUNT, body, status)

    def _own_sessions(self, account: Account, t: Translator) -> list[tuple[str, bool]]:
        own = hashed(token_of(request.cookies) or "")
        return [
            (
                doors.session_words(t, one.created_at, one.seen_at),
                one.token_hash == own,
            )
            for one in self._identity.sessions(account)
        ]

    def _note(self, action: Action, subject: str, detail: dict[str, str] | None = None) -> None:
        self._audit.note(viewer().actor, action, subject, address=_address(), detail=detail)

    def _choose(self, name: str, wrong: str | None = None, status: int = 200) -> Response:
        body = doors.choose_password(self._pages.t(), generate_csrf(), request.path, name, wrong)
        return self._pages.alone("Choose a password", body, status)

    def _dead(self) -> Response:
        return self._pages.alone("Sign in", doors.dead_link(self._pages.t()), 410)


def _offer(account: Account, secret: str | None) -> tuple[str, Markup] | None:
    """Return a secret for an authenticator and its QR code; none for who signs in elsewhere."""
    if account.password is None:
        return None
    secret = secret or new_secret()
    code = segno.make(address(secret, account.login), error="m")
    drawn = code.svg_inline(scale=5, border=2, omitsize=True)
    return secret, Markup(drawn)  # nosec B704  # a drawing of squares, no text in it


def _kept(onward: str) -> dict[str, str]:
    """Return what another language keeps: where to go on to."""
    return {"next": onward} if onward != "/" else {}


def _changed(what: str) -> str:
    """Return the own page, which says what was changed."""
    return f"{doors.ACCOUNT_PATH}?said={what}"


def _then(path: str) -> Response:
    answer = Response(status=303)
    answer.headers["Location"] = path
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _given(name: str) -> str:
    return request.form.get(name, "")[:_LONGEST]


def _address() -> str:
    return request.remote_addr or ""
