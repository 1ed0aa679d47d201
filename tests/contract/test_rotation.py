"""Another secret of the program: authenticators go on, and the trail is checked in two parts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from data.commands.access import verify_audit
from data.commands.parser import parser
from data.commands.secrets import RotationError, rotate_secret
from data.domain.audit import Action
from data.domain.scope import Role
from data.services.identity import Refused, SignedIn
from data.services.live import utc_now
from data.settings import Settings
from data.store.history import connect
from data.wiring import People, secret_of

OLD, NEW, PASSWORD = "the old secret of the program, long", "n" * 48, "four plain words again"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def settings_of(folder: Path, redis_url: str, database_url: str, secret: str) -> Settings:
    return Settings.from_env({
        "MILEPOST_VAR": str(folder), "REDIS_URL": redis_url, "DATABASE_URL": database_url,
        "MILEPOST_SECRET": secret,
    })  # fmt: skip


class Program:
    """The program with one secret."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sql = connect(settings.database_url or "")
        self.people = People(self.sql, secret_of(settings), QUICK)

    def signs_in(self, code: str) -> SignedIn | Refused:
        return self.people.identity.sign_in("may", PASSWORD, code, "127.0.0.1")

    def verifies(self, *options: str) -> int:
        return verify_audit(self.settings, parser().parse_args(["audit", "verify", *options]))


@pytest.fixture
def programs(tmp_path: Path, redis_url: str, database_url: str) -> Iterator[list[Program]]:
    """The same database under the old secret and under the new one."""
    urls = (redis_url, database_url)
    made = [Program(settings_of(tmp_path, *urls, secret)) for secret in (OLD, NEW)]
    yield made
    for program in made:
        program.sql.dispose()


@pytest.fixture
def totp(programs: list[Program]) -> pyotp.TOTP:
    """The authenticator of somebody who is asked for codes."""
    identity, secret = programs[0].people.identity, pyotp.random_base32()
    account = identity.create("may", "May", Role.MANAGER, ["*"], None)
    identity.change_password(account, PASSWORD)
    known = programs[0].people.store.by_id(account.id)
    assert known is not None
    totp = pyotp.TOTP(secret)
    assert identity.enrol_totp(known, secret, totp.at(utc_now()))
    return totp


def next_of(totp: pyotp.TOTP) -> str:
    """Return the code after that of now: taken for half a minute, and never used before."""
    return totp.at(utc_now() + timedelta(seconds=30))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "new-secret"
    made.write_text(NEW + "\n")
    return made


def test_authenticators_go_on_and_the_trail_is_checked_in_two_parts(
    programs: list[Program], totp: pyotp.TOTP, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = programs
    for n in range(3):
        before.people.audit.note("account/1", Action.SIGNED_IN, f"n{n}")
    assert rotate_secret(before.settings, file) == 0
    end = capsys.readouterr().out.splitlines()[0].rpartition(" ")[2]
    assert end.startswith("3:")
    after.people.audit.note("account/1", Action.SIGNED_IN, "after")
    assert isinstance(after.signs_in(next_of(totp)), SignedIn)
    assert after.verifies() == 1
    assert after.verifies("--after", end) == 0
    assert before.verifies("--until", end) == 0


def test_it_may_be_done_again_when_it_was_cut_short(
    programs: list[Program], totp: pyotp.TOTP, file: Path
) -> None:
    before, after = programs
    assert [rotate_secret(before.settings, file) for _ in range(2)] == [0, 0]
    assert isinstance(after.signs_in(next_of(totp)), SignedIn)


def test_a_secret_that_is_missing_is_made_and_read_by_nobody_else(
    programs: list[Program], tmp_path: Path
) -> None:
    assert rotate_secret(programs[0].settings, tmp_path / "fresh") == 0
    assert len((tmp_path / "fresh").read_text()) > 60
    assert (tmp_path / "fresh").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("secret", "why"), [(OLD, "in use"), ("short", "at least 32")])
def test_what_is_no_new_secret_is_refused(
    programs: list[Program], tmp_path: Path, secret: str, why: str
) -> None:
    (tmp_path / "file").write_text(secret)
    with pytest.raises(RotationError, match=why):
        rotate_secret(programs[0].settings, tmp_path / "file")


def test_a_broken_trail_is_not_closed(programs: list[Program], file: Path) -> None:
    programs[1].people.audit.note("account/1", Action.SIGNED_IN, "with another secret")
    with pytest.raises(RotationError, match="broken already: record 1"):
        rotate_secret(programs[0].settings, file)
