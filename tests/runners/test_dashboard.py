"""A headless browser opens the address that `syntonic-run ui` prints, and finds everything by clicks alone."""

import asyncio
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from runner_folders import facts, runs

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.run import open_dashboard
from syntonic.tracking.stores import dashboard

SCRIPT = Path(syntonic.__file__).parent.parent / "docs" / "screenshots.py"
# The texts of a page whose contrast is below AA (W3C, Web Content Accessibility Guidelines 2.1), with what it is.
PALE = """JSON.stringify((() => {
  const dot = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parts = colour => {
    dot.clearRect(0, 0, 1, 1); dot.fillStyle = colour; dot.fillRect(0, 0, 1, 1);
    return [...dot.getImageData(0, 0, 1, 1).data].map(part => part / 255);
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const behind = e => e ? over(parts(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [1, 1, 1];
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const pale = [];
  for (const e of document.body.querySelectorAll('*')) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    if (['STYLE', 'title'].includes(e.tagName)) continue;
    const style = getComputedStyle(e), paper = behind(e);
    const ink = over(parts(e.ownerSVGElement ? style.fill : style.color), paper);
    const [low, high] = [light(ink), light(paper)].sort((a, b) => a - b);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    const enough = (high + 0.05) / (low + 0.05) >= (large ? 3 : 4.5);
    if (!enough) pale.push([e.tagName, e.textContent.slice(0, 40), ink, paper]);
  }
  return pale;
})())"""
needs_browser = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium, a headless browser")


@pytest.fixture(scope="session")
def shots() -> ModuleType:
    """The script that takes the pictures of the documents."""
    spec = importlib.util.spec_from_file_location("screenshots", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["screenshots"] = made
    spec.loader.exec_module(made)
    return made


def look(shots: ModuleType, folder: Path, steps: Callable[[Any], Awaitable[None]]) -> None:
    """Carries out steps on a page of a headless browser."""

    async def carry_out(devtools: int) -> None:
        async with shots.opened(devtools) as page:
            await steps(page)

    with shots.browser(folder / "browser") as devtools:
        asyncio.run(carry_out(devtools))


@needs_browser
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # aiohttp's own
def test_the_printed_address_lands_on_the_runs(folder: Path, shots: ModuleType) -> None:
    few = ["trainer.max_generations=30"]
    subprocess.run([*shots.COMMAND, *few], check=True)
    assert main(["-m", "trainer=retrocausal,es", "seed=0,1", *few]) == 0
    says = shots.says
    single = facts(runs(folder)[0])["title"]
    sweep = json.loads(next((folder / ".syntonic" / "sweeps").glob("*/sweep.json")).read_text())["title"]

    async def steps(page: Any) -> None:
        await page.show(address, f"{shots.RUNS} && {says('test_accuracy', single, sweep)}", 600)
        assert not await page.true("document.body.innerText.includes('No data available')")
        await page.click(sweep, says("Description", "Best point", "Child runs"))
        await page.show(address, says("test_accuracy", single), 600)
        await page.click(single, says("Description", "chance", "syntonic-run trainer.max_generations=30"))
        assert await page.true(f"document.documentElement.scrollWidth <= {shots.WIDTH}")
        await page.resize(800, 390)
        await page.wait_for("window.innerWidth == 390")
        assert await page.true("document.documentElement.scrollWidth <= window.innerWidth"), "a phone scrolls sideways"
        await page.resize(900)
        await page.click("Model metrics", f"{says('population (', 'best_fitness', 'train (')} && {shots.CHARTS}")
        await page.click("Artifacts", says("report.html", "figures"))
        await page.click("report.html", "[...document.querySelectorAll('iframe')].length == 1")
        await page.click("figures", says("lattice-gen-00000030.svg"))
        await page.click("lattice-gen-00000030.svg", shots.FIGURE)
        server = address.partition("/#")[0]
        asked = "performance.getEntriesByType('resource').map(e => e.name).join(' ')"
        found = await page.call("Runtime.evaluate", expression=asked, returnByValue=True)
        addresses = found["result"]["value"].split()
        assert [one for one in addresses if not one.startswith((server, "blob:", "data:"))] == [], (
            "they left this machine"
        )

    with shots.dashboard(folder) as address:
        look(shots, folder, steps)


@needs_browser
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # aiohttp's own
def test_reports_fit_a_phone_are_easy_to_read_and_sort_without_a_script(folder: Path, shots: ModuleType) -> None:
    few = ["tracking=none", "trainer.max_generations=30"]
    assert main(["-cn", "digits", *few]) == 0
    assert main(["report", "--out", "one.html"]) == 0
    assert main(["-m", "trainer=retrocausal,es", "trainer.sigma=0.05,0.2", "seed=0,1", *few]) == 0
    sweep = next((folder / ".syntonic" / "sweeps").glob("*/sweep.html"))
    rows = "[...document.querySelectorAll('.points tr')].slice(1)"
    seen = f"{rows}.sort((a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y)"
    falling = f"{seen}.map(row => +row.cells[2].innerText).every((v, i, all) => i == 0 || all[i - 1] >= v)"

    async def steps(page: Any) -> None:
        for path in (folder / "one.html", sweep):
            for width in (390, 820, 1600):
                await page.show(path.as_uri(), "document.readyState == 'complete'", 800)
                await page.resize(800, width)
                await page.wait_for(f"window.innerWidth == {width}")
                assert await page.true("document.documentElement.scrollWidth <= window.innerWidth"), (path.name, width)
            assert await page.true("performance.getEntriesByType('resource').length == 0"), "it loads something"
            for scheme in ("light", "dark"):
                features = [{"name": "prefers-color-scheme", "value": scheme}]
                await page.call("Emulation.setEmulatedMedia", features=features)
                dark = "matchMedia('(prefers-color-scheme: dark)').matches"
                assert await page.true(f"{dark} == {json.dumps(scheme == 'dark')}")
                found = await page.call("Runtime.evaluate", expression=PALE, returnByValue=True)
                assert json.loads(found["result"]["value"]) == [], (path.name, scheme)
        assert not await page.true(falling), "the best comes first, which has the smallest loss"
        await page.true("document.querySelector('#points2').click()")
        await page.wait_for(falling)

    look(shots, folder, steps)


def test_a_link_leads_to_a_dashboard_that_is_open_and_a_command_to_one_that_is_not(tmp_path: Path) -> None:
    def page(store: str, **also: Any) -> str | None:
        return open_dashboard.page(tmp_path, "2026", "abc", store, **also)

    assert str(page("sqlite:///x", served=True)).endswith("syntonic-run ui 2026")
    assert page("somewhere", served=False) is None
    assert page("https://host:1/", served=False) == dashboard.run_address("https://host:1", "abc")
    open_dashboard.say(tmp_path, "http://127.0.0.1:5001")
    assert page("sqlite:///x", served=True) == "http://127.0.0.1:5001/#/runs/abc?workflowType=machine_learning"
    open_dashboard.forget(tmp_path)
    assert str(page("sqlite:///x", served=True)).endswith("syntonic-run ui 2026")
    (tmp_path / "ui.json").write_text("{")
    assert str(page("sqlite:///x", served=True)).endswith("syntonic-run ui 2026")


def test_ui_knows_whose_page_is_meant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".syntonic").mkdir()
    (folder / ".syntonic" / "mlflow.db").touch()
    assert main(["ui", "nothing"]) == 2
    assert "there is no run" in capsys.readouterr().err
