import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read.cloud import objects as module
from folkways.read.cloud.objects import objects

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(st.sampled_from('ab\\"{}[],:é\n'))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text('a"\\{'), inner)),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text('a"\\}['), VALUES, max_size=3), max_size=5)


def split(text: bytes, level: int, size: int) -> tuple[list[bytes], Tally]:
    tally = Tally()
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    return [o for found in objects(chunks, level, tally) for o in found], tally


@settings(max_examples=150, deadline=None)
@given(OBJECTS, st.integers(1, 50), st.sampled_from([None, 2]))
def test_objects_are_found_wherever_chunks_are_cut(
    wanted: list[Any], size: int, indent: int | None
) -> None:
    dump = [json.dumps(o, indent=indent, ensure_ascii=indent is None) for o in wanted]
    in_array = "[" + ",\n".join(dump) + "]"
    for level, text in (
        (0, "\n".join(dump)),
        (1, in_array),
        (2, '{"x\\\\": "]\\"", "records": ' + in_array + ', "y": 1}'),
    ):
        found, tally = split(text.encode(), level, size)
        assert [json.loads(o) for o in found] == wanted
        assert tally == Tally()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2), st.integers(1, 50))
def test_any_bytes_end(text: bytes, level: int, size: int) -> None:
    found, tally = split(text, level, size)
    assert all(o.startswith(b"{") and o.endswith(b"}") for o in found)
    assert tally.records == sum(tally.skipped.values())


def test_a_cut_document_gives_its_whole_objects() -> None:
    text = b'[{"a":1},{"b":"}{"},{"c":[{}]}]'
    for end in range(len(text)):
        found, tally = split(text[:end], 1, 7)
        assert found == [o for o in (b'{"a":1}', b'{"b":"}{"}', b'{"c":[{}]}') if o in text[:end]]
        begun = sum(end > start for start in (1, 9, 20))
        assert tally.records == tally.skipped["cut object"] == begun - len(found)
        assert bool(tally.notes) == (end > 0)


def test_an_absurdly_long_object_is_counted_and_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_OBJECT_BYTES", 100)
    text = b'[{"a":1},{"b":"' + b"x" * 500 + b'"},{"c":3}]'
    found, tally = split(text, 1, 40)
    assert found == [b'{"a":1}', b'{"c":3}']
    assert tally.skipped == {"object too long": 1}
