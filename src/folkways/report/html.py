"""From the model of a page to HTML: templates beside this file, every value escaped."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from folkways.report.charts.draw import draw
from folkways.report.model import Chart, Column, Page

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing may be loaded and nothing may run, whatever a name in the data tries."""


def to_html(page: Page) -> str:
    """The page as one file."""
    return _environment().get_template("page.html.j2").render(page=page, policy=POLICY, css=_css())


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=PackageLoader("folkways.report", "templates"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["pictures"] = pictures
    environment.filters["headings"] = headings
    environment.tests["block"] = lambda block, kind: type(block).__name__ == kind
    return environment


def pictures(chart: Chart) -> list[tuple[str, Markup]]:
    """(class, SVG) of a chart's two widths; style sheets choose between them."""
    return [
        (width, Markup(draw(spec, f"{chart.id}-{width}", chart.title, chart.description)))  # noqa: S704  # serialised XML, escaped there
        for width, spec in (("wide", chart.wide), ("narrow", chart.narrow))
    ]


def headings(columns: tuple[Column, ...]) -> list[tuple[str, int]]:
    """Group headings with how many columns each spans; empty if no column has one."""
    if not any(column.group for column in columns):
        return []
    found: list[tuple[str, int]] = []
    for column in columns:
        if found and column.group and found[-1][0] == column.group:
            found[-1] = (column.group, found[-1][1] + 1)
        else:
            found.append((column.group, 1))
    return found


def _css() -> Markup:
    text = (files("folkways.report") / "templates" / "page.css").read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704  # our own file
