"""The lists of v2fly's domain-list-community: syntax, includes, archives that mean no good."""

import gzip
import io
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.attribute.domain_lists.v2fly import (
    LARGEST,
    MOST_LINES,
    Line,
    parse_line,
    read_archive,
    read_checkout,
)
from folkways.attribute.fields import CatalogueError

HERE = Path("lists.tar")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("google.com", Line("domain", "google.com")),
        ("domain:Google.com @CN", Line("domain", "google.com", frozenset({"cn"}))),
        ("full:a.b.com @ads @!cn # x", Line("full", "a.b.com", frozenset({"ads", "!cn"}))),
        ("a.com &one @cn &two", Line("domain", "a.com", frozenset({"cn"}), ("one", "two"))),
        ("include:x @-cn", Line("include", "x", frozenset({"-cn"}))),
        (r"regexp:^a\d+:b$", Line("regexp", r"^a\d+:b$")),
        ("keyword:google", Line("keyword", "google")),
        ("\ta.com\t@cn\r\n", Line("domain", "a.com", frozenset({"cn"}))),
        ("a.com#b.com", Line("domain", "a.com")),
        ("a.com stray words", Line("domain", "a.com")),
        ("# a.com", None),
        ("  \r\n", None),
        (":", Line("", "")),
    ],
)
def test_lines(text: str, line: Line | None) -> None:
    assert parse_line(text) == line


@given(st.text())
def test_any_text_is_a_line_or_none(text: str) -> None:
    line = parse_line(text)
    assert (line is None) == (not text.partition("#")[0].strip())


WORDS = st.text(st.sampled_from("abc.-!"), min_size=1, max_size=8)


@given(
    kind=st.sampled_from(["domain", "full", "keyword", "regexp", "include", None]),
    value=WORDS,
    attributes=st.sets(WORDS, max_size=3),
    lists=st.lists(WORDS, max_size=3),
    note=st.text(st.characters(exclude_characters="\n\r"), max_size=5) | st.none(),
)
def test_what_is_written_is_read(
    kind: str | None, value: str, attributes: set[str], lists: list[str], note: str | None
) -> None:
    words = [f"{kind}:{value}" if kind else value]
    words += [f"@{a}" for a in attributes] + [f"&{name}" for name in lists]
    text = " ".join(words) + (f" #{note}" if note is not None else "")
    assert parse_line(text) == Line(kind or "domain", value, frozenset(attributes), tuple(lists))


def tar_of(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def test_only_plain_files_of_the_folder_data_are_read() -> None:
    members: dict[str, bytes | tarfile.TarInfo] = {
        "top-1.2/data/one": b"\xef\xbb\xbfa.com\r\nb.com\r\n",
        "./data/two": b"c.com",
        "data/Three": b"d.com",
        "/data/absolute": b"bad.com",
        "../data/above": b"bad.com",
        "data/../data/back": b"bad.com",
        "data/..": b"bad.com",
        "top/README.md": b"bad.com",
        "top/other/data/deep": b"bad.com",
        "data/symbolic": link(tarfile.SYMTYPE, "/etc/passwd"),
        "data/hard": link(tarfile.LNKTYPE, "/etc/passwd"),
        "data/device": link(tarfile.CHRTYPE, ""),
    }
    lists, skipped = read_archive(tar_of(members), HERE)
    names = {name: [line.value for line in lines] for name, lines in lists.rules.items()}
    assert names == {"one": ["a.com", "b.com"], "two": ["c.com"], "three": ["d.com"]}
    assert skipped.total() == 9


def test_a_folder_reads_like_its_archive(tmp_path: Path) -> None:
    files = {"one": b"a.com @cn\ninclude:two\n", "two": b"full:b.com\nx\xff.com\n"}
    (tmp_path / "data").mkdir()
    for name, content in files.items():
        (tmp_path / "data" / name).write_bytes(content)
    (tmp_path / "data" / "link").symlink_to("one")
    (tmp_path / "data" / ".hidden").write_bytes(b"h.com")
    lists, skipped = read_checkout(tmp_path)
    assert skipped.total() == 2
    assert read_checkout(tmp_path / "data")[0] == lists
    assert read_archive(tar_of({f"data/{n}": c for n, c in files.items()}), HERE)[0] == lists


def test_includes_that_are_missing_or_go_round() -> None:
    texts = {
        "a": "include:b\ninclude:b @cn\ninclude:gone\n",
        "b": "include:c\n",
        "c": "include:a\ninclude:c\ninclude:d\n",
        "d": "x.com\n",
    }
    lists, _ = read_archive(tar_of({f"data/{n}": t.encode() for n, t in texts.items()}), HERE)
    assert (lists.missing(), lists.circles()) == (1, 2)
    assert lists.members("a") == {"b", "gone"}


def test_many_includes_do_not_hang() -> None:
    every = "".join(f"include:l{n}\n" for n in range(400)).encode()
    lists, _ = read_archive(tar_of({f"data/l{n}": every for n in range(400)}), HERE)
    assert lists.circles() == 400 * 401 // 2
    assert lists.missing() == 0


def test_damaged_and_oversized_archives(tmp_path: Path) -> None:
    whole = tar_of({"data/one": b"a.com\n" * 2000})
    with pytest.raises(CatalogueError, match="damaged tar archive"):
        read_archive(whole[:5000], HERE)
    with pytest.raises(CatalogueError, match="no folder data"):
        read_archive(tar_of({"one": b"a.com\n"}), HERE)
    with pytest.raises(CatalogueError, match="too large"):
        read_archive(bytes(LARGEST + 1), HERE)
    with pytest.raises(CatalogueError, match="too large"):
        read_archive(tar_of({"data/one": b"a.com\n" * (MOST_LINES + 1)}), HERE)
    with pytest.raises(CatalogueError, match="no folder data"):
        read_checkout(tmp_path)
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_checkout(tmp_path / "absent")


@given(place=st.integers(0, 2047), bits=st.integers(1, 255), end=st.integers(0, 2560))
def test_garbled_archives_are_read_or_refused(place: int, bits: int, end: int) -> None:
    content = bytearray(tar_of({"data/one": b"a.com\n", "data/two": b"b.com\n"}))
    content[place] ^= bits
    for garbled in (bytes(content), bytes(content[:end])):
        try:
            lists, _ = read_archive(garbled, HERE)
        except CatalogueError:
            continue
        assert lists.rules


@given(st.binary(max_size=2048))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(CatalogueError):
        read_archive(content, HERE)


@pytest.mark.external
def test_the_real_lists(shared_data: Path) -> None:
    path = shared_data / "reference/domain_lists/v2fly_domain-list-community_data.tar.gz"
    content = gzip.decompress(path.read_bytes())
    lists, _ = read_archive(content, path)
    kinds = Counter(line.kind for lines in lists.rules.values() for line in lines)
    # Counted with grep over the unpacked files, comments taken off by sed.
    assert len(lists.rules) == 1536
    assert kinds == {"domain": 35_605 + 3, "full": 2_965, "regexp": 163}
    assert sum(map(len, lists.includes.values())) == 1_712
    assert (lists.missing(), lists.circles()) == (0, 0)
    marked = sum(
        "ads" in line.attributes
        for part in (lists.rules, lists.includes)
        for lines in part.values()
        for line in lines
    )
    text = b"\n".join(re.sub(rb"#[^\n]*", b"", m) for m in _members(content)).decode()
    assert marked == len(re.findall(r"(?<=\s)@ads\b", text))


def _members(content: bytes) -> list[bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        streams = [tar.extractfile(member) for member in tar if member.name.startswith("data/")]
        return [stream.read() for stream in streams if stream]
