"""What clients and servers say in handshakes, by hand from the specifications."""

import struct
from typing import NamedTuple

TCP, UDP = 6, 17
RANDOM = bytes(range(100, 132))
SESSION, OTHER_SESSION = bytes.fromhex("1122334455667788"), bytes.fromhex("99aabbccddeeff01")


class Talk(NamedTuple):
    """What client (True) and server (False) say, in order."""

    label: str | None
    protocol: int
    said: list[tuple[bool, bytes]]
    port: int = 20000


def _ikev2(version: int, exchange: int) -> bytes:
    body = bytes(100)
    return (
        SESSION
        + bytes(8)
        + struct.pack(">BBBBII", 33, version, exchange, 8, 0, 28 + len(body))
        + body
    )


def _stun(kind: int, attributes: bytes = b"") -> bytes:
    return struct.pack(">HHI", kind, len(attributes), 0x2112A442) + RANDOM[:12] + attributes


def _bitcoin(magic: str) -> bytes:
    return bytes.fromhex(magic) + b"version\0\0\0\0\0" + struct.pack("<II", 85, 0) + bytes(85)


def _utp(kind: int, connection: int, sequence: int, acknowledged: int) -> bytes:
    return struct.pack(
        ">BBHIIIHH", kind << 4 | 1, 0, connection, 77, 0, 1 << 20, sequence, acknowledged
    )


def _dns(flags: int, answers: int) -> bytes:
    question = b"\x03www\x07example\x03com\x00\x00\x01\x00\x01"
    answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"
    return struct.pack(">6H", 4711, flags, 1, answers, 0, 0) + question + answer * answers


def _mysql() -> bytes:
    greeting = b"\x0a8.0.30\x00" + bytes(60)
    return len(greeting).to_bytes(3, "little") + b"\x00" + greeting


def _ntp(mode: int, origin: bytes, transmit: bytes) -> bytes:
    return bytes([0x20 | mode, 2, 6, 0xE9]) + RANDOM[:20] + origin + RANDOM[:8] + transmit


HELLO = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + RANDOM + bytes(163)
WIREGUARD = b"\x01\0\0\0" + b"\xd1\xd2\xd3\xd4" + bytes(140)
LOGIN = (
    b'{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4ADDRESS","pass":"x",'
    b'"agent":"XMRig/6.21"}}\n'
)
JOB = b'{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"7","job":{"blob":"0707"}}}\n'
TALKS = {
    "openvpn": Talk(
        "openvpn",
        UDP,
        [
            (True, b"\x38" + SESSION + b"\0" + bytes(4)),
            (False, b"\x40" + OTHER_SESSION + b"\x01" + bytes(4) + SESSION + bytes(4)),
        ],
    ),
    "openvpn of another session": Talk(
        None,
        UDP,
        [
            (True, b"\x38" + SESSION + b"\0" + bytes(4)),
            (False, b"\x40" + OTHER_SESSION + b"\x01" + bytes(4) + OTHER_SESSION + bytes(4)),
        ],
    ),
    "openvpn over tcp, tls-auth": Talk(
        "openvpn",
        TCP,
        [
            (True, b"\x00\x2a\x38" + SESSION + RANDOM[:20] + b"\0\0\0\1abcd" + b"\0" + bytes(4)),
            (
                False,
                b"\x00\x36\x40"
                + OTHER_SESSION
                + RANDOM[:20]
                + b"\0\0\0\1abcd\x01"
                + bytes(4)
                + SESSION
                + bytes(4),
            ),
        ],
    ),
    "wireguard": Talk(
        "wireguard",
        UDP,
        [(True, WIREGUARD), (False, b"\x02\0\0\0eeee\xd1\xd2\xd3\xd4" + bytes(80))],
    ),
    "wireguard, another receiver": Talk(
        None, UDP, [(True, WIREGUARD), (False, b"\x02\0\0\0eeee\xd1\xd2\xd3\xd5" + bytes(80))]
    ),
    "ike": Talk("ipsec", UDP, [(True, _ikev2(0x20, 34))], 500),
    "ike behind nat": Talk("ipsec", UDP, [(True, bytes(4) + _ikev2(0x20, 34))], 4500),
    "ike version 1": Talk("ipsec", UDP, [(True, _ikev2(0x10, 2))], 500),
    "esp in udp": Talk(
        "ipsec",
        UDP,
        [(True, b"\xc1\xc2\xc3\xc4" + struct.pack(">I", n) + RANDOM) for n in (1, 2)],
        4500,
    ),
    "l2tp": Talk(
        "l2tp",
        UDP,
        [(True, bytes.fromhex("c802001800000000000000008008000000000001") + bytes(4))],
        1701,
    ),
    "pptp": Talk("pptp", TCP, [(True, bytes.fromhex("009c00011a2b3c4d0001") + bytes(146))], 1723),
    "stratum": Talk(
        "mining", TCP, [(True, b'{"id": 1, "method": "mining.subscribe", "params": []}\n')]
    ),
    "stratum of ethereum": Talk(
        "mining",
        TCP,
        [
            (
                True,
                b'{"worker":"x","jsonrpc":"2.0","params":["0x1"],"id":2,"method":"eth_submitLogin"}',
            )
        ],
    ),
    "stratum of cryptonote": Talk("mining", TCP, [(True, LOGIN), (False, JOB)]),
    "login without a job": Talk(
        None, TCP, [(True, LOGIN), (False, b'{"id":1,"result":true}\n')], 3333
    ),
    "json-rpc": Talk(
        None,
        TCP,
        [(True, b'{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}')],
        3333,
    ),
    "bitcoin": Talk("bitcoin", TCP, [(True, _bitcoin("f9beb4d9"))], 8333),
    "litecoin": Talk("litecoin", TCP, [(True, _bitcoin("fbc0b6db"))]),
    "dogecoin": Talk("dogecoin", TCP, [(True, _bitcoin("c0c0c0c0"))]),
    "an unknown coin": Talk(None, TCP, [(True, _bitcoin("0a0b0c0d"))], 8333),
    "monero": Talk("monero", TCP, [(True, bytes.fromhex("0121010101010101") + bytes(25))]),
    "bittorrent": Talk("bittorrent", TCP, [(True, b"\x13BitTorrent protocol" + bytes(48))]),
    "bittorrent dht": Talk(
        "bittorrent", UDP, [(True, b"d1:ad2:id20:" + RANDOM[:20] + b"e1:q4:pinge")]
    ),
    "bittorrent utp": Talk(
        "bittorrent", UDP, [(True, _utp(4, 0x4567, 0x23C6, 0)), (False, _utp(2, 0x4567, 9, 0x23C6))]
    ),
    "utp of another connection": Talk(
        None, UDP, [(True, _utp(4, 0x4567, 0x23C6, 0)), (False, _utp(2, 0x4568, 9, 0x23C6))]
    ),
    "bittorrent tracker": Talk(
        "bittorrent", TCP, [(True, b"GET /announce?info_hash=%00 HTTP/1.0\r\n\r\n")], 80
    ),
    "ssh": Talk(
        "ssh", TCP, [(False, b"SSH-2.0-OpenSSH_9.6\r\n"), (True, b"SSH-2.0-PuTTY\r\n")], 443
    ),
    "rdp": Talk(
        "rdp",
        TCP,
        [
            (True, bytes.fromhex("030000130ee000000000000100080003000000")),
            (False, bytes.fromhex("030000130ed000001234000200080002000000")),
        ],
    ),
    "tpkt of another protocol": Talk(
        "unknown",
        TCP,
        [
            (True, bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a")),
            (False, bytes.fromhex("0300001611d00001000200c1020100c2020102c0010a")),
        ],
        102,
    ),
    "vnc": Talk("vnc", TCP, [(False, b"RFB 003.008\n"), (True, b"RFB 003.008\n")]),
    "stun": Talk("stun", UDP, [(True, _stun(1))]),
    "stun of a wrong length": Talk(None, UDP, [(True, _stun(1) + b"abcd")]),
    "dtls": Talk(
        "dtls",
        UDP,
        [
            (
                True,
                b"\x16\xfe\xff"
                + bytes(8)
                + b"\0\x50\x01\0\0\x44\0\0\0\0\0\0\x44\xfe\xfd"
                + bytes(66),
            )
        ],
    ),
    "sip": Talk("sip", UDP, [(True, b"REGISTER sip:example.org SIP/2.0\r\n")]),
    "whatsapp": Talk(
        "whatsapp",
        TCP,
        [
            (True, b"WA\x06\x03\x00\x00\x24" + RANDOM + bytes(4)),
            (False, b"\x00\x01\x5c" + bytes(348)),
        ],
        443,
    ),
    "whatsapp, routed": Talk(
        "whatsapp",
        TCP,
        [(True, b"ED\0\1"), (True, b"\0\0\x04\x08\x09\x08\x05WA\x05\x02\0\x01\x0e" + bytes(270))],
        5222,
    ),
    "telegram": Talk(
        "telegram",
        TCP,
        [(True, b"\xef\x0a" + bytes(8) + SESSION + b"\x14\0\0\0\xf1\x8e\x7e\xbe" + RANDOM[:16])],
        443,
    ),
    "telegram obfuscated": Talk("unknown", TCP, [(True, RANDOM * 2)], 443),
    "smtp": Talk("smtp", TCP, [(False, b"220 mx.example.org ESMTP\r\n"), (True, b"EHLO me\r\n")]),
    "ftp": Talk("ftp_control", TCP, [(False, b"220 ftp.example.org\r\n"), (True, b"USER me\r\n")]),
    "a banner alone": Talk(None, TCP, [(False, b"220 example.org ready\r\n")], 25),
    "telnet": Talk(
        "telnet",
        TCP,
        [(False, bytes.fromhex("fffd18fffd20fffd23fffd27")), (True, bytes.fromhex("fffb18fffb20"))],
    ),
    "mysql": Talk("mysql", TCP, [(False, _mysql()), (True, b"\x20\0\0\x01" + bytes(32))]),
    "postgresql": Talk("postgresql", TCP, [(True, b"\0\0\0\x17\0\x03\0\0user\0me\0db\0me\0\0")]),
    "redis": Talk("resp", TCP, [(True, b"*1\r\n$4\r\nPING\r\n"), (False, b"+PONG\r\n")]),
    "mqtt": Talk("mqtt", TCP, [(True, b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02me")]),
    "dns": Talk("dns", UDP, [(True, _dns(0x0100, 0)), (False, _dns(0x8180, 1))], 53),
    "dns over tcp": Talk(
        "dns",
        TCP,
        [
            (True, struct.pack(">H", len(_dns(0x0100, 0))) + _dns(0x0100, 0)),
            (False, b"\0\x31" + _dns(0x8180, 1)),
        ],
        53,
    ),
    "ntp": Talk(
        "ntp", UDP, [(True, _ntp(3, bytes(8), SESSION)), (False, _ntp(4, SESSION, RANDOM[:8]))]
    ),
    "ntp, another origin": Talk(
        None, UDP, [(True, _ntp(3, bytes(8), SESSION)), (False, _ntp(4, OTHER_SESSION, RANDOM[:8]))]
    ),
    "socks 5": Talk(
        "socks",
        TCP,
        [
            (True, b"\x05\x01\x00"),
            (False, b"\x05\x00"),
            (True, b"\x05\x01\x00\x03\x0bexample.org\x00\x50"),
            (False, b"\x05\x00\x00\x01" + bytes(6)),
        ],
    ),
    "socks 4": Talk(
        "socks",
        TCP,
        [(True, b"\x04\x01\x00\x50\xc0\x00\x02\x07\x00"), (False, b"\x00\x5a" + bytes(6))],
    ),
    "http connect": Talk(
        "http_connect", TCP, [(True, b"CONNECT example.org:443 HTTP/1.1\r\n\r\n")]
    ),
    "http": Talk("http", TCP, [(True, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")]),
    "tls, which a tor link is too": Talk("tls", TCP, [(True, HELLO)], 9001),
    "quic": Talk("quic", UDP, [(True, b"\xc3\0\0\0\x01\x08" + SESSION + bytes(1186))], 443),
    "quake 3": Talk("quake3_engine", UDP, [(True, b"\xff\xff\xff\xffgetinfo xxx")]),
    "steam": Talk(
        "steam", UDP, [(True, b"VS01" + struct.pack("<H", 4) + b"\x01\0" + bytes(28) + b"abcd")]
    ),
    "random": Talk(None, UDP, [(True, RANDOM), (False, RANDOM)], 4500),
}
