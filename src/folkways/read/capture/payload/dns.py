"""DNS responses (RFC 1035 section 4): the question and the records of the answer section."""

from collections.abc import Iterator
from typing import NamedTuple

A, CNAME, AAAA = 1, 5, 28
INTERNET = 1
HEADER = 12
MAX_NAME = 255
MAX_POINTERS = 127  # as many labels as a name can have
MAX_CHAIN = 64  # resolvers give up far earlier
ADDRESS_LENGTH = {A: 4, AAAA: 16}


class Record(NamedTuple):
    """A CNAME, A or AAAA record of class IN."""

    owner: bytes
    kind: int
    ttl: int
    """Seconds (RFC 2181 section 8: 0 if the top bit is set)."""
    value: bytes
    """The address in 4 or 16 bytes, or the canonical name."""


class Response(NamedTuple):
    """A response without error to one question; names in lower case without the final dot."""

    question: bytes
    records: list[Record]
    complete: bool
    """False: the message is damaged or cut, and ``records`` are those before the damage."""


class DamagedError(ValueError):
    """The message does not follow its own lengths."""


def read_response(message: bytes) -> Response | None:
    """The first question and the address and CNAME records of the answer section.

    None for whatever is no response (QR), has an error code, or has no question.
    """
    if len(message) < HEADER or not message[2] & 0x80 or message[2] & 0x78 or message[3] & 0x0F:
        return None  # neither a query, nor another opcode than QUERY, nor an error
    questions = int.from_bytes(message[4:6], "big")
    answers = int.from_bytes(message[6:8], "big")
    if not questions:
        return None
    records: list[Record] = []
    try:
        question, position = read_name(message, HEADER)
        position += 4
        for _ in range(questions - 1):
            position = read_name(message, position)[1] + 4
        question = question.lower()
    except DamagedError:
        return Response(b"", records, complete=False)
    try:
        for _ in range(answers):
            record, position = _read_record(message, position)
            if record:
                records.append(record)
    except DamagedError:
        return Response(question, records, complete=False)
    return Response(question, records, complete=True)


def _read_record(message: bytes, position: int) -> tuple[Record | None, int]:
    owner, position = read_name(message, position)
    fixed = message[position : position + 10]
    if len(fixed) < 10:
        raise DamagedError
    kind = fixed[0] << 8 | fixed[1]
    begin = position + 10
    end = begin + (fixed[8] << 8 | fixed[9])
    if end > len(message):
        raise DamagedError
    if fixed[2] << 8 | fixed[3] != INTERNET:
        return None, end
    ttl = int.from_bytes(fixed[4:8], "big")
    ttl = 0 if ttl >> 31 else ttl
    if kind == CNAME:
        target, after = read_name(message, begin)
        if after != end:
            raise DamagedError
        return Record(owner.lower(), kind, ttl, target.lower()), end
    if ADDRESS_LENGTH.get(kind) == end - begin:
        return Record(owner.lower(), kind, ttl, message[begin:end]), end
    return None, end


def read_name(message: bytes, position: int) -> tuple[bytes, int]:
    """The name at ``position`` (labels joined by dots) and the offset after it.

    A pointer must point before the place where this part of the name began, so that no chain of
    pointers can loop.

    Raises:
        DamagedError: it leaves the message, is too long, points forward, or has a dot in a label.
    """
    labels: list[bytes] = []
    length = 0
    after = -1
    lowest = position
    pointers = 0
    while True:
        if position >= len(message):
            raise DamagedError
        size = message[position]
        if size >= 0xC0:
            target = int.from_bytes(message[position : position + 2], "big") & 0x3FFF
            pointers += 1
            if position + 2 > len(message) or target >= lowest or pointers > MAX_POINTERS:
                raise DamagedError
            after = position + 2 if after < 0 else after
            position = lowest = target
            continue
        position += 1
        if not size:
            return b".".join(labels), position if after < 0 else after
        label = message[position : position + size]
        length += size + 1
        if size > 63 or len(label) < size or length > MAX_NAME or b"." in label:
            raise DamagedError
        labels.append(label)
        position += size


def addresses(response: Response) -> Iterator[tuple[Record, list[bytes], int]]:
    """Each address record that answers the question: record, names from question to owner, TTL.

    The TTL is the smallest along the chain. Records that the chain of CNAMEs does not lead to do
    not answer the question and are left out.
    """
    aliases = {r.owner: r for r in response.records if r.kind == CNAME}
    chain = [response.question]
    ttl = {response.question: 1 << 31}
    while (alias := aliases.get(chain[-1])) and alias.value not in ttl and len(chain) < MAX_CHAIN:
        ttl[alias.value] = min(ttl[chain[-1]], alias.ttl)
        chain.append(alias.value)
    for record in response.records:
        if record.kind != CNAME and record.owner in ttl:
            names = chain[: chain.index(record.owner) + 1]
            yield record, names, min(ttl[record.owner], record.ttl)
