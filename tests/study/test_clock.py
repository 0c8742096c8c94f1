"""Days on which the clock is set: 23 and 25 hours, one connection over the change."""

import datetime as dt
from pathlib import Path

import pytest

from folkways.model.period import Period
from folkways.study import Study

HEADER = (
    "start_time,src_ip_addr,src_cc,dst_ip_addr,dst_cc,proto,src_port,dst_port,tcp_flags,num_pkts,"
    "num_octets,sample_algo,sample_interval"
)
MEMBER, REMOTE = "10.0.0.1", "192.0.2.1"
POPULATION = """
timezone = "Europe/Berlin"
[study]
k = 1
public_data = true
[[range]]
prefix = "10.0.0.0/8"
"""


def row(at_ms: int, port: int, *, back: bool = False) -> str:
    at = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    ends = [(MEMBER, "DE", port), (REMOTE, "US", 443)]
    (source, source_cc, source_port), (other, other_cc, other_port) = ends[::-1] if back else ends
    return f"{at},{source},{source_cc},{other},{other_cc},6,{source_port},{other_port},24,1,100,1,1"


@pytest.mark.parametrize(
    ("day", "hours", "twice"), [("2018-03-25", 23, 0), ("2018-10-28", 25, 2), ("2018-06-10", 24, 1)]
)
def test_days_have_their_own_length(tmp_path: Path, day: str, hours: int, twice: int) -> None:
    middle = dt.date.fromisoformat(day)
    days = [middle + dt.timedelta(days=n) for n in (-1, 0, 1)]
    period = Period(days[0], days[-1], "Europe/Berlin")
    lines = [HEADER]
    # A connection every ten minutes, its two directions apart.
    for n, at in enumerate(range(period.start_ms, period.end_ms, 600_000)):
        lines += [row(at, 2000 + n), row(at + 1000, 2000 + n, back=True)]
    # One that goes on over midnight and the change, cut into pieces of a minute.
    begin = Period(middle, middle, "Europe/Berlin").start_ms - 3_600_000
    lines += [row(begin + 60_000 * n, 1500, back=n % 2 == 1) for n in range(300)]
    (tmp_path / "p.toml").write_text(POPULATION)
    # Cut into two files in the middle of that connection: nothing may depend on it.
    flows = sorted(lines[1:])
    for name, part in (("b.csv", flows[:700]), ("a.csv", flows[700:])):
        (tmp_path / name).write_text("\n".join([HEADER, *part]) + "\n")
    study = Study.create(tmp_path / "study", tmp_path / "p.toml")
    study.ingest(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    by_day = {r["day"]: r["connections"] for r in study.summary(str(period), ["day"])["rows"]}
    assert by_day == {
        days[0].isoformat(): 24 * 6 + 1,
        day: hours * 6,
        days[2].isoformat(): 24 * 6,
    }
    rows = study.summary(f"{day}..{day}", ["hour"])["rows"]
    by_hour = {r["hour"]: r["connections"] for r in rows}
    # The hour that is skipped is not there, the one that is shown twice holds two.
    expected = dict.fromkeys(range(24), 6) | {2: 6 * twice}
    assert {hour: n for hour, n in by_hour.items() if n} == {h: n for h, n in expected.items() if n}
