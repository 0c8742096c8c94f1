"""Seeds of published lists, of archives that hold them, and of settings files; of Parquet too."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from seeds_texts import TEXTS
from writers import writer

from folkways.attribute.imports.formats import FORMATS

Seeds = Iterator[tuple[str, bytes]]


def _samples() -> Iterator[tuple[str, int, bytes]]:
    for form, samples in writer("attribute/imports/test_formats.py").SAMPLES.items():
        for number, sample in enumerate(samples):
            yield form, number, sample.encode() if isinstance(sample, str) else sample


def lists() -> Seeds:
    """A file of each format, and the documents of clouds."""
    for form, number, sample in _samples():
        if (form, number) != ("geofeed", 1):  # which has no country to import
            yield f"{form}-{number}", sample
    tree = writer("attribute/imports/mmdb_by_hand.py").mmdb
    records: dict[str, Any] = {
        "1.0.0.0/8": {"country": {"iso_code": "AU"}, "score": 0.5, "list": ["a"]},
        "2001:db8::/32": {"autonomous_system_number": 64496},
    }
    yield "mmdb-28", tree(records, size=28, aliases=("2002::/16",))
    yield "mmdb-32", tree({"1.0.0.0/8": {"country_code": "AU"}}, size=32, version=4)
    w = writer("attribute/imports/test_tor.py")
    relays = ("1.0.0.1 9001 0", "Guard"), ("1.0.0.2 443 80\na [2001:db8::2]:8443", "Exit")
    documents = [
        w.consensus(f"2018-06-0{day} 01:00:00", *((at, f"{role} {w.SAID}") for at, role in relays))
        for day in (1, 2)
    ]
    yield "tor-archive", w.archive(*documents)
    aws = {"ip_prefix": "1.0.0.0/8", "region": "x", "service": "EC2"}
    yield "cloud-aws", json.dumps({"prefixes": [aws], "ipv6_prefixes": []}).encode()
    yield "cloud-google", json.dumps({"prefixes": [{"ipv4Prefix": "1.0.0.0/8"}]}).encode()
    yield "rir.gz", gzip.compress(next(s for form, _, s in _samples() if form == "rir"), mtime=0)


def named_lists() -> Seeds:
    """The same after an octet that names the format."""
    for form, number, sample in _samples():
        place = [one.id for one in FORMATS].index(form)
        yield f"{form}-{number}", bytes([place]) + sample


def _tar(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def domains() -> Seeds:
    """Host lists, and an archive of v2fly's lists."""
    yield "services.csv", b"# a comment\na.example,one\nwww.b.example,google\nb.co.uk,two\n"
    yield "hosts", b"127.0.0.1\tlocalhost\r\n0.0.0.0 a.com B.com. # two\r\n::1 ip6-loopback\r\n"
    one = b"a.com @cn &two\nfull:a.b.com @ads # x\ninclude:two @-cn\nregexp:^a.b$\nkeyword:b\n"
    yield "v2fly.tar", _tar({"x/data/one": one, "x/data/two": b"c.com\ninclude:one\n"})


def package() -> Seeds:
    """An npm package with a list and what describes it."""
    files = {
        "package/package.json": b'{"license": "CC0-1.0"}',
        "package/list.csv": b"1.0.0.0,1.0.0.255,AU\n",
        "package/list-num.csv": b"1,2,AU\n",
    }
    yield "list.tgz", gzip.compress(_tar(files), mtime=0)


def settings() -> Seeds:
    """A population, entries to fetch, a service, an operator."""
    origin = 'source = "x"\nchecked = 2026-01-01\n'
    yield "population", _POPULATION
    yield "entries", _ENTRIES
    service = 'id = "input"\nname = "One"\nfunction = "social"\n'
    parts = {
        "domain": 'suffix = "one.example.com"\n',
        "port": 'protocol = "tcp"\nport = 4000\n',
        "sensor": 'label = "one"\n',
        "network": 'prefix = "192.0.2.0/24"\nfrom = 2020-01-01\n',
    }
    facts = "".join(f"[[{part}]]\n{said}{origin}" for part, said in parts.items())
    yield "service", f"{service}{facts}".encode()
    seat = f'[[seat]]\ncountry = "US"\n{origin}[[asn]]\nnumber = 64496\nuse = "own"\n{origin}'
    yield "operator", f'id = "input"\nname = "One"\n{seat}'.encode()


def parquet() -> Seeds:
    """Flow logs of AWS, and a table that a preset knows."""
    start, ends = 1_439_387_263, {"srcaddr": "198.51.100.1", "dstaddr": "192.0.2.1"}
    log = ends | {"srcport": 443, "protocol": 6, "start": start, "end": start + 1}
    for name, row in {
        "aws": log,
        "akvorado": writer("read/tabular/test_presets.py").AKVORADO | {"TimeReceived": start},
    }.items():
        for compression in ("none", "zstd"):
            found = io.BytesIO()
            pq.write_table(pa.Table.from_pylist([row] * 3), found, compression=compression)
            yield f"{name}-{compression}.parquet", found.getvalue()


def recognised() -> Seeds:
    """A text of each kind, plain or compressed, which its content must tell."""
    packs = {
        "plain": bytes,
        "gz": lambda content: gzip.compress(content, mtime=0),
        "bz2": bz2.compress,
        "xz": lzma.compress,
    }
    for number, (family, make) in enumerate(TEXTS.items()):
        if family != "mapping":
            name, content = next(iter(make()))
            pack = list(packs)[number % len(packs)]
            yield f"{family}-{name}.{pack}", packs[pack](content)


_POPULATION = b"""\
name = "one"
timezone = "Europe/Prague"
[study]
k = 10
[[range]]
prefix = "10.0.0.0/8"
label = "office"
from = 2020-01-01
to = 2020-12-31
[[exclude]]
prefix = "10.0.0.1/32"
reason = "router"
"""
_ENTRIES = b"""\
[[fetch]]
id = "one"
kind = "asn"
url = "https://a.example/{day}.csv"
max_bytes = 1000
licence = "CC0-1.0"
[[npm]]
id = "two"
kind = "country"
package = "@a/two"
version = "1.0.0"
from = 2020-01-01
"""

LISTS = {
    "lists": lists,
    "named-lists": named_lists,
    "domains": domains,
    "package": package,
    "settings": settings,
    "parquet": parquet,
    "any": recognised,
}
