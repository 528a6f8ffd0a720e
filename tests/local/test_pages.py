"""Pages of the local server: which file a path serves, redirects, headers and demo accounts."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from lib.web.headers import PAGE_HEADERS
from local.pages.demo_accounts import PATH, DemoAccounts
from local.pages.pages import Pages


@pytest.fixture
def pages(tmp_path: Path) -> TestClient:
    public = tmp_path / "public"
    (public / "guide").mkdir(parents=True)
    (public / "index.html").write_text("landing")
    second_folder = tmp_path / "elsewhere"
    second_folder.mkdir()
    (second_folder / "docs.html").write_text("docs")
    (second_folder / "index.html").write_text("hidden by the first folder")
    (public / "guide" / "index.html").write_text("guide")
    (public / "style.css").write_text("body {}")
    (tmp_path / "secret.txt").write_text("secret")
    (public / "link.txt").symlink_to(tmp_path / "secret.txt")
    inner = Starlette(
        routes=[
            Route("/{rest:path}", lambda _: PlainTextResponse("function"), methods=["GET", "POST"])
        ]
    )
    return TestClient(Pages(inner, [public, second_folder]), follow_redirects=False)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "landing"),
        ("/docs", "docs"),
        ("/docs.html", "docs"),
        ("/guide", "guide"),
        ("/style.css", "body {}"),
        ("/api/health", "function"),
        ("/%2e%2e/secret.txt", "function"),
        ("/..%2fsecret.txt", "function"),
        ("/link.txt", "function"),
        ("/docs%00", "function"),
    ],
)
def test_files_of_the_folders_are_served_and_other_paths_reach_the_functions(
    pages: TestClient, path: str, text: str
) -> None:
    assert pages.get(path).text == text


def test_addresses_of_the_guides_lead_to_the_pages(pages: TestClient) -> None:
    response = pages.get("/public/docs.html?a=1")
    assert (response.status_code, response.headers["location"]) == (
        307,
        "http://testserver/docs.html?a=1",
    )


def test_pages_carry_the_headers_of_the_deployment(pages: TestClient) -> None:
    response = pages.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert {name.lower(): value for name, value in PAGE_HEADERS.items()}.items() <= dict(
        response.headers
    ).items()
    assert pages.head("/docs").status_code == 200
    assert pages.post("/docs").text == "function"


def test_trailing_slash_redirects_to_the_page(pages: TestClient) -> None:
    response = pages.get("/docs/?a=1")
    assert response.status_code == 308
    assert response.headers["location"].endswith("/docs?a=1")


@pytest.mark.parametrize(
    ("host", "is_shown"),
    [
        ("127.0.0.1:5300", True),
        ("localhost:5300", True),
        ("[::1]:5300", True),
        ("attacker.example:5300", False),
        ("127.0.0.1.attacker.example:5300", False),
    ],
)
def test_demo_accounts_are_shown_only_to_pages_of_this_machine(
    host: str, *, is_shown: bool
) -> None:
    accounts = {"student": "amira", "teacher": "ms-okafor", "password": "secret"}
    inner = PlainTextResponse("function")
    response = TestClient(DemoAccounts(inner, accounts)).get(PATH, headers={"Host": host})
    assert response.json() == (accounts if is_shown else None)
    assert "access-control-allow-origin" not in response.headers
    assert TestClient(DemoAccounts(inner)).get(PATH, headers={"Host": host}).json() is None
    assert TestClient(DemoAccounts(inner, accounts)).get("/elsewhere").text == "function"
