"""What is hidden, each way with its own figure, and the two composites, by day."""

import narwhals as nw
import numpy as np
import pyarrow as pa

from folkways.measure.groups import key, with_groups
from folkways.measure.summary import known_values
from folkways.measure.values import Frame, collect, day_texts, distinct_members, estimated, use
from folkways.model.period import Period
from folkways.model.ways import SUSPECTED

ALL, HEADLINE, PUBLISHED = "all", "any", "as-published"
_PUBLISHED_WAYS = frozenset({"tor", "possible-tor", "vpn", "possible-vpn", "possible-vps"})
_PUBLISHED_ENCRYPTED = ("tls", "quic")
_MEASURES = ("connections", "bytes", "members")


def hidden_share(frame: Frame, period: Period, *, by_day: bool = True) -> pa.Table:
    """Hidden use by way, and by local day unless ``by_day`` is false.

    Returns:
        ``day`` (text), ``way``, ``connections``, ``bytes`` (both directions, what is known of
        them), ``members``, ``total`` (connections of use that day), ``share`` (connections by
        total; null on a day without connections). Ways: ``all`` (the whole), each way that
        occurs, ``any`` (the headline: hidden in any way that is no mere suspicion, see
        ``model/ways.py``), ``as-published`` (tor, vpn, possible-tor, possible-vpn,
        possible-vps, or TLS or QUIC to no known service: the composite of the study that older
        figures are compared with). Rows of ways add to more than ``any``, since one connection can
        be hidden in several.
    """
    ways = known_values(frame, period, "hidden")
    rows = use(frame, period)
    if by_day:
        rows = with_groups(rows, ["day"], period)
    else:
        rows = rows.with_columns(nw.lit(0).alias(key("day")))
    tests = {ALL: None, **{way: _one_of([way]) for way in ways}}
    tests[HEADLINE] = _one_of([way for way in ways if way not in SUSPECTED])
    tests[PUBLISHED] = _one_of([way for way in ways if way in _PUBLISHED_WAYS]) | (
        nw.coalesce(nw.col("encrypted").is_in(_PUBLISHED_ENCRYPTED), nw.lit(value=False))
        & nw.col("service").is_null()
    )
    flags = {f"way_{i}": test for i, test in enumerate(tests.values()) if test is not None}
    rows = rows.with_columns(**flags)
    expressions = [e for i in range(len(tests)) for e in _measures(i)]
    found = collect(rows.group_by(key("day")).agg(*expressions).sort(key("day")))
    table = _long(found, list(tests))
    return table if by_day else table.drop_columns(["day"])


def _one_of(ways: list[str]) -> nw.Expr:
    """Whether a row is hidden in one of the ways (false where it is not hidden)."""
    found = nw.lit(value=False)
    padded = nw.concat_str(nw.lit(","), nw.col("hidden"), nw.lit(","))
    for way in ways:
        found = found | nw.coalesce(
            padded.str.contains(f",{way},", literal=True), nw.lit(value=False)
        )
    return found


def _measures(i: int) -> list[nw.Expr]:
    opens = nw.col("opens")
    size = nw.coalesce(estimated("bytes_out"), nw.lit(0)) + nw.coalesce(
        estimated("bytes_in"), nw.lit(0)
    )
    if i == 0:
        values = [opens.sum(), size.sum(), distinct_members()]
    else:
        flag = nw.col(f"way_{i}")
        member = nw.when(flag).then(nw.col("member"))
        distinct = member.n_unique() - member.is_null().any().cast(nw.Int64)
        values = [nw.when(flag).then(opens).sum(), nw.when(flag).then(size).sum(), distinct]
    return [v.cast(nw.Int64).alias(f"{m}_{i}") for m, v in zip(_MEASURES, values, strict=True)]


def _long(found: pa.Table, ways: list[str]) -> pa.Table:
    """From a column for each way and measure to a row for each day and way."""
    days, count = found.num_rows, len(ways)
    texts = day_texts(found[key("day")]).to_pylist()
    order = np.arange(days * count).reshape(count, days).T.ravel()
    columns: dict[str, pa.Array] = {
        "day": pa.array([text for text in texts for _ in ways], pa.string()),
        "way": pa.array(ways * days, pa.string()),
    }
    for measure in _MEASURES:
        stacked = np.concatenate([found[f"{measure}_{i}"].to_numpy() for i in range(count)])
        columns[measure] = pa.array(stacked[order], pa.int64())
    total = np.repeat(found["connections_0"].to_numpy(), count)
    share = np.divide(
        columns["connections"].to_numpy(), total, out=np.full(len(total), np.nan), where=total > 0
    )
    columns["total"] = pa.array(total, pa.int64())
    columns["share"] = pa.array(share, pa.float64(), mask=total == 0)
    return pa.table(columns)
