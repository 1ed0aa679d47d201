import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Error, expect

PAGES = {
    "/quiet": "<title>快</title><p>里程碑</p>",
    "/noisy": "<script>console.error('bad news'); undefinedFunction()</script>",
    "/outside": "<img src='https://cdn.example/logo.png'><img src='http://192.0.2.1/logo.png'>",
    "/favicon.ico": "",
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    httpd = HTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_a_quiet_page_has_no_errors_and_asks_nobody_outside(open_page, server: str):
    opened = open_page()
    opened.page.goto(f"{server}/quiet")
    expect(opened.page.locator("p")).to_have_text("里程碑")
    assert (opened.errors, opened.outside) == ([], [])


def test_console_errors_and_uncaught_exceptions_are_collected(open_page, server: str):
    opened = open_page()
    opened.page.goto(f"{server}/noisy")
    said = " ".join(opened.errors)
    assert "bad news" in said
    assert "undefinedFunction" in said


def test_what_a_page_asks_of_other_machines_fails_at_once_and_is_told(open_page, server: str):
    opened = open_page()
    opened.page.goto(f"{server}/outside")
    assert opened.outside == ["https://cdn.example/logo.png", "http://192.0.2.1/logo.png"]
    assert sum("ERR_NAME_NOT_RESOLVED" in error for error in opened.errors) == 2
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        opened.page.goto("http://example.com/")


def test_pages_are_full_hd_unless_told_otherwise(open_page):
    sizes = [open_page().page.viewport_size, open_page(viewport=PHONE).page.viewport_size]
    assert sizes == [{"width": 1920, "height": 1080}, PHONE]


PHONE = {"width": 390, "height": 844}
