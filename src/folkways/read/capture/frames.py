"""The packets of a piece of a capture file before anything in them is looked at."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

PADDING = 64
"""Zero bytes after a chunk, so that a whole header can be gathered where a packet is cut."""

Octets = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Frames:
    """The frames of one chunk in capture order; all arrays but ``data`` are (n,)."""

    data: Octets
    """The chunk, followed by ``PADDING`` zero bytes."""
    start: Integers
    """Offset of the frame in ``data``."""
    captured: Integers
    """Bytes of it in ``data``."""
    wire: Integers
    """Bytes it had on the wire."""
    time_ns: Integers
    """Nanoseconds since 1970 UTC."""
    link: npt.NDArray[np.int32]
    """Link-layer header type."""
    interface: npt.NDArray[np.int32] | None = None
    """Number of the interface, and of the section of the file in the upper 16 bits; None: the file
    does not say."""

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.start)

    def slice(self, first: int, last: int) -> Self:
        """The frames from ``first`` up to ``last``, over the same bytes."""
        return type(self)(
            self.data,
            self.start[first:last],
            self.captured[first:last],
            self.wire[first:last],
            self.time_ns[first:last],
            self.link[first:last],
            None if self.interface is None else self.interface[first:last],
        )


def gather(data: Octets, at: Integers, layout: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Headers that stand at any offsets, as (n,) records of ``layout``, in one pass.

    ``at + layout.itemsize`` must not exceed ``len(data)``. The window of one stride per byte is a
    view; only the headers asked for are copied.
    """
    size = layout.itemsize
    windows = np.ndarray((len(data) - size + 1,), f"V{size}", data, strides=(1,))
    found: npt.NDArray[np.void] = windows[at].view(layout)
    return found
