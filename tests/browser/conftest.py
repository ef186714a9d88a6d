"""A headless Chromium: the one on this machine, or the one Playwright has downloaded."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.conftest import System

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium refuses its sandbox to root, and asks its maker for updates unless told not to.
FLAGS = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync")

# A backend's first answers are slow, as is a machine that starts four servers.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        except PlaywrightError as error:
            if "CI" in os.environ:
                raise
            pytest.skip(f"no Chromium: install one, or run playwright install chromium ({error})")
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(system.urls["page"])
        page.get_by_role("heading", name="Which category is this lesion?").wait_for()
        yield page
