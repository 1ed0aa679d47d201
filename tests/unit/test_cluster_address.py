"""The address of a cluster: nodes, who asks, how many copies an acknowledgement waits for."""

import pytest

from callbacks.limits import _as_limits_has_it
from data.cluster_address import parse, secured
from data.settings import Settings, SettingsError


def test_an_address_names_nodes_and_waits_for_one_replica_unless_it_says_otherwise() -> None:
    address = parse("redis+cluster://one:7001,two,[::1]:7003")
    assert address.nodes == (("one", 7001), ("two", 6379), ("::1", 7003))
    assert address.replicas == 1
    assert address.password is None
    assert parse("redis+cluster://one:7001/?replicas=2").replicas == 2
    assert parse("redis+cluster://one:7001?replicas=0").replicas == 0


def test_a_password_may_hold_any_character_once_it_is_quoted() -> None:
    address = parse("redis+cluster://milepost:p%40ss%2C%3A@one:7001,two:7002")
    assert (address.user, address.password) == ("milepost", "p@ss,:")
    assert [port for _, port in address.nodes] == [7001, 7002]
    assert parse("redis+cluster://:word@one:7001").user is None


@pytest.mark.parametrize(
    "rest", ["one:7001/3", "one:7001?replica=1", "one:7001?replicas=all", "one:x", ":7001", ""]
)
def test_what_else_is_in_an_address_stops_the_start_with_the_name_of_the_setting(rest: str) -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: expected "):
        Settings.from_env({"REDIS_URL": f"redis+cluster://{rest}"})


def test_the_limit_of_reads_gets_the_nodes_alone() -> None:
    assert _as_limits_has_it("redis+cluster://one:1,two:2/?replicas=1") == (
        "redis+cluster://one:1,two:2", {},
    )  # fmt: skip
    assert _as_limits_has_it("unix:///run/redis.sock") == ("redis+unix:///run/redis.sock", {})


def test_with_tls_every_node_must_prove_its_name_to_whoever_asks() -> None:
    url = "rediss+cluster://one:1,two:2/?replicas=2&ssl_ca_certs=/etc/ssl/redis.pem"
    address = parse(url)
    told = {"ssl": True, "ssl_check_hostname": True, "ssl_ca_certs": "/etc/ssl/redis.pem"}
    assert (address.replicas, secured(address)) == (2, told)
    assert _as_limits_has_it(url) == ("redis+cluster://one:1,two:2", told)
    assert secured(parse("rediss+cluster://one"))["ssl_ca_certs"] is None  # the system's
    assert secured(parse("redis+cluster://one")) == {}
    with pytest.raises(SettingsError, match=r"^REDIS_URL: expected "):
        Settings.from_env({"REDIS_URL": "redis+cluster://one?ssl_ca_certs=/etc/ssl/redis.pem"})
