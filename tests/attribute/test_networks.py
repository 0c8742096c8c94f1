"""Which of several networks that hold an address decides on a day."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.intervals import NOTHING
from folkways.attribute.networks import claims_on
from folkways.model.addresses import address_from_text

WIDE = '[[network]]\nprefix = "198.51.0.0/16"\nfrom = 2010-01-01\nORIGIN\n'
NARROW = '[[network]]\nprefix = "198.51.100.0/24"\nfrom = 2015-01-01\nto = 2016-12-31\nORIGIN\n'
NUMBER = "[[network]]\nasn = 64510\nORIGIN\n"


@pytest.fixture
def catalogue(tmp_path: Path, write: Callable[..., Path]) -> Catalogue:
    services = {
        "wide": 'function = "news"\n' + WIDE,
        "narrow": 'function = "news"\n' + NARROW,
        "zcloud": 'operator = "mixed"\nfunction = "cloud"\n' + NUMBER,
    }
    number = '[[asn]]\nnumber = 64510\nuse = "own"\nORIGIN\n'
    return Catalogue.load(write(tmp_path, services, {"mixed": number}))


@pytest.mark.parametrize(
    ("address", "day", "service"),
    [
        ("198.51.100.7", dt.date(2015, 6, 1), "narrow"),
        ("198.51.101.7", dt.date(2015, 6, 1), "wide"),
        # Inside its dates goes before more specific; outside both, more specific decides.
        ("198.51.100.7", dt.date(2017, 1, 1), "wide"),
        ("198.51.100.7", dt.date(2009, 1, 1), "narrow"),
        ("198.52.0.1", dt.date(2015, 6, 1), None),
    ],
)
def test_prefixes(catalogue: Catalogue, address: str, day: dt.date, service: str | None) -> None:
    claims, _ = claims_on(catalogue, day)
    octets = np.frombuffer(address_from_text(address) or b"", np.uint8).reshape(1, 16)
    place = int(claims.find(octets, np.ones(1, np.bool_))[0])
    rule = None if place == NOTHING else claims.prefixes[place].rule
    assert (rule.service if rule else None) == service


def test_rented_out_goes_before_own(catalogue: Catalogue) -> None:
    _, operators = claims_on(catalogue, dt.date(2026, 11, 25))
    claim = operators.by_asn[64510]
    assert (claim.shared, claim.rule, claim.fact.id) == ("hosting", None, "zcloud/network/AS64510")
