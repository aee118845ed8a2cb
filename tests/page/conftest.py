"""A real browser on the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.main import create_app
from app.settings import Settings
from app.storage.database import open_database
from app.storage.schema import upgrade
from benchmarks.photograph import photograph
from tests.conftest import MODEL, ROOT
from tests.page.playing import first
from tests.test_deployment import free_port, wait_until_ready
from training.prepare.unipen import Character

# On a machine that is busy with other things. What comes sooner is not waited for.
expect.set_options(timeout=15_000)


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
def served_here(*models: Path, **settings: Any) -> Iterator[str]:
    """The server in a thread of this process, which starts in a tenth of the time, and its address."""
    port = free_port()
    app = create_app(Settings(model_path=models, log_requests=False, **settings))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Chromium. Raises FileNotFoundError where there is none."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise FileNotFoundError("no Chromium found: install it, for example with `apt-get install chromium`")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    # They make a page that is loaded again and again a quarter more expensive.
    arguments.append("--disable-features=SpareRendererForSitePerProcess,RenderDocument,PaintHolding,Translate")
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
    with served_here(MODEL) as address:
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


# Leaves nothing of a test to the next one: what it has drawn is stored once more when its page is left.
_FORGET = """() => {
  if (!location.protocol.startsWith('http')) return;
  Storage.prototype.setItem = () => {};
  sessionStorage.clear();
  localStorage.clear();
}"""


class Windows:
    """Windows that are opened once for all tests, because opening one takes longer than most of them.

    Little moves in them: tests of what moves ask for it.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: dict[str, Page] = {}
        self._errors: list[object] = []

    @contextmanager
    def page(self, kind: str, address: str, device: str = "desktop", **media: Any) -> Iterator[Page]:
        """The page, loaded anew in the window of this kind. An error in its scripts fails the test."""
        if kind not in self._pages:
            page = self._browser.new_context(**DEVICES[device]).new_page()
            page.on("pageerror", lambda error: self._errors.append(error))
            if kind == "timed":
                page.clock.install()
            self._pages[kind] = page
        page = self._pages[kind]
        page.set_viewport_size(DEVICES[device]["viewport"])
        page.emulate_media(**{"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce", **media})
        page.evaluate(_FORGET)
        page.goto(address)
        if kind == "timed":
            page.clock.resume()  # a test may have stopped it
        yield page
        page.unroute_all(behavior="ignoreErrors")
        errors, self._errors = self._errors, []
        assert not errors


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture(params=DEVICES)
def page(request: pytest.FixtureRequest, windows: Windows, address: str) -> Iterator[Page]:
    """The page on a desktop and on a phone, for what depends on that."""
    with windows.page(request.param, address, request.param) as page:
        yield page


@pytest.fixture
def desktop(windows: Windows, address: str) -> Iterator[Page]:
    with windows.page("desktop", address) as page:
        yield page


@pytest.fixture(scope="module")
def lasting(windows: Windows, address: str) -> Iterator[Page]:
    """The page for a table of cases, each of which leaves its paper empty: it is loaded once."""
    with windows.page("lasting", address) as page:
        yield page


@pytest.fixture
def phone(windows: Windows, address: str) -> Iterator[Page]:
    with windows.page("phone", address, "phone") as page:
        yield page


@pytest.fixture
def timed(windows: Windows, address: str) -> Iterator[Page]:
    """The page with a clock that the test can put forward."""
    with windows.page("timed", address) as page:
        yield page


@pytest.fixture
def other(windows: Windows) -> Iterator[Page]:
    """Somebody else's browser."""
    with windows.page("other", "about:blank") as page:
        yield page


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database for corrections."""
    url = f"sqlite:///{tmp_path_factory.mktemp('corrections') / 'handwritten.db'}"
    upgrade(open_database(url))  # the server itself does so with the first correction
    return url


@pytest.fixture(scope="session")
def seven_track(tracks: list[Character]) -> Character:
    return first(tracks, "7")


@pytest.fixture(scope="session")
def sheet_of_two(drawings: list[tuple[str, Image.Image]]) -> Image.Image:
    """A large 7 on the left and a smaller 3 on the right."""
    digits = dict(reversed(drawings))
    sheet = Image.new("L", (560, 560), 255)
    sheet.paste(digits["7"].resize((300, 300)), (0, 130))
    sheet.paste(digits["3"].resize((260, 260)), (290, 150))
    return sheet


@pytest.fixture(scope="session")
def two_digits(sheet_of_two: Image.Image) -> bytes:
    """A photograph of both, 800 pixels wide."""
    return photograph(sheet_of_two, np.random.default_rng(0), width=800)


@pytest.fixture(scope="session")
def large(sheet_of_two: Image.Image) -> bytes:
    """The same, 1600 pixels wide."""
    return photograph(sheet_of_two, np.random.default_rng(0), width=1600)
