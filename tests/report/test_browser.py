"""The page in a browser: nothing sticks out at any width, and every picture that counts is seen."""

import html
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip

# A window cannot be as narrow as a phone, but a frame can. The script stands outside of the page,
# which forbids scripts. Of a picture's groups the parts are looked at: browsers do not agree on how
# much room the lines around the parts of a group take.
FRAME = """<!doctype html><title>none</title>
<iframe style="border:0;width:{width}px;height:2000px" srcdoc="{page}"></iframe>
<script>addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const scrolled = new Set(page.querySelectorAll(".scroll *"));
  const out = [...page.body.querySelectorAll("*")].filter(
    e => e.tagName !== "g" && !scrolled.has(e) && e.getBoundingClientRect().right > {width} + 0.5);
  const shown = s => [...page.querySelectorAll("figure " + s)].filter(e => e.offsetParent).length;
  document.title = JSON.stringify({{
    scroll: page.documentElement.scrollWidth, out: out.map(e => e.tagName),
    wide: shown(".wide"), narrow: shown(".narrow"),
    figures: page.querySelectorAll("figure").length}});
}});</script>"""


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.parametrize("width", [340, 390, 1200])
@pytest.mark.parametrize("name", ["simulated", "public", "short"])
def test_nothing_sticks_out(
    htmls: dict[str, str], tool: Callable[[str], str], tmp_path: Path, name: str, width: int
) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=html.escape(htmls[name])), encoding="utf-8")
    dom = _chromium(tool, tmp_path, "--window-size=1400,2100", "--dump-dom", frame.as_uri())
    found = json.loads(html.unescape(dom.split("<title>")[1].split("</title>")[0]))
    assert found["out"] == []
    assert found["scroll"] <= width
    seen = (found["wide"], found["narrow"])
    assert seen == ((found["figures"], 0) if width > 700 else (0, found["figures"]))


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1200])
def test_it_can_be_looked_at_and_printed(
    htmls: dict[str, str], tool: Callable[[str], str], tmp_path: Path, width: int
) -> None:
    page, picture, paper = (tmp_path / f"page.{end}" for end in ("html", "png", "pdf"))
    page.write_text(htmls["simulated"], encoding="utf-8")
    size = f"--window-size={width},2000"
    _chromium(tool, tmp_path, size, f"--screenshot={picture}", page.as_uri())
    _chromium(tool, tmp_path, f"--print-to-pdf={paper}", page.as_uri())
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert picture.stat().st_size > 50_000
    assert paper.read_bytes()[:5] == b"%PDF-"


def _chromium(tool: Callable[[str], str], folder: Path, *arguments: str) -> str:
    command = [tool("chromium"), *FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return done.stdout.decode()
