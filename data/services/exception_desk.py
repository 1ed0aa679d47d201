"""What people do with exceptions: look, take, give back, put aside, resolve, talk.

Whoever moves one must have seen its newest version, so two never both win; every move is
audited before it is done. Imported by pages and by the wiring.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from data.domain.audit import Action
from data.domain.exceptions.audience import concerns, may_move
from data.domain.exceptions.evidence import Asked, Evidence, asked_for
from data.domain.exceptions.lifecycle import moved
from data.domain.exceptions.records import Case, Move, Note, State, Transition
from data.domain.exceptions.search import CaseFilter, Change, Found, Kept, Thread
from data.domain.plan import Order
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden, MilepostError

LONGEST = 2000
LONGEST_SHELF = timedelta(days=31)
MOST_AT_ONCE = 200


class Moved(MilepostError):
    """Somebody else changed the exception first; `case` is what it is now."""

    def __init__(self, case: Case) -> None:
        super().__init__(f"{case.name} was changed meanwhile")
        self.case = case


class WantedError(ValueError):
    """What was asked for can't be; `field` names it, the text says what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field, self.expected = field, expected


class Store(Protocol):
    """Where exceptions are kept."""

    def case(self, site: str, number: int, scope: Scope | None = None) -> Case | None:
        """One exception."""

    def keep(self, site: str, changes: Sequence[Change], tell_watch: bool = False) -> Kept:
        """Keep changes, each if nobody else was ahead."""

    def search(self, site: str, wanted: CaseFilter, limit: int, offset: int) -> Found:
        """A page of what is looked for."""

    def evidence(self, site: str, asked: Asked) -> Evidence:
        """What is recorded of what an exception was raised from."""

    def transitions(self, site: str, number: int) -> list[Transition]:
        """Moves, oldest first."""

    def notes(self, site: str, number: int, scope: Scope | None = None) -> list[Note]:
        """Comments, oldest first."""

    def add_note(self, site: str, note: Note) -> None:
        """Put a comment at the end."""

    def mark(self, site: str, number: int, account: str, useful: bool, at: datetime) -> None:
        """Keep what someone thinks of it."""

    def marks(self, site: str, number: int) -> Mapping[str, bool]:
        """What everybody thinks of it."""


class Acting(Struct, frozen=True, kw_only=True):
    """Who acts: by which scope, as whom in the trail, under which name."""

    scope: Scope
    by: By
    name: str

    @property
    def account(self) -> str | None:
        """The id of the account that acts, if it is one."""
        kind, _, key = self.by.actor.partition("/")
        return key if kind == "account" else None


class Bulk(Struct, frozen=True, kw_only=True):
    """What came of moving many: those moved, those that others were ahead of, those that can't."""

    done: tuple[Case, ...] = ()
    lost: tuple[Case, ...] = ()
    refused: tuple[Case, ...] = ()


class ExceptionDesk:
    """The exceptions of all sites, for people. `now_of` gives a site's own now."""

    def __init__(
        self, store: Store, audit: Audit, now_of: Callable[[str], datetime],
        real_now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._store = store
        self._audit = audit
        self._now_of, self._real_now = now_of, real_now

    def search(
        self, scope: Scope, site: str, wanted: CaseFilter, limit: int = 50, offset: int = 0
    ) -> Found:
        """Return a page of exceptions: of all of a site, or those that are the viewer's business.

        Raises: Forbidden, for everybody outside the factory; Unavailable.
        """
        if site not in scope.sites or scope.outside or scope.role is Role.SCREEN:
            raise Forbidden(site)
        if not scope.may_see(site):
            wanted = replace(wanted, concerns=scope.role)
        return self._store.search(site, wanted, limit, offset)

    def case(self, scope: Scope, site: str, number: int) -> Case:
        """Return an exception that is the viewer's business.

        Raises: Forbidden, also when there is none; Unavailable.
        """
        case = self._store.case(site, number, scope) if site in scope.sites else None
        if case is None or not concerns(case, scope):
            raise Forbidden(f"{site}/{number}")
        return case

    def thread(self, scope: Scope, site: str, number: int) -> Thread:
        """Return an exception with all that was done and said, as far as the viewer may know.

        Raises: Forbidden, Unavailable.
        """
        case = self.case(scope, site, number)
        notes = tuple(self._store.notes(site, number, scope))
        if scope.outside:
            own = tuple(note for note in notes if note.party == scope.party)
            return Thread(case=case, transitions=(), notes=own)
        within = self._store.search(site, CaseFilter(parent=number, top=False), 200, 0).cases
        return Thread(
            case=case, transitions=tuple(self._store.transitions(site, number)), notes=notes,
            inside=tuple(one for one in within if concerns(one, scope)),
            marks=self._store.marks(site, number),
        )  # fmt: skip

    def evidence(self, scope: Scope, thread: Thread, plan: Order | None) -> Evidence:
        """Return what an exception was raised from, as far as the viewer may know it.

        `plan`: of its order. Raises: Unavailable.
        """
        raised = [one.at for one in thread.transitions if one.move is Move.RAISE]
        asked = asked_for(thread.case, scope, plan, raised[-1] if raised else None)
        return Evidence() if asked.nothing else self._store.evidence(thread.case.site, asked)

    def acknowledge(
        self, acting: Acting, site: str, number: int, version: int, words: str = ""
    ) -> Case:
        """Take an exception: its escalation ends.

        Raises: Forbidden, Moved, IllegalMove, WantedError, Unavailable; so do the others below.
        """
        taken = {} if acting.scope.outside else _owned(acting.account, acting.name)
        return self._move(acting, site, number, version, Move.ACKNOWLEDGE, words, taken)

    def release(self, acting: Acting, site: str, number: int, version: int, words: str) -> Case:
        """Give an exception back: it waits for somebody again."""
        return self._move(acting, site, number, version, Move.RELEASE, words, {})

    def assign(
        self, acting: Acting, site: str, number: int, version: int, to: str, name: str, words: str
    ) -> Case:
        """Give an exception to somebody, by account and name."""
        return self._move(acting, site, number, version, Move.ASSIGN, words, _owned(to, name))

    def shelve(
        self, acting: Acting, site: str, number: int, version: int, until: datetime, words: str
    ) -> Case:
        """Put an exception aside until an instant of the real clock."""
        self._check_shelf(until)
        return self._move(
            acting, site, number, version, Move.SHELVE, words, {"shelved_until": until}
        )

    def unshelve(self, acting: Acting, site: str, number: int, version: int, words: str) -> Case:
        """Take an exception back from the shelf before its time."""
        return self._move(acting, site, number, version, Move.UNSHELVE, words, {})

    def resolve(
        self, acting: Acting, site: str, number: int, version: int, cause: str, words: str
    ) -> Case:
        """Say that an exception is over, and what it came from."""
        found = _said("cause", cause)
        return self._move(
            acting, site, number, version, Move.RESOLVE, words, {"cause_found": found}
        )

    def bulk(
        self, acting: Acting, site: str, picked: Sequence[tuple[int, int]], move: Move,
        words: str = "", *, until: datetime | None = None, cause: str = "",
    ) -> Bulk:  # fmt: skip
        """Make the same move of many exceptions, given as number and version; each for itself.

        Raises: WantedError, Unavailable.
        """
        if not 0 < len(picked) <= MOST_AT_ONCE:
            raise WantedError("exceptions", f"1 to {MOST_AT_ONCE} of them")
        changes = self._changes_of(acting, move, until, cause)
        done, lost, refused = [], [], []
        for number, version in picked:
            try:
                done.append(self._move(acting, site, number, version, move, words, changes))
            except Moved as ahead:
                lost.append(ahead.case)
            except WantedError:
                raise
            except ValueError:  # an illegal move
                refused.append(self.case(acting.scope, site, number))
        return Bulk(done=tuple(done), lost=tuple(lost), refused=tuple(refused))

    def comment(
        self, acting: Acting, site: str, number: int, words: str, party: str | None = None
    ) -> None:
        """Say something in an exception's thread; with `party`, to that party as well.

        Raises: Forbidden, WantedError, Unavailable.
        """
        case, said = self.case(acting.scope, site, number), _said("words", words)
        to = acting.scope.party if acting.scope.outside else party
        if to is not None and to not in case.parties:
            raise WantedError("party", "one that the exception concerns")
        self._note(acting, case, Action.COMMENTED, {"to": to or "factory"})
        note = Note(number=0, case=number, at=self._real_now(), author=acting.by.actor,
                    name=acting.name, words=said, party=to)  # fmt: skip
        self._store.add_note(site, note)

    def judge(self, acting: Acting, site: str, number: int, useful: bool) -> None:
        """Keep whether it was worth being told of; what rules are judged by.

        Raises: Forbidden, Unavailable.
        """
        self.case(acting.scope, site, number)
        self._store.mark(site, number, acting.by.actor, useful, self._real_now())

    def _changes_of(
        self, acting: Acting, move: Move, until: datetime | None, cause: str
    ) -> Mapping[str, object]:
        if move is Move.SHELVE:
            if until is None:
                raise WantedError("until", "an instant")
            self._check_shelf(until)
            return {"shelved_until": until}
        if move is Move.RESOLVE:
            return {"cause_found": _said("cause", cause)}
        return _owned(acting.account, acting.name) if move is Move.ACKNOWLEDGE else {}

    def _check_shelf(self, until: datetime) -> None:
        now = self._real_now()
        if not now < until <= now + LONGEST_SHELF:
            raise WantedError("until", f"an instant within {LONGEST_SHELF.days} days from now")

    def _move(
        self, acting: Acting, site: str, number: int, version: int, move: Move, words: str,
        changes: Mapping[str, object],
    ) -> Case:  # fmt: skip
        case = self.case(acting.scope, site, number)
        if not may_move(case, acting.scope, move):
            raise Forbidden(f"{site}/{number}")
        if case.version != version:
            raise Moved(case)
        said = _words(words)
        after = moved(case, move, self._now_of(site), **changes)
        told = Transition(
            site=site, number=number, version=after.version, move=move, before=case.state,
            after=after.state, actor=acting.by.actor, at=self._real_now(), words=said,
            detail={"name": acting.name},
        )  # fmt: skip
        self._note(acting, case, Action.EXCEPTION_MOVED, {
            "move": move, "before": case.state, "after": after.state, "words": said,
        })  # fmt: skip
        kept = self._store.keep(
            site, [Change(case=after, transition=told, was=version)], tell_watch=True
        )
        if kept.lost:
            raise Moved(self.case(acting.scope, site, number))
        return kept.done[0]

    def _note(
        self, acting: Acting, case: Case, action: Action, detail: Mapping[str, str]
    ) -> None:  # fmt: skip
        self._audit.note(
            acting.by.actor, action, f"exception/{case.number}", site=case.site,
            party=acting.scope.party, address=acting.by.address, detail=dict(detail),
        )  # fmt: skip


def is_open(case: Case) -> bool:
    """Whether somebody may still have to act on it."""
    return case.state is not State.CLOSED


def _owned(account: str | None, name: str) -> dict[str, object]:
    return {"owner": account, "owner_name": name}


def _words(words: str) -> str:
    said = words.strip()
    if len(said) > LONGEST:
        raise WantedError("words", f"at most {LONGEST} characters")
    return said


def _said(field: str, words: str) -> str:
    said = _words(words)
    if not said:
        raise WantedError(field, f"1 to {LONGEST} characters")
    return said
