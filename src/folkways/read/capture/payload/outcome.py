"""What every parser of a hello or a request gives back, so that one finder can use them all."""

from enum import Enum
from typing import NamedTuple


class Sight(NamedTuple):
    """A hello or request that was understood."""

    name: bytes
    """The host name as sent; empty if it is complete and carries none."""
    encrypted: bool = False
    """It offers an encrypted client hello, so that ``name`` may be the provider's (outer) name.

    Browsers also send the extension with random content (GREASE): it is an offer, not a proof.
    """


class Need(Enum):
    """The bytes so far fit, but do not reach as far as the name."""

    MORE = "more"


Outcome = Sight | Need | None
"""None: these bytes are not such a hello or request."""
