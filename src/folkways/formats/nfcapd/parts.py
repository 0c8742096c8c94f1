"""Parts of flow records that both layouts store alike; a field is named the same everywhere."""

import numpy as np

Part = np.dtype[np.void]

PARTS: dict[str, Part] = {
    "ipv4": np.dtype([("source4", "<u4"), ("destination4", "<u4")]),
    "ipv6": np.dtype([("source6", "<u8", 2), ("destination6", "<u8", 2)]),
    "asn": np.dtype([("source_asn", "<u4"), ("destination_asn", "<u4")]),
    "router4": np.dtype([("router4", "<u4")]),
    "router6": np.dtype([("router6", "<u8", 2)]),
    "translated4": np.dtype([("translated_source4", "<u4"), ("translated_destination4", "<u4")]),
    "translated6": np.dtype(
        [("translated_source6", "<u8", 2), ("translated_destination6", "<u8", 2)]
    ),
    "translated_ports": np.dtype(
        [("translated_source_port", "<u2"), ("translated_destination_port", "<u2")]
    ),
}
"""An IPv6 address is two numbers, the high half first."""
