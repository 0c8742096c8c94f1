"""Time, port and unanimity choose among what exporters said, whatever the order of hearing it."""

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.told import ANY_PORT, FAR_MS, Heard, Need, Told, Topic, rate_of

TOPIC = Topic("template", "192.0.2.1", 9, 7, 256)
A, B = 1000, 2000


def heard(*told: Told) -> Heard:
    found = Heard()
    found.add(told)
    return found


def said(value: str, first: int, last: int | None = None, port: int = A) -> Told:
    return Told(TOPIC, port, value, first, first if last is None else last)


def answer(found: Heard, at: int, port: int = A) -> str | None:
    told = found.find(TOPIC, port, at)
    return told and told.value


def rate(value: int, first: int, sampler: int = -1, domain: int = 7) -> Told:
    topic = Topic("rate", "192.0.2.1", 0, domain, sampler)
    return Told(topic, ANY_PORT, str(value), first, first)


def test_the_last_before_else_the_first_after() -> None:
    for told in permutations((said("one", 10), said("two", 20), said("one", 30))):
        found = heard(*told)
        answers = [answer(found, at) for at in (0, 10, 19, 20, 29, 30, 99)]
        assert answers == ["one", "one", "one", "two", "two", "one", "one"]


def test_of_two_in_one_second_the_later_one() -> None:
    told = [said("b", 10)._replace(rank=1), said("a", 10)._replace(rank=2)]
    for order in permutations(told):
        assert answer(heard(*order), 10) == "a"
        assert answer(heard(*order), 9) == "b"


def test_a_port_s_own_answers_come_first() -> None:
    found = heard(said("mine", 50), said("other", 0, port=B))
    assert [answer(found, 10), answer(found, 10, B), answer(found, 10, 3000)] == [
        "mine",
        "other",
        "other",
    ]


def test_others_serve_unless_they_contradict_each_other_at_one_time() -> None:
    moved = heard(said("old", 0, 40), said("new", 50, 90, port=B))
    assert [answer(moved, at, 3000) for at in (10, 60)] == ["old", "new"]
    beside = heard(said("old", 0, 60), said("new", 50, 90, port=B))
    assert [answer(beside, at, 3000) for at in (10, 60)] == [None, None]
    alike = heard(said("old", 0, 60), said("old", 50, 90, port=B))
    assert answer(alike, 60, 3000) == "old"


def test_who_is_not_known_is_believed_if_all_agree() -> None:
    nobody = TOPIC._replace(exporter="")
    one, two = (said(v, t)._replace(topic=nobody) for v, t in (("x", 0), ("y", 90)))
    assert heard(one).find(nobody, ANY_PORT, 50) == one
    assert heard(one, two).find(nobody, ANY_PORT, 50) is None


@pytest.mark.parametrize("sampler", [-1, 3])
def test_rates_of_long_after_are_for_named_samplers_only(sampler: int) -> None:
    found = heard(rate(100, FAR_MS + 1, sampler))
    assert found.rates("192.0.2.1", 0) == {sampler: {7: 100}}
    assert found.rates("192.0.2.1", 0, near=True) == {}
    assert found.rates("192.0.2.1", 1, near=True) == {sampler: {7: 100}}


@pytest.mark.parametrize(
    ("told", "domain", "sampler", "known"),
    [
        ({-1: {7: 100}}, 7, -1, 100),
        ({-1: {7: 100}}, 8, -1, 100),
        ({-1: {7: 100, 9: 200}}, 8, -1, None),
        ({3: {7: 50}}, 7, 3, 50),
        ({3: {7: 50}}, 7, 4, None),
        ({3: {7: 50}}, 7, -1, 50),
        ({3: {7: 50}, 4: {7: 60}}, 7, -1, None),
        ({3: {7: 50}, -1: {7: 100}}, 7, 4, 100),
        ({}, 7, -1, None),
        ({}, 7, 3, None),
    ],
)
def test_rates_from_the_narrowest_to_the_widest_place(
    told: dict[int, dict[int, int]], domain: int, sampler: int, known: int | None
) -> None:
    """What is not told is unknown, never 1."""
    assert rate_of(told, domain, sampler) == known


def test_a_question_holds_as_long_as_its_answer_is_right_all_the_time() -> None:
    need = Need(TOPIC, A, "one", 10, 40)
    assert heard(said("one", 0)).holds(need)
    assert heard(said("one", 0), said("two", 41)).holds(need)
    assert not heard(said("one", 0), said("two", 20), said("one", 30)).holds(need)
    assert not heard(said("two", 0)).holds(need)
    assert not heard().holds(need)
    nothing = need._replace(value=None)
    assert heard().holds(nothing)
    assert not heard(said("one", 90)).holds(nothing)
    of_rate = Need(rate(1, 0).topic, ANY_PORT, "100", 10, 40)
    assert heard(rate(100, 0)).holds(of_rate)
    assert not heard(rate(100, 0), rate(200, 20), rate(100, 30)).holds(of_rate)
    assert not heard(rate(200, 0)).holds(of_rate)


@given(
    st.lists(
        st.builds(
            said,
            st.sampled_from(["", "one", "two"]),
            st.integers(0, 20),
            st.none(),
            st.sampled_from([A, B]),
        ),
        max_size=12,
    ),
    st.integers(0, 20),
    st.randoms(use_true_random=False),
)
def test_the_order_of_hearing_does_not_matter(
    told: list[Told], at: int, deal: random.Random
) -> None:
    mixed = [*told, *told]
    deal.shuffle(mixed)
    found, again = heard(*told), Heard()
    for one in mixed:
        again.add([one])
        again.about(TOPIC)
    for port in (A, B, 3000):
        assert found.find(TOPIC, port, at) == again.find(TOPIC, port, at)
