"""Material of three made-up studies to render: much to say, public data by operator, hardly any."""

import datetime as dt
from dataclasses import replace
from typing import Any

from tests.report.parts import (
    COUNTRIES,
    SERVICES,
    WAYS,
    Level,
    changes,
    full_round,
    plain_round,
    service_changes,
    sums,
    untold,
)

from folkways.report.material import Material

NAMES = {"US": "United States", "CN": "China", "SG": "Singapore", "IN": "India", "MY": "Malaysia"}
NAMES |= {
    "NP": "Nepal",
    "TH": "Thailand",
    "BD": "Bangladesh",
    "CY": "Cyprus",
    "KR": "Korea (South)",
}
METHOD = [
    "Only complete days are compared.",
    "Abandoned: the whole interval of the ratio lies below 0.05; adopted: above 20.",
]


def simulated() -> Material:
    """The reference study's first two rounds in miniature, with all that a page can hold."""
    nothing = (0.0, "nothing was observed")
    first = full_round(
        "1", dt.date(2017, 4, 1), 97, 0, {40: (7.0, "hours 03:00 to 20:00 are empty")}
    )
    gaps = {0: (18.0, "starts at 06:00"), 77: nothing, 78: nothing}
    last = full_round("2", dt.date(2017, 12, 1), 105, 1, gaps)
    carrier = _range("198.18.0.0/22", "first carrier", "2009-12-31T15:00:00.000Z", None)
    later = ("2017-09-30T15:30:00.000Z", "2018-03-31T15:30:00.000Z")
    lists = {"source": "made up", "licence": "CC0", "dates": "2017-01-01..2018-12-31"}
    return Material(
        title='How “Example” & its "members" use the internet',
        population='Example <b>population</b> "quoted"',
        timezone="Asia/Pyongyang",
        simulated=True,
        public_data=False,
        k=5,
        generated="2026-11-25T04:00:00+00:00",
        ranges=[carrier, _range("198.18.64.0/24", "second carrier", *later)],
        excludes=[_range("198.18.1.128/28", "resold to a VPN provider", None, None)],
        rounds=[first, last],
        comparisons={
            "service": service_changes(),
            "function": changes("function", sums("function")),
            "operator": changes("operator", sums("operator")),
            "jurisdiction": changes("jurisdiction", sums("jurisdiction")),
            "country": changes("country", COUNTRIES),
            "hidden": changes("hidden", [(w, 3700 * b, 3300 * a) for w, b, a in WAYS]),
        },
        guard=["1 of 97 days before were not observed completely and are left out."],
        labels={
            "service": {s.id: s.name for s in SERVICES},
            "operator": {s.operator: s.operator_name for s in SERVICES} | {"akamai": "Akamai"},
            "function": {s.function: s.function_name for s in SERVICES},
            "country": NAMES,
            "jurisdiction": NAMES,
        },
        functions={s.id: s.function for s in SERVICES},
        sources=[_source(i) for i in range(4)],
        lists=[lists | {"kind": k, "ranges": 412, "digest": k * 16} for k in ("asn", "country")],
        provenance={"folkways": "0.1.0", "population": "c" * 64, "catalogue": "d" * 64, "k": 5},
        method=METHOD,
    )


def public() -> Material:
    """Public flows by AS number: no names, no bytes, no hours, AS numbers only."""
    whole = simulated()
    networks: list[Level] = [
        *((11537, 5200, 4100), (3356, 3100, 3900), (7018, 2050, 2110)),
        *((4134, 900, 2700), (32, 610, 8), (64512, 12, 13)),
    ]
    rounds = [
        plain_round(dt.date(2006, 7, 1), 46, [(o[0], o[1]) for o in networks], "asn"),
        plain_round(dt.date(2006, 8, 16), 46, [(o[0], o[2]) for o in networks], "asn"),
    ]
    rows = changes("asn", networks)
    unknown = untold("no volume is known in either period")
    return replace(
        whole,
        title="How a campus uses the internet",
        population="Local addresses of the trace",
        timezone="America/Los_Angeles",
        simulated=False,
        public_data=True,
        k=1,
        ranges=[],
        excludes=[],
        rounds=rounds,
        comparisons={"asn": [r | unknown if r["measure"] == "bytes" else r for r in rows]},
        guard=[],
        labels={
            "asn": {"11537": "Internet2", "3356": "Level 3", "7018": "AT&T", "4134": "Chinanet"}
            | {"32": "Stanford"}
        },
        functions={},
        sources=[_source(0) | {"name": "ipasn.csv", "format": "tabular"}],
    )


def short() -> Material:
    """Two traces of some minutes: whoever looks at them can tell hardly anything about change."""
    reason = "too few complete days: 0 before and 0 after; 14 are needed in each"
    found = [("facebook", 41), ("google", 30), ("hostile", 12)]
    rounds = [
        replace(plain_round(day, 1, found, "service"), name=name)
        for name, day in (("trace-a", dt.date(2015, 3, 1)), ("trace-b", dt.date(2015, 6, 9)))
    ]
    rows = [
        {"service": service, "operator": None, "measure": measure} | untold(reason)
        for service, _ in found
        for measure in ("connections", "bytes", "members")
    ]
    guard = ["1 of 1 days before were not observed completely and are left out."]
    return replace(
        simulated(),
        title="Two short traces",
        simulated=False,
        rounds=rounds,
        comparisons={"service": rows},
        guard=guard,
        lists=[],
        excludes=[],
    )


def _range(prefix: str, text: str, begin: str | None, end: str | None) -> dict[str, Any]:
    return {"prefix": prefix, "text": text, "from": begin, "to": end}


def _source(i: int) -> dict[str, Any]:
    row = {"id": f"s{i}", "name": f"zeek/{i}/conn.log.gz", "format": "zeek", "digest": f"{i:064x}"}
    skipped = {"no side inside": 1990} if i else {}
    return row | {"records": 120_000, "rows": 118_010, "skipped": skipped, "flagged": {}}
