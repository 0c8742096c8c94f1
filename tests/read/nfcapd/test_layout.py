"""The layout facts against a file that nfdump writes and the totals that nfdump states."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from folkways.formats import nfcapd


@pytest.mark.external
def test_layout_gives_nfdumps_own_totals(
    shared_data: Path, tool: Callable[[str], str], tmp_path: Path
) -> None:
    source, made = shared_data / "exports/slips/test1-malicious.nfdump", tmp_path / "made"
    subprocess.run(
        [tool("nfdump"), "-r", source, "-w", made], check=True, capture_output=True, timeout=30
    )
    data = made.read_bytes()
    header = np.frombuffer(data, nfcapd.FILE_HEADER, 1)[0]
    assert (header["magic"], header["layout"]) == (nfcapd.MAGIC, nfcapd.LAYOUT)
    flows = [
        np.frombuffer(data, nfcapd.ELEMENTS[nfcapd.GENERIC], 1, at)[0]
        for at in _generic_elements(data, int(header["blocks"]))
    ]
    # nfdump -I on the file it was made from.
    assert len(flows) == 4593
    assert sum(int(f["packets"]) for f in flows) == 4652
    assert sum(int(f["bytes"]) for f in flows) == 241_025
    assert min(int(f["first_ms"]) for f in flows) == 1_515_771_450_940
    assert max(int(f["last_ms"]) for f in flows) == 1_515_771_483_981


def _generic_elements(data: bytes, blocks: int) -> list[int]:
    found, at = [], nfcapd.FILE_HEADER.itemsize
    for _ in range(blocks):
        block = np.frombuffer(data, nfcapd.BLOCK_HEADER, 1, at)[0]
        at += nfcapd.BLOCK_HEADER.itemsize
        for _ in range(int(block["records"])):
            record = np.frombuffer(data, nfcapd.RECORD_HEADER, 1, at)[0]
            inside = at + nfcapd.RECORD_HEADER.itemsize
            for _ in range(int(record["elements"]) * (record["type"] == nfcapd.FLOW_RECORD)):
                element = np.frombuffer(data, nfcapd.ELEMENT_HEADER, 1, inside)[0]
                if element["type"] == nfcapd.GENERIC:
                    found.append(inside + nfcapd.ELEMENT_HEADER.itemsize)
                inside += int(element["length"])
            at += int(record["size"])
    return found
