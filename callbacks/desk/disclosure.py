"""`/disclosure`: what each role and party gets to see; changing it; looking through their eyes."""

from collections.abc import Callable, Collection, Mapping, Sequence

from dash import Dash
from dash.development.base_component import Component
from flask import Blueprint, Response, request
from flask_wtf.csrf import generate_csrf
from msgspec import Struct

from callbacks.desk.audit import by_of
from callbacks.desk.visit import BadParameter, DeskPage, Visit
from callbacks.gate import Viewer, viewer
from data.domain.audit import Action
from data.domain.field_rules import DISCLOSED_TO, Key, Wish
from data.domain.policy import Kind, PolicyError, Treatment
from data.domain.scope import Role
from data.services.disclosure_desk import MAY_LOOK, DisclosureDesk, Outdated
from data.services.disclosures import MAY_CHANGE
from data.services.errors import MilepostError, Unavailable
from layouts.pages import disclosure
from layouts.pages.disclosure import USUAL, Preview, Shown
from layouts.sheets import Sheet
from layouts.text import Translator

CHANGES = "/disclosure/change"
MOST_FIELDS = 200
Visits = Callable[[DeskPage, Mapping[str, str]], Visit]


class Asked(Struct, frozen=True, kw_only=True):
    """Whose policy an address asks for. `view`: the kind of rows to be seen as they see them."""

    role: Role
    party: str | None
    parties: Mapping[str, str]
    view: Kind | None


class DisclosurePage:
    """The page on disclosure.

    `visits`: checks what a form's address says, as for a page; `told`: hears whose boards at a
    site show other things now.
    """

    name = "disclosure"
    path = "/disclosure"
    topics = 0
    roles = MAY_LOOK

    def __init__(
        self, service: DisclosureDesk, visits: Visits, told: Callable[[str, Collection[str]], None],
        who: Callable[[], Viewer] = viewer, token: Callable[[], str] = generate_csrf,
    ) -> None:  # fmt: skip
        self._desk = service
        self._visits = visits
        self._told = told
        self._who = who
        self._token = token

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(disclosure.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the policy and, when asked for, the rows that it discloses."""
        return disclosure.layout(self._shown(visit, Action.SAW), visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the policy and, when asked for, all rows that it discloses."""
        return disclosure.sheets(self._shown(visit, Action.EXPORTED), visit.t)

    def register(self, app: Dash) -> None:
        """Register where the form goes."""
        routes = Blueprint("disclosure", __name__)
        routes.post(CHANGES)(self.change)
        app.server.register_blueprint(routes)

    def change(self) -> Response:
        """Change what the form says, then show it; or say why not."""
        try:
            visit = self._visits(self, request.args.to_dict())
            return self._change(visit)
        except (BadParameter, PolicyError) as error:
            return _refused(str(error), 400)
        except Unavailable as error:
            return _refused("history can't be reached", 503, error.retry_after_s)
        except MilepostError:
            return _refused("not found", 404)

    def _change(self, visit: Visit) -> Response:
        asked, by = self._asked(visit), by_of(self._who)
        whose = (by, visit.scope, visit.site, asked.role, asked.party)
        try:
            if visit.choice("reset", ["1"], ""):
                changed = self._desk.reset(*whose)
            else:
                changed = self._desk.change(*whose, wishes_of(request.form))
        except Outdated:
            return _then(visit.href(outdated="1", changed=None, reset=None))
        if changed:
            self._told(visit.site, asked.parties if asked.party is None else (asked.party,))
        return _then(visit.href(changed=str(changed), outdated=None, reset=None))

    def _shown(self, visit: Visit, action: Action) -> Shown:
        asked, scope = self._asked(visit), visit.scope
        rules = self._desk.rules(scope, visit.site, asked.role, asked.party)
        return Shown(
            role=asked.role,
            party=asked.party,
            parties=asked.parties,
            rules=rules,
            preview=self._preview(visit, asked, action),
            action=_action(visit, asked),
            token=self._token() if scope.role in MAY_CHANGE else None,
            timezone=visit.timezone,
            now=visit.now,
            changed=visit.whole("changed", 0, MOST_FIELDS, 0) if visit.text("changed") else None,
            outdated=visit.choice("outdated", ["1"], "") == "1",
        )

    def _preview(self, visit: Visit, asked: Asked, action: Action) -> Preview | None:
        if asked.view is None:
            return None
        whose = (asked.role, asked.party)
        rows = self._desk.seen_by(
            by_of(self._who), visit.scope, visit.live, *whose, asked.view, action
        )
        kinds = self._desk.sees(visit.site, *whose)
        return Preview(kind=asked.view, kinds=kinds, rows=rows)

    def _asked(self, visit: Visit) -> Asked:
        """Return whose policy an address asks for.

        Raises: BadParameter.
        """
        if visit.at is not None:
            raise BadParameter("at", "live")
        role = Role(visit.choice("role", [*DISCLOSED_TO], DISCLOSED_TO[0]))
        names = {one.id: one.name for one in visit.live.board.site.parties}
        known = {one: names.get(one, one) for one in self._desk.parties(visit.live, role)}
        party = visit.text("party")
        if party is not None and party not in known:
            raise BadParameter("party", "choice", sorted(known)[:10])
        view = visit.choice("view", [*Kind], "")
        return Asked(
            role=role, party=party, parties=known, view=Kind(view) if view else None
        )  # fmt: skip


def wishes_of(form: Mapping[str, str]) -> dict[Key, Wish]:
    """Return what a form asks for: each field's name says what it was when the form was made.

    Raises: PolicyError.
    """
    wishes: dict[Key, Wish] = {}
    for name, value in [*form.items()][:MOST_FIELDS]:
        kind, _, rest = name.partition(".")
        field, _, before = rest.rpartition(".")
        if kind not in set(Kind):
            continue
        was = None if before == USUAL else before
        wishes[Kind(kind), field] = Wish(_treatment(name, was), _treatment(name, value or None))
    return wishes


def _treatment(name: str, value: str | None) -> Treatment | None:
    if value is not None and value not in set(Treatment):
        raise PolicyError(f"{name}: expected one of {', '.join(Treatment)}")
    return None if value is None else Treatment(value)


def _action(visit: Visit, asked: Asked) -> str:
    """Return where a form goes: it names whose policy is changed and where."""
    chosen = {"role": asked.role.value, "party": asked.party, "view": visit.text("view")}
    return visit.href(CHANGES, site=visit.site, lang=visit.text("lang"), **chosen)


def _then(path: str) -> Response:
    answer = Response(status=303)
    answer.headers["Location"] = path
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(words: str, status: int, retry_after_s: int | None = None) -> Response:
    answer = Response(words + "\n", status, mimetype="text/plain")
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(retry_after_s)
    return answer
