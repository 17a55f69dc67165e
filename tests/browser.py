"""A headless Chromium for tests of pages: what it says on its console, what it asks of the network, what it shows."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
)  # fmt: skip
PATIENCE = 60.0  # s; other tests may have the processor
PHONE = 600  # px: narrower is a phone
LOCAL = ("data:", "blob:", "about:", "chrome:")


class Browser:
    """One page at a time.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
    """

    def __init__(self, driver):
        self._driver = driver

    def open(self, page, *, width=1280, height=900, scripts=True):
        """Show a file (Path) or an address at a size in px, with scripts or without; earlier pages are forgotten."""
        self._driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self._driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < PHONE},
        )
        for log in ("browser", "performance"):
            self._driver.get_log(log)
        self._driver.get(page.resolve().as_uri() if isinstance(page, Path) else page)

    def evaluate(self, script, *arguments):
        """What a piece of JavaScript returns: ``return document.title``."""
        return self._driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """Wait until a piece of JavaScript returns something true, and return it."""
        end = time.monotonic() + PATIENCE
        while not (found := self.evaluate(script, *arguments)):
            if time.monotonic() > end:
                raise AssertionError(f"still not true after {PATIENCE:g} s: {script}; console: {self.console()}")
            time.sleep(0.05)
        return found

    def click(self, selector):
        """Click on the middle of the first element that a CSS selector finds."""
        x, y = self._middle(selector)
        self._mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self._mouse(kind, x, y, button="left", clickCount=1)

    def hover(self, selector, across=0.5, down=0.5):
        """Move the mouse over an element, to a part of its width and height."""
        x, y = self._middle(selector, across, down)
        for step in (3, 2, 1, 0):  # it must move there: many listen to movements
            self._mouse("mouseMoved", x - step, y)

    def console(self):
        """Errors on the console since the last call: those of scripts, of the policy, of the network."""
        return [entry["message"] for entry in self._driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requests(self, *, but=""):
        """Addresses asked for since the last call, besides the page itself and those that begin with `but`."""
        messages = [json.loads(entry["message"])["message"] for entry in self._driver.get_log("performance")]
        asked = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        urls = [one["request"]["url"] for one in asked if one["request"]["url"] != one["documentURL"]]
        return [url for url in urls if not url.startswith((*LOCAL, but) if but else LOCAL)]

    def overflow(self):
        """How many px the page is wider than the window."""
        return self.evaluate("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def screenshot(self, path=None, *, whole=False):
        """The window, or the whole page, as PNG bytes; written to a file if one is given."""
        from base64 import b64decode

        found = self._driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole})
        data = b64decode(found["data"])
        if path is not None:
            Path(path).write_bytes(data)
        return data

    def _middle(self, selector, across=0.5, down=0.5):
        return self.evaluate(
            "const one = document.querySelector(arguments[0]); one.scrollIntoView({block: 'center', behavior: "
            "'instant'}); const box = one.getBoundingClientRect(); return [box.left + arguments[1] * box.width, "
            "box.top + arguments[2] * box.height]",
            selector, across, down,
        )  # fmt: skip

    def _mouse(self, kind, x, y, **more):
        self._driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium of the distribution; the test is skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install selenium")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs a browser: apt install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            yield Browser(opened)
        finally:
            opened.quit()
