"""Commands to begin with: demo, inspect, init, simulate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from folkways.cli.options import (
    DEFAULT_OPTIONS,
    ActiveOption,
    ExporterOption,
    FormatOption,
    IdleOption,
    JsonOption,
    MappingOption,
    SamplingOption,
    SourceArguments,
    StudyArgument,
    print_json,
    print_rows,
    tell,
)
from folkways.cli.progress import Bars
from folkways.model.errors import UserError
from folkways.read.reader import ReadOptions
from folkways.study import Study
from folkways.study.demo import run_demo, simulate_into
from folkways.study.inspect import inspect_sources

MOST_SHOWN = 8


def demo(
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="an empty or new folder")] = Path(
        "demo-study"
    ),
    scenario: Annotated[
        str, typer.Option(metavar="NAME", help="folkways simulate lists them")
    ] = "reference-study",
) -> None:
    """The whole path on a simulated study, up to its report.

    Simulates traffic, ingests it, compares its two rounds and prints the path of the report. All
    of it is made up, and every page says so.

    Example: folkways demo --into /tmp/demo
    """
    with Bars() as bars:
        report = run_demo(into, scenario, bars)
    tell(f"The report on the simulated study: {report}")


def inspect(
    sources: SourceArguments,
    wanted: FormatOption = None,
    mapping: MappingOption = None,
    active_timeout: ActiveOption = DEFAULT_OPTIONS.active_timeout_s,
    idle_timeout: IdleOption = DEFAULT_OPTIONS.idle_timeout_s,
    sampling: SamplingOption = None,
    exporter: ExporterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what files are: format, span, exporters, names, problems.

    The problems come worst first: what is missing, what cannot be read, what is in doubt.

    Needs no study, and writes nothing.

    Example: folkways inspect conn.log.gz trace.pcap
    """
    options = ReadOptions(active_timeout, idle_timeout, mapping, sampling, exporter)
    with Bars() as bars:
        found = inspect_sources(sources, options, wanted, bars)
    if as_json:
        print_json(found.to_json())
        return
    for one in found.sources:
        for line in _about(one.to_json()):
            tell(line)
    sentences = found.twice_sentence(), found.sampled_sentence(), found.repeated_sentence()
    for sentence in sentences:
        if sentence:
            tell(f"Double counting: {sentence}")


def _about(one: dict[str, Any]) -> list[str]:
    """What a person wants to know of a source, in lines."""
    lines = [one["path"]]
    if one["format"]:
        told = [v for v in (", ".join(one["versions"]), one["compression"]) if v]
        detail = f" ({'; '.join(told)})" if told else ""
        lines.append(
            f"  {one['format']}{detail}: {one['records']:,} records, {one['flows']:,} flows"
        )
    if one["first"]:
        lines.append(f"  from {one['first']} to {one['last']}")
    names = ", ".join(f"{count:,} from {source}" for source, count in one["names"].items())
    if names:
        share = one["named_share"]
        lines.append(f"  names: {names}" + (f"; {share:.0%} of flows have one" if share else ""))
    if one["rows"].get("answers"):
        lines.append(f"  DNS answers: {one['rows']['answers']:,}")
    lines += [f"  {_measured(by)}" for by in one["exporters"][:MOST_SHOWN]]
    if len(one["exporters"]) > MOST_SHOWN:
        lines.append(f"  and by {len(one['exporters']) - MOST_SHOWN:,} more")
    return lines + [f"  - {problem}" for problem in one["problems"]]


def _measured(by: dict[str, Any]) -> str:
    """Who measured, and how packets were sampled there."""
    rates = [f"1 in {rate:,}" if rate > 1 else "every packet" for rate in by["sampling"]]
    if by["sampling_unknown"]:
        rates.append("sampling not said" + (" for some" if rates else ""))
    who = f"measured by {by['exporter']}" if by["exporter"] else "who measured is not said"
    return f"{who}: {by['flows']:,} flows, {', '.join(rates)}"


def init(
    study: StudyArgument,
    population: Annotated[Path, typer.Option(metavar="FILE", help="the population file (TOML)")],
) -> None:
    """Make a study's folder for a population.

    The key of its pseudonyms is put into your configuration folder, not into the study.

    Example: folkways init my-study --population population.toml
    """
    made = Study.create(study, population)
    tell(f"Made {study} for {made.population.name}; next: folkways ingest {study} SOURCE...")


def simulate(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="its name; without it, lists them")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="an empty or new folder")
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="the same seed gives the same bytes")
    ] = 1,
    scale: Annotated[
        float, typer.Option(metavar="FACTOR", help="times as many connections", min=0.001, max=1e6)
    ] = 1.0,
) -> None:
    """Write a made-up population's traffic with known truth.

    The files are Zeek logs, as a sensor would write them.

    Example: folkways simulate two-days --into simulated
    """
    if scenario is None:
        print_rows(Study.scenarios())
        return
    if into is None:
        raise UserError("say with --into where to write the simulated data.")
    with Bars() as bars:
        simulate_into(scenario, into, seed=seed, scale=scale, progress=bars)
    tell(f"Simulated data in {into}; truth.json there says what is true of them.")
