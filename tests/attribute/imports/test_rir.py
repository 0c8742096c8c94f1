"""Delegated statistics of the registries, written by hand after the specification."""

import datetime as dt

import pytest
from tests.attribute.imports.conftest import Filed, Shown

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.rir import read_rir

EXTENDED = """\
# a comment
2.3|apnic|20260102|13|19830101|20260101|+1000
apnic|*|asn|*|1|summary
apnic|*|ipv4|*|8|summary
apnic|*|ipv6|*|4|summary
apnic|JP|asn|173|1|20020801|allocated|A1
apnic|AU|ipv4|1.0.0.0|256|20110811|assigned|A2
apnic|cn|ipv4|1.0.1.0|768|20110414|allocated|A3
apnic|AP|ipv4|1.0.4.0|256|20110414|allocated|A3
apnic||ipv4|1.0.8.0|256||available|
apnic||ipv4|1.0.9.0|256||reserved|
apnic|JP|ipv4|255.255.255.0|512|20110414|allocated|A3
apnic|JP|ipv4|1.0.10.0|0|20110414|allocated|A3
apnic|JP|ipv4|2001:db8::|256|20110414|allocated|A3
apnic|JP|ipv6|2001:200::|35|19990813|allocated|A4
apnic|KR|ipv6|2001:220:0:1::|35|19990813|allocated|A4
apnic|JP|ipv6|2001:200::|129|19990813|allocated|A4
apnic|JP|ipv6|1.2.3.4|32|19990813|allocated|A4
apnic|JP|ipv4
"""


def test_ranges_need_not_be_powers_of_two(filed: Filed, shown: Shown) -> None:
    rows = read_rir(filed(EXTENDED))
    assert shown(rows) == [
        ("1.0.0.0", "1.0.0.255", "AU", None),
        ("1.0.1.0", "1.0.3.255", "CN", None),
        ("1.0.4.0", "1.0.4.255", None, None),
        ("2001:200::", "2001:200:1fff:ffff:ffff:ffff:ffff:ffff", "JP", None),
        ("2001:220::", "2001:220:1fff:ffff:ffff:ffff:ffff:ffff", "KR", None),
    ]
    assert rows.skipped == {
        "neither allocated nor assigned": 2,
        "not an address range": 5,
        "too few fields": 1,
    }
    assert rows.flagged == {"no single country": 1, "host bits set": 1}
    assert rows.rows == len(rows.values) + sum(rows.skipped.values())
    assert rows.dates == (dt.date(2026, 1, 1), dt.date(2026, 1, 1))


def test_files_of_several_registries_and_without_a_version(filed: Filed, shown: Shown) -> None:
    both = (
        "2|arin|1|1|19700101|20251231|-0500\narin|US|ipv4|3.0.0.0|16777216|19880223|assigned\n"
        "2|lacnic|1|1|19700101|20260103|-0300\nlacnic|BR|ipv4|200.0.0.0|1|19880223|assigned\n"
    )
    rows = read_rir(filed(both))
    assert [row[:3] for row in shown(rows)] == [
        ("3.0.0.0", "3.255.255.255", "US"),
        ("200.0.0.0", "200.0.0.0", "BR"),
    ]
    assert rows.dates == (dt.date(2025, 12, 31), dt.date(2026, 1, 3))
    assert read_rir(filed("arin|US|ipv4|3.0.0.0|1|19880223|assigned\n")).dates is None
    absurd = "2|arin|1|1|19700101|20259931|-0500\narin|US|ipv4|3.0.0.0|1||assigned\n"
    assert read_rir(filed(absurd)).dates is None


@pytest.mark.parametrize("content", ["", "2|arin|1|0|1|20250101|0\n", "a,b,c\n", "\0\1\2" * 99])
def test_what_is_no_such_file_is_refused(filed: Filed, content: str) -> None:
    with pytest.raises(CatalogueError, match="no RIR file"):
        read_rir(filed(content))
