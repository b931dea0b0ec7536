"""Takes the pictures of the tutorial: does what it says, and looks at the dashboard with a headless Chromium.

    uv run python docs/screenshots.py               # writes docs/images
    uv run python docs/screenshots.py --to FOLDER

It opens the address that `syntonic-run ui` prints and gets to every page of the dashboard by clicks alone. Each picture
is taken when the page shows what the tutorial says of it, and never before; a page that does not come to that within
some minutes is an error, and so is an address that leads elsewhere than to the table of runs. Needs `chromium`
on the path. It is driven by its DevTools protocol, over the
WebSocket client of aiohttp, which MLflow brings as it does Pillow.
"""

import argparse
import asyncio
import base64
import fcntl
import html
import io
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import PIL.Image

HERE: Final = Path(__file__).parent
COMMAND: Final = [sys.executable, "-c", "import sys; from syntonic.runners.cli import main; sys.exit(main())"]
RUN: Final = "-cn digits seed=1 trainer.max_generations=300 callbacks.checkpoint.keep=3"
SWEEP: Final = "-m -cn xor benchmark.variant=noisy trainer=retrocausal,es seed=0,1,2 trainer.max_generations=100"
CHROMIUM: Final = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
PATIENCE: Final = 120.0  # seconds for a page
AGAIN: Final = 8.0  # seconds until a click is made once more: a second one closes what the first is opening
WIDTH: Final = 1110  # pixels

RUNS: Final = "location.hash.startsWith('#/experiments/1/runs')"  # the table of the training runs
CHARTS: Final = "document.querySelectorAll('.js-plotly-plot .scatterlayer .trace path.js-line').length >= 3"
SLIDER: Final = "document.querySelector('[role=slider]')"
PICTURE: Final = "[...document.querySelectorAll('img')].some(i => i.naturalWidth == 603)"  # that of the weights
FIGURE: Final = "[...document.querySelectorAll('img')].some(i => i.naturalWidth > 100 && i.src.startsWith('blob:'))"

# MLflow's chat is no part of what is shown; it is closed by whichever of the two names its button has.
CHAT: Final = (
    '[aria-label*="lose" i][aria-label*="ssistant" i]',
    '[data-component-id*="assistant"][data-component-id*="close"]',
)


def says(*texts: str) -> str:
    """Returns the condition that a page shows these texts, whatever it puts between their words."""
    shown = r"document.body.innerText.replace(/\s+/g, ' ')"
    return " && ".join(f"{shown}.includes({json.dumps(text)})" for text in texts)


class Page:
    """A page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def call(self, method: str, **words: object) -> Any:  # noqa: ANN401 (whatever the browser answers)
        """Calls a method of the DevTools protocol and returns its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": words})
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE)
            if answer.get("id") == self._number:
                return answer.get("result")

    async def true(self, condition: str) -> bool:
        """Whether an expression of JavaScript is true."""
        found = await self.call("Runtime.evaluate", expression=f"Boolean({condition})", returnByValue=True)
        return found["result"].get("value") is True

    async def show(self, address: str, condition: str, height: int) -> None:
        """Opens an address and waits until a condition holds."""
        await self.resize(height)
        await self.call("Page.navigate", url="about:blank")
        await self.call("Page.navigate", url=address)
        await self.wait_for(condition)

    async def click(self, text: str, condition: str, height: int | None = None) -> None:
        """Clicks on the first link, tab, folder or file of this name, again until a condition holds."""
        if height is not None:
            await self.resize(height)
        kinds = json.dumps(["a", "button", "[role=tab]", "[artifact-name]", "span"])
        same = f"e => e.innerText?.trim() == {json.dumps(text)}"
        press = (
            "e => {e?.dispatchEvent(new MouseEvent('mousedown', {bubbles: true})); e?.click()}"  # tabs heed the first
        )
        found = f"{kinds}.map(kind => [...document.querySelectorAll(kind)].find({same})).find(e => e)"
        await self.wait_for(condition, lambda: self.call("Runtime.evaluate", expression=f"({press})({found})"))

    async def resize(self, height: int, width: int = WIDTH) -> None:
        """Gives the window another size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)

    async def to_the_end(self, slider: str) -> None:
        """Moves a slider to its end, by a click there."""
        track = f"{slider}.parentElement.parentElement.getBoundingClientRect()"
        script = f"(b => [b.right - 3, b.y + b.height / 2])({track})"
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        x, y = found["result"]["value"]
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def wait_for(self, condition: str, meanwhile: Callable[[], Awaitable[object]] | None = None) -> None:
        """Waits until a condition holds; something is done meanwhile, again and again, `AGAIN` seconds apart."""
        deadline, next_try = time.monotonic() + PATIENCE, 0.0
        while not await self.true(condition):
            if meanwhile is not None and time.monotonic() > next_try:
                await meanwhile()
                next_try = time.monotonic() + AGAIN
            if time.monotonic() > deadline:
                here = "location.href + ' ' + document.body.innerText.replace(/\\s+/g, ' ')"
                found = await self.call("Runtime.evaluate", expression=here, returnByValue=True)
                raise TimeoutError(f"the page never came to {condition}, but to {found['result']['value'][:3000]}")
            await asyncio.sleep(0.2)

    async def take(self, path: Path) -> None:
        """Writes a picture of what is shown."""
        await self.call(
            "Runtime.evaluate", expression=f"document.querySelector({json.dumps(', '.join(CHAT))})?.click()"
        )
        await asyncio.sleep(1.0)  # pages slide and fade
        shot = await self.call("Page.captureScreenshot", format="png")
        PIL.Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB").quantize(256).save(
            path, optimize=True
        )
        print(path)


def drawn(folder: Path, words: Sequence[str], columns: int = 100) -> str:
    """Returns what the command leaves on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {key: value for key, value in os.environ.items() if key not in ("CI", "COLUMNS", "LINES")}
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    child = subprocess.Popen([*COMMAND, *words], cwd=folder, env={**kept, "TERM": "xterm-256color"}, **streams)
    os.close(theirs)
    came = b""
    with suppress(OSError):  # so says Linux when the last process has closed the terminal
        while part := os.read(ours, 65536):
            came += part
    os.close(ours)
    if child.wait():
        sys.exit(f"screenshots: {shlex.join(words)} failed\n{came.decode()}")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", came.decode())
    lines = [line.split("\r")[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    live = [
        number for number, line in enumerate(lines) if line.startswith("generation ")
    ]  # each was drawn over the last
    return "\n".join(line for number, line in enumerate(lines) if number not in live[:-1])


def as_page(folder: Path, words: Sequence[str], shown: str) -> str:
    """Writes what a terminal shows into a page, and returns its address."""
    text = html.escape(f"$ syntonic-run {shlex.join(words)}\n{shown}")
    style = "margin: 0; padding: 18px; background: #16181d; color: #e4e4e4; font: 14.5px/1.45 monospace"
    page = folder / "terminal.html"
    page.write_text(
        f'<meta charset="utf-8"><body style="margin: 0; background: #16181d"><pre style="{style}">{text}</pre>'
    )
    return page.as_uri()


@asynccontextmanager
async def opened(devtools: int) -> AsyncIterator[Page]:
    """Yields the page of the browser that takes orders on this port."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{devtools}/json/list") as listed:
            target = next(tab for tab in await listed.json() if tab["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            yield Page(socket)


def title(home: Path, pattern: str) -> str:
    """Returns what the first run or sweep is called."""
    return str(json.loads(min(home.glob(pattern)).read_text())["title"])


async def take_all(address: str, devtools: int, home: Path, to: Path) -> None:
    """Takes every picture."""
    run, sweep = (title(home, kind) for kind in ("runs/*/run.json", "sweeps/*/sweep.json"))
    lines = drawn(home.parent, RUN.split())
    single = home.parent / "one.html"
    subprocess.run([*COMMAND, "report", "--out", str(single)], cwd=home.parent, check=True)
    sweep_report = next(home.glob("sweeps/*/sweep.html")).as_uri()
    async with opened(devtools) as page:
        await page.show(address, f"{RUNS} && {says('test_accuracy', run, sweep)}", 560)
        await page.take(to / "runs.png")
        await page.click(sweep, says("Description", "Best point", "Child runs"), 1000)
        await page.take(to / "sweep.png")
        await page.show(address, says("test_accuracy", run), 560)
        await page.click(run, says("Description", "chance", "-cn digits seed=1"), 900)
        await page.resize(720, 1440)
        await page.take(to / "run.png")
        await page.click("Model metrics", f"{CHARTS} && {says('train (2)', 'population (')}", 900)
        await page.take(to / "metrics.png")
        await page.resize(6000)  # charts are drawn when they come into sight
        await page.wait_for(SLIDER)
        await page.wait_for(PICTURE, lambda: page.to_the_end(SLIDER))  # the image with a step: looked at, not taken
        await page.click("Artifacts", says("figures"), 560)
        await page.click("figures", says("lattice-gen-00000300.svg"))
        await page.click("lattice-gen-00000300.svg", FIGURE)
        await page.take(to / "lattice.png")
        await page.show(as_page(home.parent, RUN.split(), lines), says("FINISHED"), 40 + 21 * (lines.count("\n") + 2))
        await page.take(to / "terminal.png")
        await page.show(single.as_uri(), says("Confusion", "fitness of the population"), 1500)
        await page.take(to / "report.png")
        await page.show(sweep_report, says("What each setting does"), 1500)
        await page.take(to / "sweep-report.png")


@contextmanager
def dashboard(folder: Path) -> Iterator[str]:
    """Yields the address of `syntonic-run ui` in a folder."""
    ui = subprocess.Popen([*COMMAND, "ui"], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert ui.stdout is not None
    try:
        yield next(line.split()[0] for line in ui.stdout if line.startswith("http"))
    finally:
        ui.send_signal(signal.SIGINT)
        ui.communicate()


@contextmanager
def browser(folder: Path) -> Iterator[int]:
    """Yields the port on which a headless browser takes orders."""
    words = [*CHROMIUM, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    chromium = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, process_group=0)
    assert chromium.stderr is not None
    try:
        line = next(line for line in chromium.stderr if "DevTools listening on" in line)
        yield int(line.rpartition("127.0.0.1:")[2].partition("/")[0])
    finally:
        os.killpg(chromium.pid, signal.SIGKILL)
        chromium.communicate()


def main() -> None:
    """Trains what is to be seen, and looks at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=HERE / "images")
    to = parser.parse_args().to.resolve()
    if shutil.which("chromium") is None:
        sys.exit("screenshots: there is no chromium on the path; install it and try again")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        for words in (RUN, SWEEP):
            subprocess.run([*COMMAND, *words.split()], cwd=folder, check=True)
        (sweep,) = (folder / ".syntonic" / "sweeps").iterdir()
        subprocess.run([*COMMAND, "report", sweep.name], cwd=folder, check=True)
        with dashboard(folder) as address, browser(folder / "browser") as devtools:
            asyncio.run(take_all(address, devtools, folder / ".syntonic", to))


if __name__ == "__main__":
    main()
