"""Headers of links, of IP and of what it carries: layouts and the numbers that name them.

Sources: IEEE 802.3 and 802.1Q, RFC 791, 8200, 4302, 9293, 768, 2784 and 2890 (GRE), 2637 (PPTP),
7348 (VXLAN), 8926 (Geneve), 8086 (GRE in UDP), 4380 (Teredo), 2516 (PPPoE), 3032 (MPLS), 4023 and
7510 (MPLS in IP and UDP), 8300 (NSH), 3378 (EtherIP), 2661 and 3931 (L2TP), 3GPP TS 29.281 (GTP-U),
draft-foschiano-erspan-03, draft-smith-vxlan-group-policy-05, draft-ietf-nvo3-vxlan-gpe-13, IEEE
802.1ah and 802.1BR, Wireshark's wiki on TZSP, and the IANA registries of protocol numbers, IPv6
extension headers, EtherTypes and ports (8472 is Linux's port for VXLAN before 4789 was assigned).
"""

import numpy as np

ETHERNET = np.dtype([("destination", "V6"), ("source", "V6"), ("type", ">u2")])
VLAN = np.dtype([("tag", ">u2"), ("type", ">u2")])
LLC_SNAP = np.dtype([("sap", ">u2"), ("control", "u1"), ("oui", "u1", 3), ("type", ">u2")])
WORD = np.dtype([("value", ">u4")])
HALF = np.dtype([("value", ">u2")])
OCTET = np.dtype([("value", "u1")])
PPI = np.dtype([("version", "u1"), ("flags", "u1"), ("length", "<u2"), ("link", "<u4")])

IPV4 = np.dtype(
    [
        ("version_words", "u1"),
        ("service", "u1"),
        ("length", ">u2"),
        ("id", ">u2"),
        ("fragment", ">u2"),
        ("life", "u1"),
        ("protocol", "u1"),
        ("checksum", ">u2"),
        ("source", "u1", 4),
        ("destination", "u1", 4),
    ]
)
IPV6 = np.dtype(
    [
        ("version", ">u4"),
        ("length", ">u2"),
        ("next", "u1"),
        ("life", "u1"),
        ("source", "u1", 16),
        ("destination", "u1", 16),
    ]
)
EXTENSION = np.dtype([("next", "u1"), ("length", "u1"), ("fragment", ">u2"), ("id", ">u4")])
"""The first 8 bytes of an IPv6 extension header; the last two fields are the fragment header's."""
TCP = np.dtype(
    [
        ("source_port", ">u2"),
        ("destination_port", ">u2"),
        ("sequence", ">u4"),
        ("acknowledged", ">u4"),
        ("words", "u1"),
        ("flags", "u1"),
    ]
)
UDP = np.dtype([("source_port", ">u2"), ("destination_port", ">u2"), ("length", ">u2")])
GRE = np.dtype([("flags", "u1"), ("version", "u1"), ("type", ">u2")])
GENEVE = np.dtype([("options", "u1"), ("flags", "u1"), ("type", ">u2")])
TZSP = np.dtype([("version", "u1"), ("type", "u1"), ("inside", ">u2")])
GTP = np.dtype([("flags", "u1"), ("type", "u1"), ("length", ">u2")])


class EtherType:
    """What an Ethernet frame carries."""

    IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
    VLAN = (0x8100, 0x88A8, 0x9100, 0x9200)
    MPLS = (0x8847, 0x8848)
    PPPOE_SESSION, PPP, TRANSPARENT_ETHERNET = 0x8864, 0x880B, 0x6558
    NSH, ERSPAN, ERSPAN_3, BACKBONE, VN_TAG = 0x894F, 0x88BE, 0x22EB, 0x88E7, 0x8926
    MIN = 0x0600
    """Below it the field is a length (802.3)."""


class PppType:
    """What a PPP frame carries."""

    IPV4, IPV6 = 0x0021, 0x0057


class Protocol:
    """IANA protocol numbers."""

    HOP_BY_HOP, IPV4, TCP, UDP, DCCP, IPV6, ROUTING, FRAGMENT = 0, 4, 6, 17, 33, 41, 43, 44
    GRE, AUTHENTICATION, DESTINATION, SCTP, MOBILITY, UDP_LITE = 47, 51, 60, 132, 135, 136
    HIP, SHIM6 = 139, 140
    ESP, ETHERIP, IP_COMPRESSION, L2TP, MPLS = 50, 97, 108, 115, 137
    WITH_PORTS = (TCP, UDP, DCCP, SCTP, UDP_LITE)
    EXTENSIONS = (
        HOP_BY_HOP,
        ROUTING,
        FRAGMENT,
        AUTHENTICATION,
        DESTINATION,
        MOBILITY,
        HIP,
        SHIM6,
    )


class TcpFlag:
    """Bits of the TCP header's flag byte."""

    FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


class TunnelPort:
    """UDP ports whose payload is looked at as a tunnel."""

    GTP_U, TEREDO, GRE, VXLAN, GENEVE = 2152, 3544, 4754, 4789, 6081
    L2TP, VXLAN_GPE, MPLS, VXLAN_LINUX, TZSP = 1701, 4790, 6635, 8472, 37008
