"""Disclosure policies: what each field of each kind of row is to a viewer.

Pure. `data.domain.disclosure` applies them. A field that no policy names is hidden, so a field
that is added tomorrow is shown to nobody outside before someone has said so.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct


class Kind(StrEnum):
    """What a row is about."""

    ORDER = "order"
    OPERATION = "operation"
    MILESTONE = "milestone"
    NEED = "need"
    EXCEPTION = "exception"


class Treatment(StrEnum):
    """What becomes of a field; from all that is known to nothing."""

    SHOW = "show"
    BUCKET = "bucket"  # an instant: on track, at risk, late; a quantity: none, part, all
    MASK = "mask"  # a stable pseudonym: the same for the same viewer, another for the next
    HIDE = "hide"


class Nature(StrEnum):
    """What a field holds; says how it is bucketed and whether it can be masked."""

    NAME = "name"
    INSTANT = "instant"
    QUANTITY = "quantity"
    WORD = "word"


_POSSIBLE = {
    Nature.NAME: (Treatment.SHOW, Treatment.MASK, Treatment.HIDE),
    Nature.INSTANT: (Treatment.SHOW, Treatment.BUCKET, Treatment.HIDE),
    Nature.QUANTITY: (Treatment.SHOW, Treatment.BUCKET, Treatment.HIDE),
    Nature.WORD: (Treatment.SHOW, Treatment.HIDE),
}


def _fields(nature: Nature, names: str) -> dict[str, Nature]:
    return dict.fromkeys(names.split(), nature)


# Every field that a row of a kind may have. `row_of` of `data.domain.rows` makes exactly these.
FIELDS: Mapping[Kind, Mapping[str, Nature]] = MappingProxyType(
    {
        Kind.ORDER: {
            **_fields(Nature.NAME, "order product family customer area work_center"),
            **_fields(Nature.INSTANT, "released_at due_at forecast_p50_at forecast_p80_at"),
            **_fields(Nature.INSTANT, "completed_at"),
            **_fields(Nature.QUANTITY, "quantity good done operations late_s"),
            **_fields(Nature.WORD, "standing cause"),
        },
        Kind.OPERATION: {
            **_fields(Nature.NAME, "order operation product work_center work_unit performed_by"),
            **_fields(Nature.INSTANT, "planned_start planned_finish started_at finished_at"),
            **_fields(Nature.INSTANT, "forecast_start_at forecast_p50_at forecast_p80_at"),
            **_fields(Nature.QUANTITY, "quantity good scrap rework inspected passed"),
            **_fields(Nature.WORD, "name status standing critical reason"),
        },
        Kind.MILESTONE: {
            **_fields(Nature.NAME, "order milestone product customer"),
            **_fields(Nature.INSTANT, "baseline_at committed_at requested_at confirmed_at"),
            **_fields(Nature.INSTANT, "forecast_p50_at forecast_p80_at reached_at"),
            **_fields(Nature.QUANTITY, "quantity"),
            **_fields(Nature.WORD, "name standing"),
        },
        Kind.NEED: {
            **_fields(Nature.NAME, "order need product customer part supplier operation"),
            **_fields(Nature.NAME, "work_center"),
            **_fields(Nature.INSTANT, "need_by forecast_need_by early_at promised_at order_due_at"),
            **_fields(Nature.QUANTITY, "quantity shipped received"),
            **_fields(Nature.WORD, "name standing dispatch_advice"),
        },
        Kind.EXCEPTION: {  # for a party, of each thing of its own that the exception moves
            **_fields(Nature.NAME, "exception order need milestone supplier customer"),
            **_fields(Nature.NAME, "area work_center work_unit"),
            **_fields(Nature.INSTANT, "since raised_at acknowledged_at before_at after_at"),
            **_fields(Nature.QUANTITY, "moved_s"),
            **_fields(Nature.WORD, "name condition severity state standing"),
        },
    }
)


class PolicyError(ValueError):
    """A policy says something that can't be; the message names kind and field."""


class Policy(Struct, frozen=True):
    """The treatment of fields, by kind and name. What isn't in it is hidden."""

    fields: Mapping[Kind, Mapping[str, Treatment]] = MappingProxyType({})

    def __post_init__(self) -> None:
        """Refuse fields that don't exist and treatments that don't fit them."""
        for kind, treatments in self.fields.items():
            for field, treatment in treatments.items():
                nature = FIELDS[kind].get(field)
                if nature is None:
                    raise PolicyError(f"{kind}.{field}: there is no such field")
                if treatment not in _POSSIBLE[nature]:
                    possible = ", ".join(_POSSIBLE[nature])
                    raise PolicyError(f"{kind}.{field}: {treatment}, expected one of {possible}")

    def of(self, kind: Kind, field: str) -> Treatment:
        """Return what becomes of a field."""
        return self.fields.get(kind, {}).get(field, Treatment.HIDE)

    def sees(self, kind: Kind) -> bool:
        """Whether anything at all of this kind is disclosed."""
        return any(found is not Treatment.HIDE for found in self.fields.get(kind, {}).values())

    def changed(self, changes: Mapping[tuple[Kind, str], Treatment]) -> "Policy":
        """Return the policy with some fields treated otherwise.

        Raises: PolicyError.
        """
        fields = {kind: dict(treatments) for kind, treatments in self.fields.items()}
        for (kind, field), treatment in changes.items():
            fields.setdefault(kind, {})[field] = treatment
        return Policy(fields)


def possible(kind: Kind, field: str) -> tuple[Treatment, ...]:
    """Return the treatments that fit a field, most open first."""
    return _POSSIBLE[FIELDS[kind][field]]


def policy(show: Mapping[Kind, str], **others: Mapping[Kind, str]) -> Policy:
    """Make a policy from the names of the fields shown, `mask`ed and `bucket`ed, by kind."""
    fields: dict[Kind, dict[str, Treatment]] = {}
    for treatment, by_kind in (("show", show), *others.items()):
        for kind, names in by_kind.items():
            fields.setdefault(kind, {}).update(dict.fromkeys(names.split(), Treatment(treatment)))
    return Policy(fields)


def everything(kinds: Iterable[Kind] = Kind) -> Policy:
    """Return the policy that shows every field of these kinds."""
    return Policy({kind: dict.fromkeys(FIELDS[kind], Treatment.SHOW) for kind in kinds})
