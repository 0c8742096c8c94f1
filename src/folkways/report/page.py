"""The page of a report: first what it says, then how it looks."""

from folkways.report import numbers
from folkways.report.dates import span_text
from folkways.report.html import to_html
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Page
from folkways.report.names import round_title
from folkways.report.sections.abroad import abroad
from folkways.report.sections.findings import findings
from folkways.report.sections.hidden import hidden
from folkways.report.sections.limits import method, untold
from folkways.report.sections.observed import observed
from folkways.report.sections.provenance import provenance
from folkways.report.sections.services import services
from folkways.report.sections.titles import coins, games
from folkways.report.sections.volume import volume
from folkways.report.sections.when import when
from folkways.report.sections.who import who

BANNER = "Simulated data: made up to show how Folkways works. This page shows no real network."


def render(material: Material) -> str:
    """The report as one HTML page that needs nothing else: no network, no script."""
    return to_html(build(material))


def build(material: Material) -> Page:
    """All that the page says."""
    return Page(
        title=_title(material),
        banner=BANNER * material.simulated,
        standfirst=_standfirst(material),
        findings=findings(material),
        sections=(
            who(material),
            observed(material),
            volume(material),
            services(material),
            when(material),
            hidden(material),
            games(material),
            coins(material),
            abroad(material),
            untold(),
            method(material),
            provenance(material),
        ),
        generated=material.generated,
    )


def _title(material: Material) -> str:
    """The title; where data are made up it says so."""
    said = "simulated" in material.title.lower()
    return material.title + " (simulated data)" * (material.simulated and not said)


def _standfirst(material: Material) -> tuple[str, ...]:
    return (
        f"{material.population}, days of {material.timezone}",
        *(_round(one) for one in material.rounds),
    )


def _round(one: RoundMaterial) -> str:
    days = f"{numbers.plural(one.days, 'day')}, {one.complete_days:,} observed completely"
    span = span_text(one.first, one.last)
    return f"{span}: {days}" if ".." in one.name else f"{round_title(one)}, {span}: {days}"
