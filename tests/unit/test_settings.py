import re
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from data.settings import (
    TEST_VARIABLES,
    VARIABLES,
    OpenId,
    Settings,
    SettingsError,
    build_id,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


PROVIDER = ("NAME", "DISCOVERY", "CLIENT_ID", "CLIENT_SECRET")


def settings(**env: str) -> Settings:
    return Settings.from_env(env)


def test_without_any_variable_the_program_is_a_demo_on_this_machine_with_its_own_engines():
    got = settings()
    assert (got.host, got.port) == ("127.0.0.1", 8050)
    assert got.database_url is None
    assert got.redis_url is None
    assert got.demo
    assert got.var == Path("var")
    assert got.screens is None
    assert (got.log_level, got.log_format, got.locale) == ("info", "console", "en")


GIVEN = {
    "HOST": "0.0.0.0",
    "PORT": "8060",
    "DATABASE_URL": "postgresql://a:b@db/milepost",
    "REDIS_URL": "redis://cache:6379/0",
    "MILEPOST_REPLICA_URL": "postgres://reader@replica/milepost",
    "MILEPOST_DEMO": "0",
    "MILEPOST_VAR": "/srv/milepost",
    "MILEPOST_KEEP_MONTHS": "24",
    "MILEPOST_REMEMBER_HOURS": "6",
    "MILEPOST_PUBLIC_URL": "https://milepost.works/line/",
    "MILEPOST_SECRET": "s" * 32,
    "MILEPOST_TRUSTED_PROXIES": "10.0.3.4, fd00::/64",
    "MILEPOST_OPENID_NAME": "Works ID",
    "MILEPOST_OPENID_DISCOVERY": "https://id.works/.well-known/openid-configuration",
    "MILEPOST_OPENID_CLIENT_ID": "milepost",
    "MILEPOST_OPENID_CLIENT_SECRET": "k3y",
    "MILEPOST_LOG_LEVEL": "debug",
    "MILEPOST_LOG_FORMAT": "json",
    "MILEPOST_LOCALE": "zh-Hant",
    "MILEPOST_BUILD": "2026.11-rc1",
    "MILEPOST_SEED": "42",
}
GOT = {
    "host": "0.0.0.0",
    "port": 8060,
    "database_url": "postgresql+psycopg://a:b@db/milepost",
    "redis_url": "redis://cache:6379/0",
    "replica_url": "postgresql+psycopg://reader@replica/milepost",
    "demo": False,
    "var": Path("/srv/milepost"),
    "keep_months": 24,
    "remember_hours": 6,
    "public_url": "https://milepost.works/line",
    "secret": b"s" * 32,
    "trusted_proxies": (ip_network("10.0.3.4"), ip_network("fd00::/64")),
    "openid": OpenId(
        name="Works ID",
        discovery="https://id.works/.well-known/openid-configuration",
        client_id="milepost",
        client_secret="k3y",
    ),
    "log_level": "debug",
    "log_format": "json",
    "locale": "zh-Hant",
    "build": "2026.11-rc1",
    "seed": 42,
}


def test_each_variable_reaches_its_field(tmp_path: Path):
    screens = tmp_path / "screens.yaml"
    screens.write_text("screens: []\n")
    notify = tmp_path / "notify.yaml"
    notify.write_text("ways: {}\n")
    got = settings(**GIVEN, MILEPOST_SCREENS=str(screens), MILEPOST_NOTIFY=str(notify))
    assert got == Settings(**GOT, screens=screens, notify=notify)


def test_an_empty_variable_counts_as_not_set():
    assert settings(PORT="", DATABASE_URL=" ", MILEPOST_LOCALE="") == settings()


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(AttributeError):
        settings().port = 1


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "http", "1 to 65535"),
        ("PORT", "0", "1 to 65535"),
        ("PORT", "65536", "1 to 65535"),
        ("PORT", "²", "1 to 65535"),
        ("DATABASE_URL", "mysql://db/milepost", "PostgreSQL URL"),
        ("DATABASE_URL", "not a url", "PostgreSQL URL"),
        ("DATABASE_URL", "postgresql://db", "PostgreSQL URL"),
        ("REDIS_URL", "cache:6379", "Redis URL"),
        ("MILEPOST_DEMO", "yes", "0 or 1"),
        ("MILEPOST_REMEMBER_HOURS", "0", "1 to 168"),
        ("MILEPOST_SCREENS", "no/such/file.yaml", "file that exists"),
        ("MILEPOST_PUBLIC_URL", "milepost.works", "an address as in https"),
        ("MILEPOST_PUBLIC_URL", "javascript:alert(1)", "an address as in https"),
        ("MILEPOST_SECRET", "s" * 31, "at least 32 characters"),
        ("MILEPOST_TRUSTED_PROXIES", "10.0.3.4/8", "addresses or networks"),
        ("MILEPOST_TRUSTED_PROXIES", "nginx", "addresses or networks"),
        ("MILEPOST_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("MILEPOST_LOG_FORMAT", "xml", "json, console"),
        ("MILEPOST_LOCALE", "zh", "zh-Hant, zh-Hans, en"),
        ("MILEPOST_BUILD", "<b>", "letters, digits"),
        ("MILEPOST_SEED", "-1", "0 or more"),
    ],
)
def test_a_malformed_value_is_refused_with_the_name_and_what_was_expected(name, value, expected):
    with pytest.raises(SettingsError, match=re.escape(expected)) as caught:
        settings(**{name: value})
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_refused_url_does_not_betray_its_password(name):
    with pytest.raises(SettingsError) as caught:
        settings(**{name: "oracle://milepost:s3cret@db/milepost"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_spelling_of_a_postgresql_url_gets_our_driver_and_keeps_its_password(scheme):
    got = settings(DATABASE_URL=f"{scheme}://me:p%40ss@db:5433/milepost?sslmode=require")
    assert got.database_url == "postgresql+psycopg://me:p%40ss@db:5433/milepost?sslmode=require"


def test_a_misspelt_variable_stops_the_start_and_the_right_names_are_told():
    with pytest.raises(SettingsError, match=r"MILEPOST_DEMMO: no such setting.*MILEPOST_DEMO"):
        settings(MILEPOST_DEMMO="0")


def test_variables_of_the_tests_and_of_other_programs_are_let_be():
    assert settings(MILEPOST_REAL_DATA="x", MILEPOST_CHROMIUM="y", PATH="/bin") == settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "factory-pc"])
def test_it_listens_where_it_is_told(host):
    assert settings(HOST=host).host == host


@pytest.mark.parametrize("missing", ["NAME", "DISCOVERY", "CLIENT_ID", "CLIENT_SECRET"])
def test_a_provider_is_named_whole_or_not_at_all(missing):
    given = {f"MILEPOST_OPENID_{name}": f"https://{name}" for name in PROVIDER if name != missing}
    with pytest.raises(SettingsError, match=f"^MILEPOST_OPENID_{missing}: expected too"):
        settings(**given)


@pytest.mark.parametrize("discovery", ["http://id.works/x", "ftp://127.0.0.1/x", "127.0.0.1"])
def test_a_provider_is_asked_over_https(discovery):
    given = {f"MILEPOST_OPENID_{name}": "x" for name in PROVIDER}
    with pytest.raises(SettingsError, match=r"^MILEPOST_OPENID_DISCOVERY: expected an"):
        settings(**given | {"MILEPOST_OPENID_DISCOVERY": discovery})


def test_a_provider_on_this_machine_can_be_tried_without_https():
    given = {f"MILEPOST_OPENID_{name}": "http://localhost:9/x" for name in PROVIDER}
    assert settings(**given).openid.discovery == "http://localhost:9/x"


def test_the_build_id_changes_with_a_source_file_and_only_then(tmp_path: Path):
    module = tmp_path / "data" / "clock.py"
    module.parent.mkdir()
    module.write_text("rate = 1\n")
    first = fresh_build_id(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "log.py").write_text("not a source\n")
    assert fresh_build_id(tmp_path) == first
    module.write_text("rate = 2\n")
    assert fresh_build_id(tmp_path) != first


def fresh_build_id(root: Path) -> str:
    build_id.cache_clear()
    return build_id(root)


def test_every_setting_is_documented_and_nothing_else_is():
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(), flags=re.MULTILINE))
    assert documented == VARIABLES | TEST_VARIABLES


def test_every_field_is_set_by_one_variable_and_a_provider_by_four():
    fields = {field.name for field in msgspec.structs.fields(Settings)} - {"openid"}
    fields |= {f"openid_{field.name}" for field in msgspec.structs.fields(OpenId)}
    assert fields == {name.removeprefix("MILEPOST_").lower() for name in VARIABLES}
