"""Prefix-to-AS text: three writings of the same routes."""

import datetime as dt

import pytest
from tests.attribute.imports.conftest import Filed, Shown

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.routes import read_routes


def test_caida_pfx2as(filed: Filed, shown: Shown) -> None:
    rows = read_routes(
        filed(
            "1.0.0.0\t24\t13335\n1.0.4.0\t22\t38803_56203\n1.0.5.0\t24\t23456,4777\n"
            "2001:db8::\t32\t64500\n1.0.6.0\t33\t64500\n1.0.7.0\t24\tx\n1.0.8.0\t24\n"
        )
    )
    assert shown(rows) == [
        ("1.0.0.0", "1.0.0.255", "13335", None),
        ("1.0.4.0", "1.0.7.255", None, None),
        ("1.0.5.0", "1.0.5.255", None, None),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "64500", None),
    ]
    assert rows.flagged == {"several origins": 2}
    assert rows.skipped == {"no origin": 2, "not a prefix": 1}
    assert rows.rows == 7
    assert rows.dates is None


def test_riswhoisdump_without_what_few_peers_see(filed: Filed, shown: Shown) -> None:
    path = filed(
        "%\n% RIPE NCC\n%\n\n13335\t1.0.0.0/24\t350\n64500\t1.0.1.0/24\t300\n"
        "64501\t1.0.1.0/24\t299\n64502\t1.0.2.0/24\t9\n64503\t0.0.0.0/0\t1\n"
        "{64504,64505}\t1.0.3.0/24\t80\n13335\t1.0.0.0/24\t20\n"
    )
    rows = read_routes(path)
    assert [(row[0], row[2]) for row in shown(rows)] == [
        ("1.0.0.0", "13335"),
        ("1.0.1.0", None),
        ("1.0.1.0", None),
        ("1.0.3.0", None),
        ("1.0.0.0", "13335"),
    ]
    assert rows.skipped == {"seen by fewer than 10 peers": 2}
    assert rows.flagged == {"several origins": 3}
    assert len(read_routes(path, min_peers=1).values) == 7


def test_pyasn_states_the_day_of_its_table(filed: Filed, shown: Shown) -> None:
    rows = read_routes(
        filed(
            "; IP-ASN32-DAT file\n; Original file : rib.20140513.0600.bz2\n"
            "; Converted on  : Tue May 13 22:03:05 2014\n;\n1.0.0.0/24\t15169\n1.0.128.0/17\t9737\n"
        )
    )
    assert [row[:3] for row in shown(rows)] == [
        ("1.0.0.0", "1.0.0.255", "15169"),
        ("1.0.128.0", "1.0.255.255", "9737"),
    ]
    assert rows.dates == (dt.date(2014, 5, 13), dt.date(2014, 5, 13))


@pytest.mark.parametrize(
    "content", ["", "% nothing\n", "a\tb\n", "a\tb\tc\n", "1.0.0.0/24,1\n", "\0" * 99, "\t\t\t\n"]
)
def test_what_holds_no_route_is_refused(filed: Filed, content: str) -> None:
    with pytest.raises(CatalogueError, match="holds no routes"):
        read_routes(filed(content))
