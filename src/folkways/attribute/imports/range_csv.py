"""Range lists as they are published: CSV of first address, last address, value and perhaps a name.

Addresses in text, or IPv4 as numbers; gzip is recognised by its content; lines that start with #
are comments. Whole columns are parsed at once; only IPv6 text costs Python, once an address.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import addresses
from folkways.attribute.imports.content import read_text
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.text import read_csv
from folkways.attribute.intervals import is_ipv4
from folkways.model.addresses import sortable


def read_range_csv(path: Path) -> RangeRows:
    """Read a range list.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or has no row of three fields.
    """
    try:
        table, odd = read_csv(read_text(path), ("start", "end", "value", "name"), 3)
    except ValueError as error:
        raise CatalogueError(
            f"{path} is no range list ({error}); "
            "a row must be start,end,value or start,end,value,name."
        ) from None
    skipped = Counter({"too few fields": odd})
    first, first_known = addresses(table["start"].combine_chunks())
    last, last_known = addresses(table["end"].combine_chunks())
    known = first_known & last_known
    skipped["not an address"] += int((~known).sum())
    good = known & (is_ipv4(first) == is_ipv4(last)) & (sortable(first) <= sortable(last))
    skipped["end before start, or of another family"] += int((known & ~good).sum())
    pick = np.flatnonzero(good)
    taken = table.take(pa.array(pick))
    return RangeRows(
        first[pick],
        last[pick],
        taken["value"].combine_chunks(),
        taken["name"].combine_chunks(),
        table.num_rows + odd,
        +skipped,
    )
