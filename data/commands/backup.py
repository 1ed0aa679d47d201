"""Commands that keep a copy of everything, and make it whole again elsewhere. Imported by `app`.

The log is read before SQL is. What was acknowledged before that is in one of the two: entries
leave the log only after they are recorded, so what it no longer held then was in SQL already,
and is in its copy, which is later. The other way round, what was recorded and trimmed between the
two copies would be in neither. What is in both is told apart by its place and its identity.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from data.secret import derived
from data.services.errors import MilepostError
from data.services.ingest import Ingest
from data.services.live import utc_now
from data.services.sites import Sites
from data.settings import Settings
from data.store.dump import dump, is_empty, is_replica, load, version_of
from data.store.migrate import upgrade
from data.stream import tail
from data.wiring import Engines, secret_of

LOG, SQL, MANIFEST = "log.jsonl", "sql.dump", "manifest.json"


class BackupError(MilepostError):
    """A copy can't be made or put back, in words for whoever asked."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What a copy is. `secret`: a mark of the secret that its audit trail was chained with."""

    made_at: datetime
    build: str
    version: str
    secret: str
    entries: int
    digests: dict[str, str]


def backup(settings: Settings, folder: Path) -> int:
    """Copy everything that is kept into a new folder; the program may go on meanwhile."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _engines(settings) as engines:
        if is_replica(engines.database_url):
            raise BackupError(
                "DATABASE_URL names a replica, which may lack what the log has let go since it "
                "was recorded: name the primary"
            )
        upgrade(engines.database_url)
        begun = utc_now()
        count = tail.write(engines.log, folder / LOG)
        dump(engines.database_url, folder / SQL)
        manifest = Manifest(
            made_at=begun, build=settings.build, version=version_of(engines.database_url) or "",
            secret=_mark(settings), entries=count,
            digests={name: _digest(folder / name) for name in (LOG, SQL)},
        )  # fmt: skip
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    print(f"{folder}: everything acknowledged before {begun:%F %T} UTC")
    print("Keep the secret (MILEPOST_SECRET or var/secret) elsewhere: it is not in there.")
    return 0


def restore(settings: Settings, folder: Path) -> int:
    """Put a copy into engines that hold nothing yet."""
    manifest = _checked(settings, folder)
    with _engines(settings) as engines:
        if not is_empty(engines.database_url) or engines.log.sites():
            raise BackupError("there is something in the database or the log already")
        load(engines.database_url, folder / SQL, manifest.version)
        sites = tail.read(folder / LOG)
        for site, kept in sites.items():
            print(f"{site}: {_reported_again(engines, site, kept)} events from the log")
        for known in engines.history.sites():
            engines.log.announce(known.id)
    print(f"restored as of {manifest.made_at:%F %T} UTC")
    return 0


def _reported_again(engines: Engines, site: str, kept: list[tail.Kept]) -> int:
    """Append what SQL hasn't to a log that remembers what SQL has; return how much that was."""
    now, history = utc_now(), engines.history
    recorded = history.snapshot(site, now)
    claims, aside = tail.claims_of(tail.unrecorded(kept, recorded.epoch, recorded.after))
    known = history.digests_of(site, [(claim.source, claim.id) for claim in claims])
    fresh = [claim for claim in claims if (claim.source, claim.id) not in known]
    sites = Sites(engines.log, history, utc_now, lambda *_: None, lambda _: None)
    Ingest(engines.log, history, sites).warm(site, now)
    return tail.append(engines.log, site, fresh, aside)


def _checked(settings: Settings, folder: Path) -> Manifest:
    """Return what a copy says of itself, when it is whole and the secret is its own."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{folder} holds no whole backup: {error}") from error
    for name, digest in manifest.digests.items():
        if _digest(folder / name) != digest:
            raise BackupError(f"{folder / name} is not as it was written")
    if manifest.secret != _mark(settings):
        raise BackupError(
            "the backup belongs to another secret, without which its audit trail can't be "
            "checked: set MILEPOST_SECRET, or put the old file `secret` into MILEPOST_VAR first"
        )
    return manifest


@contextmanager
def _engines(settings: Settings) -> Iterator[Engines]:
    """Give the engines; the program's own are started for as long as it takes."""
    from data.store.embedded import EmbeddedPostgres
    from data.stream.embedded import EmbeddedRedis

    with ExitStack() as stack:
        if settings.redis_url is None:
            url = stack.enter_context(EmbeddedRedis(settings.var / "redis"))
            settings = replace(settings, redis_url=url)
        if settings.database_url is None:
            url = stack.enter_context(EmbeddedPostgres(settings.var / "postgres"))
            settings = replace(settings, database_url=url)
        yield stack.enter_context(closing(Engines(settings)))


def _mark(settings: Settings) -> str:
    return derived(secret_of(settings), "backup").hex()[:16]


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
