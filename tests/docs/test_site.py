"""The documentation's site."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydantic.fields import FieldInfo

from docs.reference_pages import described, metrics_page, rest_page, settings_page
from serving.settings import Settings
from tests.chromium import browser, new_page, violations
from zenml_config.environment import ROOT, read

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ("", "training/", "reference/rest/", "es/tutorial/", "search/?q=drift")


class Built(NamedTuple):
    """The folder of the site, and how its build ended."""

    folder: Path
    ending: tuple[int, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site, built once for all tests."""
    var, folder = tmp_path_factory.mktemp("var"), tmp_path_factory.mktemp("site")
    (var / "feast" / "offline").mkdir(parents=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "dirhtml", "docs", str(folder)]
    own = os.environ | read(ROOT / "zenml_config" / "local.env", {"HPP_VAR_DIR": str(var)})
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own)
    return Built(folder, (done.returncode, done.stderr))


class Silent(SimpleHTTPRequestHandler):
    """Serves files, and tells nobody of it."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """A server whose visitors may leave a page before it is loaded."""

    def handle_error(self, *_: object) -> None:
        """Nothing: what a page lacks, its test finds."""


@pytest.fixture(scope="module")
def address(site: Built) -> Iterator[str]:
    """Where the site is served: a search needs more than files."""
    with Server(("127.0.0.1", 0), partial(Silent, directory=str(site.folder))) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    with browser() as found:
        yield found


def test_the_site_builds_without_a_warning_so_that_no_link_in_it_is_dead(site: Built) -> None:
    assert site.ending == (0, "")
    assert "HPP_REST_PORT" in (site.folder / "reference" / "settings" / "index.html").read_text()


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_the_screen(
    chromium: "Browser", address: str, theme: Any, width: int
) -> None:
    found: dict[str, object] = {}
    with new_page(chromium, color_scheme=theme, viewport={"width": width, "height": 800}) as page:
        for name in PAGES:
            page.goto(address + name)
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            found[name] = (violations(page), page.evaluate("document.documentElement.scrollWidth"))
    assert found == dict.fromkeys(PAGES, ([], width))


def test_a_search_finds_the_guide(chromium: "Browser", address: str) -> None:
    from playwright.sync_api import expect

    with new_page(chromium) as page:
        page.goto(f"{address}search/?q=drift")
        expect(page.locator("ul.search a", has_text=re.compile("^Monitoring$"))).to_be_visible()


def test_a_spanish_page_says_so(site: Built) -> None:
    assert '<html class="no-js" lang="es"' in (site.folder / "es" / "tutorial" / "index.html").read_text()


def test_a_setting_is_told_with_its_default_its_range_and_the_comment_above_it() -> None:
    fields: dict[str, FieldInfo] = Settings.model_fields
    page = settings_page("# How many\n# at once.\nHPP_WORKERS=2\n\nDO_NOT_TRACK=1\n", fields)
    assert "`HPP_WORKERS=2` · ≥ 1, ≤ 64\n: How many at once." in page
    assert "`DO_NOT_TRACK=1`\n: …" in page


def test_figures_are_told_with_kind_and_labels() -> None:
    assert "| `hpp_requests_total` | counter | `path`, `code` | Requests by path and status. |" in metrics_page()


def test_calls_are_told_with_their_answers(platform_dir: Path) -> None:
    page = rest_page(described(Settings()))
    assert "| `POST /api/v1.0/predictions` | Prices of houses | 200, 400, 401" in page
    assert "| 429 | The client has used its limit" in page
