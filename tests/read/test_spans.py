"""Impossible starts and ends, mended by when the record was sent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read.spans import DAY_MS, LONGEST_MS, mend

SENT = 1_550_650_000_000
IN_2042 = 2_272_147_200_000


@pytest.mark.parametrize(
    ("start", "end", "expected", "flag"),
    [
        (SENT - 9, SENT, (SENT - 9, SENT), None),
        (SENT - 400 * DAY_MS, SENT, (SENT - 400 * DAY_MS, SENT), None),
        (IN_2042, SENT - 5, (SENT - 5, SENT - 5), "clock: impossible start"),
        (86_400_000, SENT - 5, (SENT - 5, SENT - 5), "clock: impossible start"),
        (SENT - 5, IN_2042, (SENT - 5, SENT - 5), "clock: impossible end"),
        (SENT, SENT - 5, (SENT, SENT), "clock: end before start"),
        (SENT - 5, 86_400_000, (SENT - 5, SENT - 5), "clock: end before start"),
        # Neither is right: nothing tells what is.
        (IN_2042, IN_2042 + 9, (IN_2042, IN_2042 + 9), None),
        (1000, 2000, (1000, 2000), None),
    ],
)
def test_the_right_side_stands_for_both(
    start: int, end: int, expected: tuple[int, int], flag: str | None
) -> None:
    tally = Tally()
    one = np.array([SENT, start]), np.array([SENT, end]), np.array([SENT, SENT])
    span = mend(*one, np.ones(2, np.bool_), tally)
    assert (int(span.start[1]), int(span.end[1])) == expected
    assert (int(span.start[0]), int(span.end[0])) == (SENT, SENT)
    assert dict(tally.flagged) == ({flag: 1} if flag else {})
    mended = flag is not None and "impossible" in flag
    assert (span.mended is not None and span.mended.tolist() == [False, True]) == mended


def test_what_is_not_used_is_not_counted() -> None:
    tally = Tally()
    sent = np.array([SENT])
    mend(np.array([IN_2042]), sent, sent, np.zeros(1, np.bool_), tally)
    assert not tally.flagged


_MS = st.integers(0, 1 << 48)


@settings(deadline=None)
@given(st.lists(st.tuples(_MS, _MS, _MS), min_size=1, max_size=20))
def test_no_flow_ends_before_it_starts_and_a_right_end_stays(
    times: list[tuple[int, int, int]],
) -> None:
    start, end, sent = (np.array(column, np.int64) for column in zip(*times, strict=True))
    span = mend(start, end, sent, np.ones(len(start), np.bool_), Tally())
    assert (span.start <= span.end).all()
    near = (np.abs(end - sent) <= DAY_MS) & (start > sent + DAY_MS)
    assert (span.end[near] == end[near]).all()
    sound = (start <= end) & (end <= sent + DAY_MS) & (end - start <= LONGEST_MS)
    assert (span.start[sound] == start[sound]).all()
    assert (span.end[sound] == end[sound]).all()
