import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import (
    address_from_text,
    address_to_text,
    addresses_from_numpy,
    addresses_to_numpy,
)
from folkways.model.errors import PopulationError
from folkways.model.population import Population


def ranges(*prefixes: str) -> str:
    return "\n".join(f'[[range]]\nprefix = "{p}"' for p in prefixes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no [[range]]"),
        ("range = 3", "two brackets"),
        (ranges("198.51.100.1/24"), "did you mean 198.51.100.0/24"),
        (ranges("198.51.100.0/33"), "not an address prefix"),
        (ranges("198.51.100.0/24", "198.51.100.128/25"), "overlap"),
        (ranges("::ffff:198.51.100.0/120", "198.51.100.0/24"), "overlap"),
        ('nmae = "x"\n' + ranges("192.0.2.0/24"), "unknown key 'nmae'"),
        (ranges("192.0.2.0/24") + "\nfrmo = 2017-01-01", "unknown key 'frmo'"),
        ('timezone = "Asia/Pyongjang"\n' + ranges("192.0.2.0/24"), "is not known"),
        ("[study]\nk = 1\n" + ranges("192.0.2.0/24"), "public_data"),
        ("[study]\nk = 0\n" + ranges("192.0.2.0/24"), "1 or more"),
        (ranges("192.0.2.0/24") + "\nfrom = 2018-01-01\nto = 2017-01-01", "before"),
        (ranges("192.0.2.0/24") + '\nfrom = "2018"', "must be a day"),
        ("name = ", "not TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(PopulationError) as caught:
        Population.parse(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_forms_of_addresses() -> None:
    population = Population.parse(ranges("2001:DB8::/32", "::FFFF:198.51.100.0/120", "192.0.2.7"))
    assert [r.prefix for r in population.ranges] == [
        "2001:db8::/32",
        "198.51.100.0/24",
        "192.0.2.7/32",
    ]
    assert population.k == 5


def test_the_whole_of_both_families_does_not_overlap() -> None:
    assert len(Population.parse(ranges("0.0.0.0/0", "::/1", "8000::/1")).ranges) == 3


def test_the_same_prefix_may_come_again_at_another_time() -> None:
    text = '[[range]]\nprefix = "192.0.2.0/24"\n'
    both = f"{text}to = 2017-03-31\n{text}from = 2017-04-01\n"
    assert len(Population.parse(both).ranges) == 2
    with pytest.raises(PopulationError, match="overlap"):
        Population.parse(f"{text}to = 2017-04-01\n{text}from = 2017-04-01\n")


def test_the_digest_changes_with_what_is_measured_not_with_its_name() -> None:
    plain = Population.parse(ranges("192.0.2.0/24"))
    assert Population.parse('name = "x"\n' + ranges("192.0.2.0/24")).digest == plain.digest
    assert Population.parse(ranges("192.0.2.0/25")).digest != plain.digest


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::A", "2001:db8::a"),
        ("fe80::1%eth0", "fe80::1"),
        (" 10.0.0.1 ", "10.0.0.1"),
        ("010.0.0.1", None),
        ("1.2.3", None),
        ("example.com", None),
        ("", None),
        ("1.2.3.4\0", None),
    ],
)
def test_address_texts(text: str, canonical: str | None) -> None:
    address = address_from_text(text)
    assert (None if address is None else address_to_text(address)) == canonical


@given(st.lists(st.one_of(st.none(), st.binary(min_size=16, max_size=16)), max_size=40))
def test_columns_of_addresses_survive_the_way_through_numpy(addresses: list[bytes | None]) -> None:
    import pyarrow as pa

    column = pa.array(addresses, pa.binary(16))
    assert addresses_from_numpy(*addresses_to_numpy(column)).to_pylist() == addresses
    part = column.slice(1)
    assert addresses_from_numpy(*addresses_to_numpy(part)).to_pylist() == addresses[1:]


def test_settings_that_change_what_is_stored_change_the_digest() -> None:
    plain = Population.parse('[[range]]\nprefix = "10.0.0.0/8"\n')
    assert (plain.anonymised, plain.duplicates) == (False, "once")
    found = {plain.digest}
    found.add(Population.parse('[[range]]\nprefix = "10.0.0.0/8"\nsubnet = false\n').digest)
    for line in ("anonymised = true", 'duplicates = "all"', 'duplicates = "all"\nk = 9'):
        made = Population.parse(f'[study]\n{line}\n[[range]]\nprefix = "10.0.0.0/8"\n')
        found.add(made.digest)
        assert made.anonymised or made.duplicates == "all"
    assert len(found) == 4
    with pytest.raises(PopulationError, match='duplicates = 2 must be "once" or "all"'):
        Population.parse('[study]\nduplicates = 2\n[[range]]\nprefix = "10.0.0.0/8"\n')
