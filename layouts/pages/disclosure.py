"""What each party gets to see, field by field; and, as a preview, the very rows that it gets.

Pure; `callbacks.desk.disclosure` finds what it shows and takes what is changed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.disclosure import Value
from data.domain.field_rules import DISCLOSED_TO, FieldRule, Level
from data.domain.policy import FIELDS, Kind, Nature, Treatment
from data.domain.scope import Role
from data.domain.view import Standing
from layouts.components import desk, forms
from layouts.components.disclosure_words import FIELDS as FIELD_WORDS
from layouts.components.disclosure_words import KINDS, TREATMENTS
from layouts.components.links import link
from layouts.components.still import still
from layouts.pages.people import ROLES
from layouts.sheets import Column, Sheet
from layouts.sheets import Kind as Cell
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Disclosure")
FROM = {
    Level.USUAL: msgid("usual"),
    Level.ROLE: msgid("the role's"),
    Level.PARTY: msgid("the party's own"),
}
SHARES = {"none": msgid("none of it"), "part": msgid("some of it"), "all": msgid("all of it")}
PREVIEWED = 50
USUAL = "usual"  # in the name of a choice: nothing of its own was said
_CELLS: dict[Nature, Cell] = {Nature.INSTANT: "moment", Nature.QUANTITY: "number"}
Href = Callable[..., str]
Rows = Sequence[Mapping[str, Value]]


class Preview(Struct, frozen=True, kw_only=True):
    """What a role or party gets of one kind; `kinds`: those of which it gets anything."""

    kind: Kind
    kinds: tuple[Kind, ...]
    rows: Rows


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `parties`: those of the role, by id; `action`: where changes go.

    `token`: goes with the form; None: the reader may only look.
    """

    role: Role
    party: str | None
    parties: Mapping[str, str]
    rules: Sequence[FieldRule]
    preview: Preview | None
    action: str
    token: str | None
    timezone: str
    now: datetime
    changed: int | None = None
    outdated: bool = False

    @property
    def level(self) -> Level:
        """At which level something is changed here."""
        return Level.ROLE if self.party is None else Level.PARTY


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    beside = html.Div(
        [html.Div(_policy(shown, t), className="mp-policy"), _as_party(shown, href, t)],
        className="mp-disclosing",
    )
    key = f"disclosing-{shown.role}-{shown.party or ''}"  # another one's choices never stay
    return html.Div(
        [
            desk.page_head(t(TITLE), _lead(shown, t), _roles(shown, href, t)),
            *_party(shown, href, t),
            still(html.Div([*_outcome(shown, t), beside], id=key), "disclosure-all"),
        ],
        className="mp-disclosure",
    )


def name_of(shown: Shown, t: Translator) -> str:
    """Return whom the page is about: a party by its name, else the role."""
    return t(ROLES[shown.role]) if shown.party is None else shown.parties[shown.party]


def _lead(shown: Shown, t: Translator) -> str:
    if shown.party is None:
        return t("What everyone with the role {role} gets, field by field.", role=name_of(shown, t))
    return t("What {party} gets, field by field.", party=name_of(shown, t))


def _roles(shown: Shown, href: Href, t: Translator) -> Component:
    gone = dict.fromkeys(("party", "view", "changed", "outdated"))
    items = [
        desk.Chip(
            words=t(ROLES[role]), href=href(role=role.value, **gone), chosen=role is shown.role
        )
        for role in DISCLOSED_TO
    ]
    return desk.chips(items, t("Role"))


def _party(shown: Shown, href: Href, t: Translator) -> list[Component]:
    if not shown.parties:
        return []
    known = sorted(shown.parties.items(), key=lambda one: one[1].casefold())
    options = [("", t("all with this role")), *known]
    field = forms.choice_field("party", options, shown.party, t("Party"))
    action = href(party=None, changed=None, outdated=None)
    return [html.Div(forms.form(action, [field], t("Party")), className="mp-filters")]


def _outcome(shown: Shown, t: Translator) -> list[Component]:
    if shown.outdated:
        words = t("Someone else has changed this meanwhile. Nothing was changed; look again.")
        return [html.P(desk.standing(Standing.LATE, t, words), role="alert")]
    if shown.changed is not None:
        words = t("{count} fields changed.", count=t.number(shown.changed))
        return [html.P(desk.standing(Standing.DONE, t, words), role="status")]
    return []


# The policy


def _policy(shown: Shown, t: Translator) -> list[Component]:
    open_ = {rule.kind for rule in shown.rules if rule.holds is not Treatment.HIDE}
    kinds = sorted(KINDS, key=lambda kind: kind not in open_)  # what they get anything of first
    tables = [_kind(kind, shown, t) for kind in kinds]
    if shown.token is None:
        return tables
    send = html.Button(
        t("Save changes"), type="submit", name="csrf_token", value=shown.token,
        className="mp-button",
    )  # fmt: skip
    form = html.Form(
        [*tables, html.Div([send, *_reset(shown, t)], className="mp-policy-send")],
        method="post",
        action=shown.action,
        autoComplete="off",
    )
    return [form]


def _reset(shown: Shown, t: Translator) -> list[Component]:
    if not any(rule.own(shown.level) for rule in shown.rules):
        return []
    words = t("Back to usual") if shown.party is None else t("Back to what holds for the role")
    return [
        html.Button(
            words,
            type="submit",
            name="csrf_token",
            value=shown.token,
            formAction=f"{shown.action}&reset=1",
            className="mp-small-button",
        )
    ]


def _kind(kind: Kind, shown: Shown, t: Translator) -> Component:
    rules = [rule for rule in shown.rules if rule.kind is kind]
    columns = [
        desk.TableColumn(key="field", heading=t("Field")),
        desk.TableColumn(key="holds", heading=t("They get it")),
        desk.TableColumn(key="level", heading=t("Set as")),
    ]
    if shown.token is not None:
        columns.append(desk.TableColumn(key="choice", heading=t("Change to")))
    rows = [_row(rule, shown, t) for rule in rules]
    open_ = sum(rule.holds is not Treatment.HIDE for rule in rules)
    count = t("{open} of {all} fields", open=t.number(open_), all=t.number(len(rules)))
    return desk.section(t(KINDS[kind]), desk.table(columns, rows, t(KINDS[kind])), count)


def _row(rule: FieldRule, shown: Shown, t: Translator) -> desk.TableRow:
    own = rule.level is not Level.USUAL
    cells = {
        "field": t(FIELD_WORDS[rule.field]),
        "holds": html.Span(t(TREATMENTS[rule.holds]), className=f"mp-treated mp-as-{rule.holds}"),
        "level": html.Span(t(FROM[rule.level]), className="mp-own" if own else "mp-quiet"),
    }
    if shown.token is not None:
        cells["choice"] = _choice(rule, shown, t)
    return desk.TableRow(key=f"{rule.kind}.{rule.field}", cells=cells)


def _choice(rule: FieldRule, shown: Shown, t: Translator) -> Component:
    own, otherwise = rule.own(shown.level), t(TREATMENTS[rule.without(shown.level)])
    if shown.party is None:
        words = t("as usual ({what})", what=otherwise)
    else:
        words = t("as for the role ({what})", what=otherwise)
    options = [("", words), *((how.value, t(TREATMENTS[how])) for how in rule.possible)]
    items = [
        html.Option(said, value=value, **({"selected": True} if value == (own or "") else {}))
        for value, said in options
    ]
    label = f"{t(KINDS[rule.kind])}: {t(FIELD_WORDS[rule.field])}"
    name = f"{rule.kind}.{rule.field}.{own or USUAL}"
    return html.Select(items, name=name, className="mp-input mp-choose", **{"aria-label": label})


# What they get


def _as_party(shown: Shown, href: Href, t: Translator) -> Component:
    if shown.preview is None:
        return html.Aside(_offer(shown, href, t), className="mp-as-party")
    preview, name = shown.preview, name_of(shown, t)
    kinds = [
        desk.Chip(words=t(KINDS[kind]), href=href(view=kind.value), chosen=kind is preview.kind)
        for kind in KINDS
        if kind in preview.kinds
    ]
    banner = [
        html.Strong(t("Preview: what {party} gets", party=name)),
        link(t("End the preview"), href(view=None), "mp-back"),
    ]
    parts = [
        html.Div(banner, className="mp-as-banner", role="status"),
        html.P(
            t(
                "These are the very rows and values that they get, in the order in which they get"
                " them. That you looked is in the audit trail."
            ),
            className="mp-quiet",
        ),
        desk.chips(kinds, t("Kind of rows")),
        *_rows(shown, preview, t),
    ]
    return html.Aside(parts, className="mp-as-party mp-previewed")


def _offer(shown: Shown, href: Href, t: Translator) -> list[Component]:
    if shown.parties and shown.party is None:
        return [html.P(t("Choose a party to see what it gets."), className="mp-quiet")]
    open_ = {rule.kind for rule in shown.rules if rule.holds is not Treatment.HIDE}
    if not open_:
        return [html.P(t("They get nothing at all."), className="mp-quiet")]
    first = next(kind for kind in KINDS if kind in open_)
    words = t("View as this party") if shown.party else t("View as this role")
    way = link(words, href(view=first.value, changed=None, outdated=None), "mp-button")
    note = t("Shows the very rows that they get. That you look goes into the audit trail.")
    return [way, html.P(note, className="mp-quiet")]


def _rows(shown: Shown, preview: Preview, t: Translator) -> list[Component]:
    if not preview.rows:
        return [html.P(t("They get no rows of this kind now."), className="mp-quiet")]
    names = columns_of(preview)
    columns = [desk.TableColumn(key=name, heading=t(FIELD_WORDS[name])) for name in names]
    rows = [
        desk.TableRow(
            key=str(number),
            cells={name: _value(preview.kind, name, row.get(name), shown, t) for name in names},
        )
        for number, row in enumerate(preview.rows[:PREVIEWED])
    ]
    said = t("{count} rows", count=t.number(len(preview.rows)))
    if len(preview.rows) > PREVIEWED:
        said = t(
            "The first {some} of {count} rows; the export holds them all.",
            some=t.number(PREVIEWED),
            count=t.number(len(preview.rows)),
        )
    table = desk.table(columns, rows, t(KINDS[preview.kind]))
    return [html.P(said, className="mp-quiet"), table]


def columns_of(preview: Preview) -> list[str]:
    """Return the fields that the rows have, in their usual order."""
    there = {name for row in preview.rows for name in row}
    return [name for name in FIELDS[preview.kind] if name in there]


def _value(kind: Kind, name: str, value: Value, shown: Shown, t: Translator) -> Component | str:
    if value is None:
        return NONE
    if isinstance(value, datetime):
        exact = t.exact(value, shown.timezone)
        return html.Span(t.stamp(value, shown.timezone, shown.now), title=exact)
    if isinstance(value, str):
        return said(kind, name, value, t)
    return t("yes") if value is True else t("no") if value is False else f"{value:g}"


def said(kind: Kind, name: str, value: str, t: Translator) -> str:
    """Say a text as it reads: a standing, and what is said roughly, in the reader's words."""
    nature = FIELDS[kind][name]
    if nature is Nature.QUANTITY:
        return t(SHARES.get(value, value))
    if (nature is Nature.INSTANT or name == "standing") and value in set(Standing):
        return t(LOOKS[Standing(value)].word)
    return value


# For spreadsheets


def sheets(shown: Shown, t: Translator) -> tuple[Sheet, ...]:
    """Return the policy, and the preview's rows when there is one."""
    columns = (
        Column(key="kind", heading=t("Kind of rows")),
        Column(key="field", heading=t("Field")),
        Column(key="holds", heading=t("They get it")),
        Column(key="level", heading=t("Set as")),
        Column(key="usual", heading=t("usual")),
    )
    rows = [
        {
            "kind": t(KINDS[rule.kind]),
            "field": t(FIELD_WORDS[rule.field]),
            "holds": t(TREATMENTS[rule.holds]),
            "level": t(FROM[rule.level]),
            "usual": t(TREATMENTS[rule.usual]),
        }
        for rule in shown.rules
    ]
    policy = Sheet(name=name_of(shown, t), columns=columns, rows=rows)
    return (policy,) if shown.preview is None else (_preview_sheet(shown.preview, t), policy)


def _preview_sheet(preview: Preview, t: Translator) -> Sheet:
    columns = tuple(
        Column(
            key=name,
            heading=t(FIELD_WORDS[name]),
            kind=_CELLS.get(FIELDS[preview.kind][name], "text"),
        )
        for name in columns_of(preview)
    )
    return Sheet(name=t(KINDS[preview.kind]), columns=columns, rows=preview.rows)
