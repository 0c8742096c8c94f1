"""What may stand as a host name: cleaned in one place for TLS, QUIC, HTTP and DNS."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import unescape
from folkways.model.addresses import address_from_text
from folkways.read.numbers import Mask, mask_of

MAX_BYTES = 255
"""RFC 1035, 2.3.4: a name has 255 octets at most."""

# White space, control characters, what stands for broken UTF-8, and the comma, which parts names
# in a chain.
_UNUSABLE = re.compile(r"[\s\x00-\x20\x7f-\xa0\ufffd,]")
_PORT = re.compile(r":\d*$")

NO_NAME, ADDRESS, UNUSABLE = "no name", "name is an address", "name not usable"
_CAUSES = ("", NO_NAME, ADDRESS, UNUSABLE)

# Nothing is to be cleaned in such a name, and the letter in its last label makes it no address.
_PLAIN = r"^(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*$"


@dataclass(frozen=True)
class Hosts:
    """Cleaned names (null where there is none), and why a row has none, by mask."""

    names: pa.Array
    causes: dict[str, Mask]


def host_of(text: str, *, port: bool = False) -> tuple[str | None, str]:
    """A name in lower case without its final dot, or None and why.

    Args:
        text: as the log has it, escapes included.
        port: whether a port may follow, as in the Host field of HTTP.
    """
    name = unescape(text).strip(" ")
    if port:
        name = _PORT.sub("", name) if name.count(":") == 1 or name.startswith("[") else name
        name = name.removeprefix("[").removesuffix("]")
    name = name.removesuffix(".").lower()
    if not name:
        return None, NO_NAME
    if len(name.encode("utf-8", "replace")) > MAX_BYTES or _UNUSABLE.search(name):
        return None, UNUSABLE
    if address_from_text(name) is not None:
        return None, ADDRESS
    return name, ""


# The same names come in block after block; longer texts are not kept, so that memory is bounded.
_host_again = lru_cache(maxsize=1 << 16)(host_of)


def _host(text: str, *, port: bool) -> tuple[str | None, str]:
    return (_host_again if len(text) <= MAX_BYTES else host_of)(text, port=port)


def hosts(column: pa.Array, *, port: bool = False) -> Hosts:
    """Clean a column, each distinct text once."""
    encoded = column.dictionary_encode()
    texts = encoded.dictionary
    plain = pc.and_(
        pc.match_substring_regex(texts, _PLAIN), pc.less_equal(pc.binary_length(texts), MAX_BYTES)
    )
    odd = pc.invert(plain)
    found = [_host(text, port=port) for text in texts.filter(odd).to_pylist()]
    cleaned = pa.array([name for name, _ in found], pa.string())
    names = pc.replace_with_mask(texts, odd, cleaned).take(encoded.indices)
    reasons = np.zeros(len(texts) + 1, np.int8)
    reasons[:-1][mask_of(odd)] = [_CAUSES.index(cause) for _, cause in found]
    reasons[-1] = _CAUSES.index(NO_NAME)
    codes = np.asarray(encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False))
    reason = reasons[codes]
    return Hosts(names, {cause: reason == _CAUSES.index(cause) for cause in _CAUSES[1:]})
