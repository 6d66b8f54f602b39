"""The system's Chromium, driven by Playwright: for tests of pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_program() -> str:
    """Its path; a test that needs it is skipped where there is none, and fails there under CI."""
    for name in PROGRAMS:
        if (program := shutil.which(name)) is not None:
            return program
    absent = "Chromium is not installed (Debian: apt-get install chromium)"
    pytest.fail(absent) if os.environ.get("CI") == "true" else pytest.skip(absent)
    raise AssertionError  # one of the two has raised


@contextmanager
def browser() -> Iterator["Browser"]:
    """One browser process. Playwright's event loop runs in this thread as long as it is open: close it soon."""
    program = chromium_program()
    from playwright.sync_api import sync_playwright

    alone = ["--in-process-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]  # root has no sandbox
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=alone)
        try:
            yield found
        finally:
            found.close()


@contextmanager
def new_page(browser: "Browser", **options: Any) -> Iterator["Page"]:
    """A page with a storage of its own; a fault of a script, or of the content security policy, fails the test."""
    context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 900}} | options)
    faults: list[str] = []
    try:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        yield page
        assert faults == []
    finally:
        context.close()


def violations(page: "Page") -> list[str]:
    """What axe calls serious or critical, with the places."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in grave]
