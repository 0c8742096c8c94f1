"""How much was used, by whatever it is asked: the table behind most of a report."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from folkways.measure.groups import GROUPS, apply_filters, check_groups, key, with_groups
from folkways.measure.values import VALUES, Frame, collect, day_texts, gather, inside, use
from folkways.model.period import Period

_NO_FILTERS: Mapping[str, str] = MappingProxyType({})


def summary(
    frame: Frame,
    period: Period,
    by: Sequence[str] = (),
    filters: Mapping[str, str] = _NO_FILTERS,
) -> pa.Table:
    """Connections, answered ones, bytes and members of use, by groups.

    Args:
        frame: rows with the schema CONNECTIONS.
        period: local days; rows are in it by their ``start_ms``.
        by: names of ``GROUPS``; none gives one row for the whole.
        filters: group to value; "" or "unknown" stands for null.

    Returns:
        The groups in the order given, then ``connections`` (attempts and answered ones),
        ``answered``, ``bytes_out``, ``bytes_in`` (IP bytes, times N where sampled 1 in N),
        ``members`` (exact distinct), all int64; sorted by the groups, nulls last. ``day`` is text.
        Rows of what is not known (null) are there, so that columns add up to the whole, except
        by ``hidden``: a row counts under each of its ways. A value that no row of a group knows
        is null.

    Raises:
        UserError: a group or filter that does not exist.
    """
    names = check_groups(by)
    rows = apply_filters(use(frame, period), filters, period)
    table = gather(with_groups(rows, names, period), [key(name) for name in names])
    return _named(table, names)


def noise(frame: Frame, period: Period) -> pa.Table:
    """What is set aside and what is use, by day: ``day``, ``noise``, then the values of summary."""
    rows = with_groups(inside(frame, period), ["day"], period)
    table = gather(rows, [key("day"), "noise"])
    return _named(table, ["day"]).rename_columns(["day", "noise", *VALUES])


def evidence_mix(frame: Frame, period: Period) -> pa.Table:
    """On what the attribution of use rests: ``evidence``, ``connections``, ``share`` of all.

    The null row is what no rule spoke for; ``share`` is null where nothing was connected.
    """
    table = summary(frame, period, ["evidence"]).select(["evidence", "connections"])
    return with_share(table, pc.sum(table["connections"]).as_py() or 0)


def aged_share(frame: Frame, period: Period, days: int) -> tuple[int, int]:
    """Connections of use attributed by address: (by what is so many days off or more, all)."""
    rows = use(frame, period).filter(nw.col("evidence") == "address")
    far = nw.when(nw.col("list_age") >= days).then(nw.col("opens"))
    found = collect(
        rows.select(
            far.sum().cast(nw.Int64).alias("far"),
            nw.col("opens").sum().cast(nw.Int64).alias("whole"),
        )
    ).to_pylist()[0]
    return found["far"] or 0, found["whole"] or 0


def with_share(table: pa.Table, total: int) -> pa.Table:
    """A column ``share`` (float64): connections by a total; null where the total is zero."""
    counts = table["connections"].cast(pa.float64())
    nothing = pa.nulls(table.num_rows, pa.float64())
    return table.append_column("share", pc.divide(counts, float(total)) if total else nothing)


def _named(table: pa.Table, names: Sequence[str]) -> pa.Table:
    for position, name in enumerate(names):
        column = table[key(name)]
        text = day_texts(column) if GROUPS[name].kind == "day" else column
        table = table.set_column(position, name, text)
    return table


def known_values(frame: Frame, period: Period, name: str) -> list[str]:
    """The distinct values of a group of text in use, sorted, null left out."""
    (name,) = check_groups([name])
    rows = with_groups(use(frame, period), [name], period)
    found = rows.select(nw.col(key(name))).unique().sort(key(name)).collect("pyarrow")
    return [value for value in found.to_native()[key(name)].to_pylist() if value is not None]
