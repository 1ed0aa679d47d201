"""The documented nginx, with nothing changed but names, ports and paths, before a real gunicorn."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection

import httpx
import pytest

from data.domain.audit import Action
from data.domain.scope import factory_scope
from data.services.audit import Search
from data.store.audit import AuditStore
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.stream.embedded import EmbeddedRedis
from tests.browser.product.program import wait_for
from tests.chromium import launched
from tests.proxied import PASSWORD, Proxied, form_token, host_of, proxied

WALL, ROWS = "/live/wall/works.L1", "/api/v1/stream?site=works"
AT_ONCE_S = 30.0  # on the slowest machine: what a proxy holds back waits for minutes of heartbeats
SOMEWHERE_ELSE = "203.0.113.7"


@pytest.fixture(scope="module")
def behind(
    postgres: EmbeddedPostgres, redis_server: EmbeddedRedis, milepost_template: str
) -> Iterator[Proxied]:
    with proxied(postgres, redis_server, milepost_template, webs=1, graceful_s=1) as running:
        yield running


@pytest.fixture
def client(behind: Proxied) -> Iterator[httpx.Client]:
    with behind.client() as made:
        yield made


def handshake(behind: Proxied, name: str, version: ssl.TLSVersion) -> str | None:
    """The version of TLS that is agreed on with a client that speaks this one alone."""
    trust = behind.nginx.trust()
    trust.set_ciphers("DEFAULT:@SECLEVEL=0")
    trust.minimum_version = trust.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", behind.nginx.https), timeout=60) as plain,
        trust.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.version()


def plain_http(behind: Proxied) -> str:
    return f"http://localhost:{behind.nginx.http}"


def sign_in(client: httpx.Client, login: str, password: str, **headers: str) -> httpx.Response:
    token = form_token(client.get("/sign-in"))
    form = {"csrf_token": token, "login": login, "password": password, "next": "/orders"}
    return client.post("/sign-in", data=form, headers=headers)


def addresses(behind: Proxied, action: Action, subject: str) -> list[str]:
    """From where something was done, as the audit trail has it, oldest first."""
    sql = connect(behind.database_url)
    wanted = Search(sites=("works",), action=action, words=subject)
    records, _ = AuditStore(sql).search(factory_scope("works"), wanted, 50, 0)
    sql.dispose()
    return [record.deed.address for record in reversed(records)]


def test_nginx_finds_nothing_wrong_with_its_configuration(behind: Proxied) -> None:
    said = behind.nginx.check()
    assert "syntax is ok" in said
    assert "[warn]" not in said.replace('[warn] the "user" directive', "")


def test_http2_is_agreed_on(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(behind: Proxied, version: ssl.TLSVersion) -> None:
    assert handshake(behind, "localhost", version) == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_older_tls_is_refused(behind: Proxied) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(behind, "localhost", ssl.TLSVersion.TLSv1_1)


def test_another_name_gets_no_certificate_and_no_answer(behind: Proxied) -> None:
    with pytest.raises(ssl.SSLError):
        handshake(behind, "elsewhere.example", ssl.TLSVersion.TLSv1_3)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(plain_http(behind), headers={"Host": "elsewhere.example"}, trust_env=False)


def test_plain_http_leads_to_https(behind: Proxied) -> None:
    answer = httpx.get(f"{plain_http(behind)}/orders?lang=en", trust_env=False)
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://localhost/orders?lang=en"


def test_a_key_that_comes_over_plain_http_is_refused_not_forwarded(behind: Proxied) -> None:
    url = f"{plain_http(behind)}/api/v1/events"
    answer = httpx.post(url, json={}, headers=behind.authorised(), trust_env=False)
    assert answer.status_code == 403
    assert "https" in answer.text


def test_signing_in_gives_a_cookie_that_https_alone_can_set(behind: Proxied) -> None:
    behind.member("may@works.example")
    with behind.client() as client:
        answer = sign_in(client, "may@works.example", PASSWORD)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/orders")
        cookies = answer.headers.get_list("set-cookie")
        (given,) = [one for one in cookies if one.startswith("__Host-milepost=")]
        parts = {part.strip().partition("=")[0].lower() for part in given.split(";")}
        assert {"secure", "httponly", "samesite", "path"} <= parts
        assert "domain" not in parts
        assert not any(one.startswith("milepost=") for one in cookies)
        assert client.get("/orders").status_code == 200


def test_a_form_from_another_site_is_refused(behind: Proxied) -> None:
    behind.member("ann@works.example")
    for origin, status in ((f"https://{host_of(behind)}", 303), ("https://evil.example", 403)):
        with behind.client() as client:
            answer = sign_in(client, "ann@works.example", PASSWORD, Origin=origin)
            assert answer.status_code == status, origin


def test_every_answer_says_https_from_now_on_and_pages_say_what_they_may_do(
    client: httpx.Client,
) -> None:
    page = client.get("/sign-in")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Server"] == "nginx"
    assert "Content-Encoding" not in page.headers  # it holds a token
    for path in ("/nothing/here", "/healthz", "/assets/desk.css"):
        assert "Strict-Transport-Security" in client.get(path).headers


def test_what_never_changes_is_compressed(client: httpx.Client) -> None:
    style = client.get("/assets/desk.css")
    assert style.headers["Content-Encoding"] == "gzip"


def test_a_request_has_a_number_that_nobody_outside_chooses(client: httpx.Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "mine"})
    assert len(answer.headers["X-Request-ID"]) == 32
    assert answer.headers["X-Request-ID"] != client.get("/healthz").headers["X-Request-ID"]


def test_the_log_holds_neither_queries_nor_tokens(behind: Proxied, client: httpx.Client) -> None:
    client.get("/invitation/hush-hush?next=secret-query")
    client.get("/b/hush-hush-too")
    wait_for(lambda: '"GET /b/-"' in behind.nginx.log.read_text(), 60, "the log is written")
    log = behind.nginx.log.read_text()
    assert '"GET /invitation/-"' in log
    assert "hush" not in log and "secret-query" not in log


def test_the_audit_trail_has_the_clients_own_address_whatever_it_says_of_itself(
    behind: Proxied,
) -> None:
    lies = {
        "X-Forwarded-For": SOMEWHERE_ELSE, "Forwarded": f"for={SOMEWHERE_ELSE}",
        "X-Real-IP": SOMEWHERE_ELSE, "X-Forwarded-Host": "evil.example",
    }  # fmt: skip
    for address, headers in (("127.0.0.2", {}), ("127.0.0.3", lies)):
        with behind.client(address) as client:
            assert sign_in(client, "nobody-known", "wrong", **headers).status_code == 401
    found = addresses(behind, Action.SIGN_IN_REFUSED, "nobody-known")
    assert found == ["127.0.0.2", "127.0.0.3"]


def test_what_is_for_this_machine_alone_is_not_for_whoever_comes_through_the_proxy(
    client: httpx.Client,
) -> None:
    for path in ("/metrics", "/readyz"):
        assert client.get(path).status_code in (401, 404), path
        lied = client.get(path, headers={"X-Forwarded-For": "127.0.0.1"})
        assert lied.status_code in (401, 404), path


@pytest.mark.parametrize(
    ("path", "change"), [(WALL, "event: cells"), (ROWS, "event: milepost.row.changed")]
)
@pytest.mark.parametrize("packed", ["gzip", "identity"])
def test_a_stream_begins_at_once_and_a_change_goes_through_at_once(
    behind: Proxied, path: str, change: str, packed: str
) -> None:
    number = time.monotonic_ns()
    headers = {"Accept-Encoding": packed}
    with (
        behind.client(cookies=behind.signed_in()) as client,
        behind.client() as machine,
    ):
        begun = time.monotonic()
        with client.stream("GET", path, headers=headers) as answer:
            assert (answer.status_code, answer.http_version) == (200, "HTTP/2")
            assert answer.headers.get("Content-Encoding", "identity") == packed
            chunks = answer.iter_text()
            assert "retry: " in next(chunks)
            assert time.monotonic() - begun < AT_ONCE_S
            assert behind.report(machine, number).json()["accepted"] == 1
            reported = time.monotonic()
            next(chunk for chunk in chunks if change in chunk)
            assert time.monotonic() - reported < AT_ONCE_S


def test_a_plan_may_be_as_large_as_the_program_takes_and_no_larger(
    behind: Proxied, client: httpx.Client
) -> None:
    body = b"x" * (20 * 1024 * 1024 + 1)
    answer = client.put("/api/v1/orders", content=body, headers=behind.authorised())
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    announced = {"Content-Length": str(22 * 1024 * 1024), **behind.authorised()}
    plain = HTTPSConnection("localhost", behind.nginx.https, context=behind.nginx.trust())
    with closing(plain):
        plain.request("PUT", "/api/v1/orders", headers=announced)  # and not a byte of it
        refused = plain.getresponse()
        assert refused.status == 413
        assert "nginx" in refused.read().decode()


def test_a_wall_is_live_in_a_real_browser(behind: Proxied) -> None:
    token = behind.signed_in()["__Host-milepost"]
    with launched() as browser:
        context = browser.new_context(ignore_https_errors=True)
        context.add_cookies([{
            "name": "__Host-milepost", "value": token, "url": behind.address, "secure": True,
            "httpOnly": True,
        }])  # fmt: skip
        page, errors = context.new_page(), []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(f"{behind.address}/wall/works.L1?lang=en")
        count = page.locator("#p0-figures-good")
        count.wait_for(timeout=60_000)
        before = int((count.text_content() or "0").replace(",", "") or 0)
        with behind.client() as machine:
            assert behind.report(machine, time.monotonic_ns(), 7).status_code == 200
        page.wait_for_function(
            "want => document.querySelector('#p0-figures-good').textContent == want",
            arg=str(before + 7), timeout=60_000,
        )  # fmt: skip
        protocol = page.evaluate(
            "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"
        )
    assert protocol == "h2"
    assert errors == []


def test_while_no_process_answers_it_says_when_to_come_again(behind: Proxied) -> None:
    (web,) = behind.webs
    web.stop()
    try:
        with behind.client() as client:
            answer = client.get("/orders")
            told = client.post("/orders")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.headers["Refresh"] == "5"  # browsers that look do it again by themselves
        assert "Refresh" not in told.headers
        assert "Strict-Transport-Security" in answer.headers
    finally:
        web.start()
        web.await_ready()
