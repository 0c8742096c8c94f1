"""Charts name their tables and get them last: altair copies what is inside a chart many times."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from folkways.report.model import Spec

DataRows = Sequence[Mapping[str, Any]]


def named(name: str) -> alt.NamedData:
    """A reference to a table of the specification."""
    return alt.NamedData(name=name)


def specification(chart: Any, tables: Mapping[str, DataRows]) -> Spec:
    """The chart as a Vega-Lite specification that holds its tables."""
    spec: Spec = chart.to_dict()
    return {**spec, "datasets": {name: list(rows) for name, rows in tables.items()}}
