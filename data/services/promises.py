"""What this process acknowledged and hasn't seen in the log since: what nobody else may know of.

The door writes it down before it appends, whoever reads the log takes out what it has read. What
stays, though the log was read to its end, is gone from there. Imported by the door and the rescue.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from data.services.ports import Claim, Entry, Outcome

MOST = 100_000  # a site; beyond it nothing is written down until some were read


class _Promise:
    """One event. `at`: when it was acknowledged, by `clock`; None while that isn't decided."""

    __slots__ = ("at", "claim")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.at: float | None = None


class Promises:
    """Of all sites, in memory; what is read at once is here for milliseconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that never go back."""
        self._clock = clock
        self._sites: dict[str, dict[bytes, list[_Promise]]] = {}  # by digest, which entries have

    def made(self, site: str, claims: Sequence[Claim]) -> list[_Promise]:
        """Write down what is about to be appended; to be followed by `decided`."""
        held = self._sites.setdefault(site, {})
        if len(held) >= MOST:
            return []
        promises = [_Promise(claim) for claim in claims]
        for promise in promises:
            held.setdefault(promise.claim.digest, []).append(promise)
        return promises

    def decided(self, site: str, promises: Sequence[_Promise], outcomes: Sequence[Outcome]) -> None:
        """Keep those that were accepted; without outcomes nothing was."""
        now = self._clock()
        for place, promise in enumerate(promises):
            if place < len(outcomes) and outcomes[place] == "accepted":
                promise.at = now
            else:
                self._drop(site, promise.claim.digest, promise)

    def read(self, site: str, entries: Sequence[Entry]) -> None:
        """Take out what stands in the log."""
        held = self._sites.get(site)
        if not held:
            return
        for entry in entries:
            for promise in held.get(entry.digest or b"", ()):
                if promise.claim.payload == entry.payload:
                    self._drop(site, promise.claim.digest, promise)
                    break

    def unread(self, site: str, before: float) -> list[Claim]:
        """Return what was acknowledged before an instant of the clock and wasn't read."""
        return [one.claim for one in self._of(site) if one.at is not None and one.at < before]

    def forget(self, site: str, claims: Sequence[Claim]) -> None:
        """Take out what is recorded, or was put back."""
        gone = {(claim.source, claim.id) for claim in claims}
        for promise in list(self._of(site)):
            if (promise.claim.source, promise.claim.id) in gone:
                self._drop(site, promise.claim.digest, promise)

    def _of(self, site: str) -> Iterator[_Promise]:
        for alike in self._sites.get(site, {}).values():
            yield from alike

    def _drop(self, site: str, digest: bytes, promise: _Promise) -> None:
        held = self._sites[site]
        alike = [one for one in held.get(digest, ()) if one is not promise]
        if alike:
            held[digest] = alike
        else:
            held.pop(digest, None)
