"""The report as a page: what it holds, and how a browser shows it on a telephone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline

import skconv
from skconv.target.chips import CHIPS
from skconv.target.cost import CostReport

TELEPHONE = 390  # pixels
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
    "--enable-logging=stderr",
)  # fmt: skip
# What the page itself measures: its colours, and what sticks out of it.
SCRIPT = """<script>
const wide = [...document.body.querySelectorAll("*")].filter(each =>
  !each.closest("pre, svg") && each.getBoundingClientRect().right > innerWidth + 1);
const look = getComputedStyle(document.body);
parent.document.body.textContent = JSON.stringify({
  width: innerWidth, scroll: document.documentElement.scrollWidth,
  wide: wide.map(each => each.outerHTML.slice(0, 80)), paper: look.backgroundColor, ink: look.color,
  blocks: document.querySelectorAll("#plan rect").length,
  smallest: Math.min(...[...document.querySelectorAll("td, th, p")]
    .map(each => parseFloat(getComputedStyle(each).fontSize))),
});
</script>"""


@pytest.fixture(scope="module")
def report() -> CostReport:
    X, y = skconv.datasets.load_digits()
    # A name of a step is text, whatever it looks like.
    steps = [("a<b>&'", skconv.PCANetFeatures(n_kernels=(4, 4))), ("head", RidgeClassifier())]
    pipe = Pipeline(steps).fit(X[:200], y[:200])
    return skconv.to_c(pipe, X[:50], name="digits").report()


@pytest.fixture(scope="module")
def page(report: CostReport, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report.save(tmp_path_factory.mktemp("page") / "report.html").read_text(encoding="utf-8")


def test_the_page_holds_the_costs(page: str, report: CostReport) -> None:
    for node in report.nodes:
        assert f"<td>{escape(node.name)}<br>" in page
        assert f">{node.instructions:,}<span" in page
        assert f">{node.flash_bytes:,}<span" in page
    assert report.plan is not None
    assert page.count("<rect") == len(report.plan.buffers) > 1
    assert all(f"<td>{name}</td>" in page for name in CHIPS)
    assert "int32_t class_index = digits_predict(input);" in page
    assert not re.search(r"\b(src|href)=|url\(|@import|<script", page)


def test_a_chip_is_judged_as_the_report_judges_it() -> None:
    from dataclasses import replace

    from skconv.graph import Graph, Relu, TensorSpec
    from skconv.target.cost import report as costs
    from skconv.target.page import html_page

    cost = costs(Graph(TensorSpec((3,))).append(Relu()), chip="atmega328p")
    assert 'class="yes">yes<' in html_page(cost)
    large = html_page(replace(cost, flash_bytes=10**6, name="<script>"))
    assert 'class="no">no<' in large
    assert "does not fit atmega328p" in large
    assert "<script" not in large


def test_only_a_page_is_written(report: CostReport, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"report\.pdf', expected a name that ends in \.html"):
        report.save(tmp_path / "report.pdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(("scheme", "setting"), [("light", 1), ("dark", 0)])
def test_a_browser_shows_it_on_a_telephone(
    scheme: str, setting: int, page: str, tmp_path: Path
) -> None:
    inside = escape(page.replace("</body>", f"{SCRIPT}</body>"))
    style = f"width:{TELEPHONE}px;height:800px;border:0;color-scheme:light dark"
    (tmp_path / "frame.html").write_text(
        f'<meta name="color-scheme" content="light dark"><body><iframe style="{style}" '
        f'srcdoc="{inside}"></iframe>',
        encoding="utf-8",
    )
    found = measured(tmp_path, setting)
    assert found["width"] == found["scroll"] == TELEPHONE
    assert found["wide"] == []
    assert found["blocks"] > 1
    assert found["smallest"] >= 12
    paper, ink = (brightness(found[name]) for name in ("paper", "ink"))
    assert (paper > 200 and ink < 60) if scheme == "light" else (paper < 60 and ink > 200)


def measured(folder: Path, setting: int) -> dict[str, Any]:
    """What the page in a folder says of itself; no line of the console."""
    chromium = shutil.which("chromium") or ""
    more = (
        f"--user-data-dir={folder / 'user'}",
        f"--blink-settings=preferredColorScheme={setting}",
    )
    command = [chromium, *FLAGS, *more, "--dump-dom", (folder / "frame.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "CONSOLE" not in done.stderr
    found = re.search(r"<body>(\{.*\})</body>", done.stdout, re.DOTALL)
    assert found is not None, done.stdout + done.stderr
    text = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return dict(json.loads(text))


def brightness(color: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", color)[:3])) / 3
