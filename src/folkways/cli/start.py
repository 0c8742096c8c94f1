"""Commands to begin with: demo, inspect, init, simulate."""

from pathlib import Path
from typing import Annotated

import typer

from folkways.cli.options import (
    DEFAULT_OPTIONS,
    ActiveOption,
    FormatOption,
    IdleOption,
    JsonOption,
    MappingOption,
    SourceArguments,
    StudyArgument,
    print_json,
    print_rows,
)
from folkways.cli.progress import Bars
from folkways.read.reader import ReadOptions
from folkways.study import Study
from folkways.study.demo import run_demo, simulate_into
from folkways.study.inspect import SCHEMA, inspect_sources


def demo(
    into: Annotated[Path, typer.Option(help="an empty or new folder")] = Path("demo-study"),
    scenario: Annotated[str, typer.Option(help="which simulation")] = "reference-study",
) -> None:
    """Simulate a study, ingest it, compare its two rounds, and print the path of the report.

    All of it is made up, and every page says so.

    Example: folkways demo --into /tmp/demo
    """
    with Bars() as bars:
        report = run_demo(into, scenario, bars)
    typer.echo(f"The report on the simulated study: {report}")


def inspect(
    sources: SourceArguments,
    wanted: FormatOption = None,
    mapping: MappingOption = None,
    active_timeout: ActiveOption = DEFAULT_OPTIONS.active_timeout_s,
    idle_timeout: IdleOption = DEFAULT_OPTIONS.idle_timeout_s,
    as_json: JsonOption = False,
) -> None:
    """Say what sources are: format, records, flows, time span, names, problems. Needs no study.

    Example: folkways inspect conn.log.gz trace.pcap
    """
    options = ReadOptions(active_timeout, idle_timeout, mapping)
    with Bars() as bars:
        found = inspect_sources(sources, options, wanted, bars)
    if as_json:
        print_json({"schema": SCHEMA, "sources": [f.to_json() for f in found]})
        return
    for one in found:
        about = one.to_json()
        typer.echo(f"{one.path}")
        typer.echo(
            f"  format {about['format'] or 'unknown'}, {about['records']:,} records, "
            f"{about['flows']:,} flows"
        )
        typer.echo(f"  from {about['first'] or 'unknown'} to {about['last'] or 'unknown'}")
        names = ", ".join(f"{count:,} by {source}" for source, count in about["names"].items())
        typer.echo(f"  names: {names or 'none'}; DNS answers: {one.rows['answers']:,}")
        for problem in one.problems:
            typer.echo(f"  - {problem}")


def init(
    study: StudyArgument,
    population: Annotated[Path, typer.Option(help="the population file (TOML)")],
) -> None:
    """Make a study folder for a population.

    The key of its pseudonyms is put into your configuration folder, not into the study.

    Example: folkways init my-study --population population.toml
    """
    made = Study.create(study, population)
    typer.echo(f"Made {study} for {made.population.name}; next: folkways ingest {study} SOURCE...")


def simulate(
    scenario: Annotated[str | None, typer.Argument(help="its name; without it, lists them")] = None,
    into: Annotated[Path | None, typer.Option(help="an empty or new folder")] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 1,
    scale: Annotated[float, typer.Option(help="times as many connections", min=0.001)] = 1.0,
) -> None:
    """Write a made-up population's traffic with known truth, as logs that a sensor would write.

    Example: folkways simulate two-days --into /tmp/simulated
    """
    if scenario is None or into is None:
        print_rows(Study.scenarios())
        return
    with Bars() as bars:
        simulate_into(scenario, into, seed=seed, scale=scale, progress=bars)
    typer.echo(f"Simulated data in {into}; truth.json there says what is true of them.")
