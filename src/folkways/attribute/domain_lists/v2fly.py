"""The domain lists of v2fly's domain-list-community: files of rules that include one another.

A file of the folder ``data`` is a list. A line is ``kind:value @attribute &list # comment``; kinds
are domain (with all names below it; the word may be left out), full (one host name), keyword,
regexp, and include, which takes in another list, or of its rules those that have ``@attribute``
and have not ``@-attribute``. ``&list`` puts a rule into one more list. By the project's README.

A checkout, or an archive of one, is read in memory and never unpacked.
"""

import io
import re
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from folkways.attribute.fields import CatalogueError

LARGEST = 32 << 20
"""Bytes of all lists together, unpacked; the project has 2 MB."""
MOST_LINES = 200_000
"""Lines of all lists together; the project has 40,000."""

NO_LIST = "no plain file of the folder data"
_MEMBER = re.compile(r"^(?:\./)?(?:(?!\.\.?/)[^/]+/)?data/(?!\.)([^/]+)$")
_REGIONS = frozenset({"cn", "!cn", "-cn", "-!cn"})
"""Attributes that pick by country: what is left of a list is still of its kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """A rule: its kind as written, its value in lower case, ``@attributes`` and ``&lists``."""

    kind: str
    value: str
    attributes: frozenset[str] = frozenset()
    affiliations: tuple[str, ...] = ()


@dataclass
class Lists:
    """Rules by the list in which they are written, includes apart."""

    rules: dict[str, list[Line]] = field(default_factory=dict)
    includes: dict[str, list[Line]] = field(default_factory=dict)

    def members(self, name: str) -> set[str]:
        """The lists that a list takes in, as a whole or by country."""
        lines = self.includes.get(name, ())
        return {one.value for one in lines if one.attributes <= _REGIONS}

    def missing(self) -> int:
        """How many includes name a list that is not there."""
        return sum(one.value not in self.rules for lines in self.includes.values() for one in lines)

    def circles(self) -> int:
        """How many includes close a circle, by a walk that takes each of them once."""
        edges = {name: {one.value for one in lines} for name, lines in self.includes.items()}
        done: set[str] = set()
        count = 0
        for start, targets in edges.items():
            path = {} if start in done else {start: targets}
            while path:
                here, left = next(reversed(path.items()))
                if not left:
                    del path[here]
                    done.add(here)
                elif (there := left.pop()) in path:
                    count += 1
                elif there in edges and there not in done:
                    path[there] = edges[there]
        return count


def parse_line(text: str) -> Line | None:
    """A line of a list; None if it is empty or a comment."""
    words = text.partition("#")[0].split()
    if not words:
        return None
    kind, colon, value = words[0].partition(":")
    if not colon:
        kind, value = "domain", kind
    return Line(
        kind.lower(),
        value.lower(),
        frozenset(word[1:].lower() for word in words[1:] if word[0] == "@"),
        tuple(word[1:].lower() for word in words[1:] if word[0] == "&"),
    )


def is_archive(content: bytes) -> bool:
    """Whether it is a tar archive."""
    return content[257:262] == b"ustar"


def read_checkout(path: Path) -> tuple[Lists, Counter[str]]:
    """Read the folder ``data`` of a checkout, or that folder itself.

    Returns:
        The lists, and how many files were not used by cause.

    Raises:
        CatalogueError: it cannot be read, holds no list, or is too large.
    """
    folder = path / "data" if (path / "data").is_dir() else path
    found: dict[str, bytes] = {}
    odd, left = 0, LARGEST
    try:
        for file in sorted(folder.iterdir()):
            if file.name.startswith(".") or file.is_symlink() or not file.is_file():
                odd += 1
                continue
            with file.open("rb") as stream:
                found[file.name] = stream.read(left + 1)
            left -= len(found[file.name])
            if left < 0:
                raise _too_large(path)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror or error}.") from None
    return _lists(path, found), Counter({NO_LIST: odd})


def read_archive(content: bytes, path: Path) -> tuple[Lists, Counter[str]]:
    """Read a tar archive of a checkout; results and errors are those of ``read_checkout``.

    Members with other paths, links and devices are not followed but counted.
    """
    if len(content) > LARGEST:
        raise _too_large(path)
    found: dict[str, bytes] = {}
    odd = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                inside = _MEMBER.match(member.name)
                stream = tar.extractfile(member) if inside and member.isreg() else None
                if inside and stream:
                    found[inside[1]] = stream.read()
                elif not member.isdir():
                    odd += 1
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise CatalogueError(f"{path} is a damaged tar archive: {error}.") from None
    return _lists(path, found), Counter({NO_LIST: odd})


def _lists(path: Path, files: dict[str, bytes]) -> Lists:
    lists = Lists()
    left = MOST_LINES
    for name, content in files.items():
        rules = lists.rules.setdefault(name.lower(), [])
        includes = lists.includes.setdefault(name.lower(), [])
        for raw in io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")):
            line = parse_line(raw.decode("utf-8", "replace"))
            if line is not None:
                left -= 1
                if left < 0:
                    raise _too_large(path)
                (includes if line.kind == "include" else rules).append(line)
    if not lists.rules:
        raise CatalogueError(f"{path} holds no folder data with domain lists.")
    return lists


def _too_large(path: Path) -> CatalogueError:
    return CatalogueError(f"{path} is too large for domain lists; name the folder of one checkout.")
