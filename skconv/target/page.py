"""A cost report as a page of HTML that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from skconv.target.chips import CHIPS, Chip
from skconv.target.memory import MemoryPlan
from skconv.utils.template import fill

if TYPE_CHECKING:
    from skconv.target.cost import CostReport, NodeCost

TEMPLATE = Path(__file__).with_name("page.html.in")

# The picture of the plan, in the units of its own text: about the pixels of a telephone.
WIDTH, HEIGHT, LEFT, BOTTOM = 360, 240, 44, 18
# A block has its number written into it where there is room.
ROOM = 12


def html_page(report: CostReport) -> str:
    """The page of a report.

    Examples
    --------
    >>> from skconv.graph import Graph, Relu, TensorSpec
    >>> from skconv.target.cost import report
    >>> from skconv.target.page import html_page
    >>> page = html_page(report(Graph(TensorSpec((3,))).append(Relu())))
    >>> "<td>relu<br>" in page
    True
    """
    plan = report.plan
    return fill(
        TEMPLATE,
        {},
        title=escape(report.name or "Cost report"),
        target=f" for {escape(report.target)}" if report.target else "",
        cards="\n".join(_cards(report)),
        facts=f"<p>{escape(report.verdict)}</p>" if report.chip is not None else "",
        nodes="\n".join(_nodes(report)),
        plan=_plan(plan) if plan is not None and plan.buffers else "",
        fit_title="Does it fit?" if report.chip is not None else "Which chips have room",
        chips="\n".join(_chip(report, chip) for chip in _shown(report)),
        alternatives="\n".join(f"<li>{escape(str(each))}</li>" for each in report.alternatives),
        usage=escape(report.usage),
    )


def _cards(report: CostReport) -> Iterator[str]:
    """The totals."""
    tables = f"{report.flash_bytes:,}"
    if report.code_bytes is None:
        yield _card("Flash", f"{tables} bytes", "without code")
    else:
        flash = round(report.flash_bytes + report.code_bytes, -2)
        yield _card("Flash", f"about {flash:,} bytes", f"{tables} of tables")
    caller = report.input_bytes + report.output_bytes
    more = f"and {caller:,} for input and output"
    yield _card("RAM", f"{report.ram_bytes:,} bytes", more)
    if report.instructions is not None:
        count = f"about {float(f'{report.instructions:.2g}'):,.0f}"
        yield _card("Instructions", count, f"{report.counted} on a {report.core}")
    yield _card("Products", f"{report.macs:,}", "multiply-accumulates")


def _card(name: str, number: str, more: str) -> str:
    return (
        f'<div class="card"><span class="faint">{name}</span><b>{number}</b>'
        f'<span class="faint">{escape(more)}</span></div>'
    )


def _nodes(report: CostReport) -> Iterator[str]:
    """A row for each node; bars compare it with the largest."""
    most = {
        name: max((getattr(node, name) or 0 for node in report.nodes), default=0)
        for name in ("instructions", "flash_bytes", "ram_bytes")
    }
    colors = {"instructions": "work", "flash_bytes": "flash", "ram_bytes": "ram"}
    for node in report.nodes:
        cells = "".join(_cell(node, name, color, most) for name, color in colors.items())
        yield (
            f"<tr><td>{escape(node.name)}<br>"
            f'<span class="faint">{escape(node.op)}: {escape(node.tensor)}</span></td>{cells}</tr>'
        )


def _cell(node: NodeCost, name: str, color: str, most: dict[str, int]) -> str:
    number = getattr(node, name)
    if number is None:
        return '<td class="number">-</td>'
    width = 100 * number / max(most[name], 1)
    return (
        f'<td class="number">{number:,}'
        f'<span class="bar {color}" style="width:{width:.1f}%"></span></td>'
    )


# ------------------------------------------------------------------------------- chips


def _shown(report: CostReport) -> list[Chip]:
    """The chip of the report, or all that are known, the smallest first."""
    if report.chip is not None:
        return [report.chip]
    return sorted(CHIPS.values(), key=lambda chip: (chip.ram_bytes, chip.flash_bytes))


def _chip(report: CostReport, chip: Chip) -> str:
    flash = report.flash_bytes + (report.code_bytes or 0)
    ram = report.ram_bytes + report.input_bytes + report.output_bytes
    fits = flash <= chip.flash_bytes and ram <= chip.ram_bytes
    word = '<td class="yes">yes</td>' if fits else '<td class="no">no</td>'
    return (
        f"<tr><td>{escape(chip.name)}</td>{_share(flash, chip.flash_bytes, 'flash')}"
        f"{_share(ram, chip.ram_bytes, 'ram')}{word}</tr>"
    )


def _share(taken: int, there: int, color: str) -> str:
    share = 100 * taken / max(there, 1)
    return (
        f'<td class="number">{share:,.1f} %'
        f'<span class="bar {color}" style="width:{min(share, 100):.1f}%"></span></td>'
    )


# -------------------------------------------------------------------------- memory plan


def _plan(plan: MemoryPlan) -> str:
    """A picture of the plan, and a line for each block."""
    blocks = "".join(_block(plan, i) for i in range(len(plan.buffers)))
    rows = "".join(
        f'<tr><td>{i + 1}</td><td>{escape(b.name)}</td><td class="number">{b.nbytes:,}</td>'
        f'<td class="number">{b.offset:,}</td></tr>'
        for i, b in enumerate(plan.buffers)
    )
    return (
        f'<svg id="plan" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{plan.arena_bytes:,} bytes of working memory over time">'
        f'<line x1="{LEFT}" y1="0" x2="{LEFT}" y2="{HEIGHT - BOTTOM}"/>'
        f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text x="{LEFT - 4}" y="10" text-anchor="end">{plan.arena_bytes:,}</text>'
        f'<text x="{LEFT - 4}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 4}">{escape(_short(plan.node_names[0]))}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 4}" text-anchor="end">'
        f"{escape(_short(plan.node_names[-1]))}</text>{blocks}</svg>"
        '<table id="blocks"><thead><tr><th>block</th><th>tensor</th><th class="number">bytes</th>'
        f'<th class="number">address</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _block(plan: MemoryPlan, index: int) -> str:
    """A buffer as a rectangle, with its number where there is room and its name on hovering."""
    buffer, across, up = plan.buffers[index], len(plan.node_names), max(plan.arena_bytes, 1)
    step, unit = (WIDTH - LEFT) / across, (HEIGHT - BOTTOM) / up
    x, width = LEFT + buffer.first_used * step, (buffer.last_used - buffer.first_used + 1) * step
    y, height = (up - buffer.end) * unit, (buffer.end - buffer.offset) * unit
    number = ""
    if min(width, height) >= ROOM:
        middle = f'x="{x + width / 2:.1f}" y="{y + height / 2 + 4:.1f}"'
        number = f'<text {middle} text-anchor="middle">{index + 1}</text>'
    return (
        f'<g><title>{escape(buffer.name)}: {buffer.nbytes:,} bytes</title><rect x="{x:.1f}" '
        f'y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>{number}</g>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"
