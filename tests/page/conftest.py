"""A real browser on the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import ROOT
from tests.test_deployment import free_port, wait_until_ready


@contextmanager
def served() -> Iterator[str]:
    """The server, on a port of its own, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Chromium. Raises FileNotFoundError where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise FileNotFoundError("no Chromium found: install it, for example with `apt-get install chromium`")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Without a browser the tests are skipped, but not in CI."""
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(launched_browser())
        except FileNotFoundError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        yield browser


DEVICES: dict[str, Any] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "has_touch": True,
        "is_mobile": True,
    },
}


@pytest.fixture(params=DEVICES)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened on a desktop and on a phone; an error in its scripts fails the test."""
    context = browser.new_context(**DEVICES[request.param])
    page = context.new_page()
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(address)
    yield page
    context.close()
    assert not errors
