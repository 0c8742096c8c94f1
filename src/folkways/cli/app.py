"""The tree of commands. Each command's docstring is its help and ends with an example.

A first sentence of at most 60 characters stands whole in the list of commands.
"""

import typer

from folkways.cli import data, lists, results, start

app = typer.Typer(
    name="folkways",
    help=(
        "How a population uses the internet, and how that changed, from traffic metadata.\n\n"
        "Example: folkways demo"
    ),
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(start.demo)
app.command()(start.inspect)
app.command()(start.init)
app.command()(data.ingest)
app.command()(data.settle)
app.command()(data.sources)
app.command()(results.summary)
app.command("round")(results.freeze_round)
app.command()(results.compare)
app.command()(results.report)
app.command()(results.explain)
app.command()(start.simulate)
app.add_typer(data.key_app)
app.add_typer(lists.reference_app)
app.add_typer(lists.catalogue_app)
