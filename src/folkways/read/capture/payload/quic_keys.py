"""Keys and protection of QUIC Initial packets: public by design (RFC 9001 section 5.2, RFC 9369).

Anyone on the path can derive them from the packet; they hide nothing and give no access to what
is sent after the handshake.
"""

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from folkways.read.capture.payload.quic_versions import Version

SAMPLE = 16


def expand_label(secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label of TLS 1.3 (RFC 8446 section 7.1) with SHA-256 and an empty context.

    ``length`` is 32 at most, so that one block of HKDF-Expand (RFC 5869 section 2.3) is enough.
    """
    full = b"tls13 " + label.encode()
    info = length.to_bytes(2, "big") + bytes([len(full)]) + full + b"\x00\x01"
    return hmac.digest(secret, info, "sha256")[:length]


class ClientKeys:
    """What protects the Initial packets that a client sends to one connection id."""

    def __init__(self, version: Version, connection: bytes) -> None:
        initial = hmac.digest(version.salt, connection, "sha256")  # HKDF-Extract
        secret = expand_label(initial, "client in", 32)
        self.key = expand_label(secret, f"{version.label} key", 16)
        self.iv = expand_label(secret, f"{version.label} iv", 12)
        self.header = expand_label(secret, f"{version.label} hp", 16)
        self._payload = AESGCM(self.key)
        # ECB of single blocks is what RFC 9001 5.4.3 prescribes for the mask.
        self._mask = Cipher(AES(self.header), ECB()).encryptor()  # noqa: S305  # see above

    def open(self, packet: bytes, number_at: int) -> bytes | None:
        """The frames of a protected packet; None if these are not its keys.

        Args:
            packet: the whole long-header packet, ending where its Length field says.
            number_at: offset of the packet number.
        """
        sample = packet[number_at + 4 : number_at + 4 + SAMPLE]
        if len(sample) < SAMPLE:
            return None
        mask = self._mask.update(sample)
        first = packet[0] ^ (mask[0] & 0x0F)
        size = (first & 0x03) + 1
        number = bytes(
            a ^ b for a, b in zip(packet[number_at : number_at + size], mask[1:], strict=False)
        )
        begin = number_at + size
        nonce = int.from_bytes(self.iv, "big") ^ int.from_bytes(number, "big")
        header = bytes([first]) + packet[1:number_at] + number
        try:
            return self._payload.decrypt(nonce.to_bytes(12, "big"), packet[begin:], header)
        except InvalidTag:
            return None
