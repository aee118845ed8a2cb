"""A real browser on the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import MODEL, ROOT
from tests.page.playing import first
from tests.test_deployment import free_port, wait_until_ready
from training.prepare.unipen import Character


@contextmanager
def served(model: Path = MODEL, **environment: str) -> Iterator[str]:
    """The server with a model, on a port of its own, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MODEL_PATH": str(model), **environment})
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


DEVICES: dict[str, Any] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "has_touch": True,
        "is_mobile": True,
    },
}


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """The page in a window of its own; an error in its scripts fails the test."""
    context = browser.new_context(**options)
    page = context.new_page()
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(address)
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert not errors


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


class Windows:
    """One window for each device, opened once for all tests, because opening takes longer than most of them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._pages: dict[str, Page] = {}
        self._errors: list[object] = []

    @contextmanager
    def page(self, device: str) -> Iterator[Page]:
        """The page, loaded anew; an error in its scripts fails the test."""
        if device not in self._pages:
            self._pages[device] = self._browser.new_context(**DEVICES[device]).new_page()
            self._pages[device].on("pageerror", lambda error: self._errors.append(error))
        page = self._pages[device]
        page.set_viewport_size(DEVICES[device]["viewport"])
        page.goto(f"{self._address}/healthz")
        page.evaluate("sessionStorage.clear(); localStorage.clear()")  # what the test before has drawn
        page.goto(self._address)
        yield page
        page.unroute_all(behavior="ignoreErrors")
        errors, self._errors = self._errors, []
        assert not errors


@pytest.fixture(scope="session")
def windows(browser: Browser, address: str) -> Windows:
    return Windows(browser, address)


@pytest.fixture(params=DEVICES)
def page(request: pytest.FixtureRequest, windows: Windows) -> Iterator[Page]:
    """The page on a desktop and on a phone."""
    with windows.page(request.param) as page:
        yield page


@pytest.fixture
def desktop(windows: Windows) -> Iterator[Page]:
    with windows.page("desktop") as page:
        yield page


@pytest.fixture
def phone(windows: Windows) -> Iterator[Page]:
    with windows.page("phone") as page:
        yield page


@pytest.fixture(scope="session")
def seven_track(tracks: list[Character]) -> Character:
    return first(tracks, "7")
