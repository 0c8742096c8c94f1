"""Templates that one sender, or another source, has and another sender lacks."""

from collections.abc import Callable
from functools import lru_cache

from folkways.formats.ipfix import V9
from folkways.model.told import ANY_PORT, Told
from folkways.read.netflow.memory import Memory
from folkways.read.netflow.messages import DataSet, Exporter, Header, Key
from folkways.read.netflow.templates import Field, Template

MAX_LENT = 100_000
_V9_PADDING = 4
"""A set's length is a multiple of it (RFC 3954 5.3); IPFIX exporters pad like this too."""


class Lender:
    """Finds templates for data whose own sender has not sent one, and keeps those that come."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.lent: dict[Key, Told] = {}
        """Templates of others that serve a sender which has none."""

    def tell(self, key: Key, value: str, at_ms: int) -> list[Key]:
        """Keep what a sender says of a template; who is not to go on with that of another one."""
        topic = self._memory.topic("template", *key)
        if not self._memory.say(topic, value, at_ms, port_of(key[0])):
            return []
        address = key[0] and key[0][0]
        gone = [k for k in self.lent if k[1:] == key[1:] and (k[0] and k[0][0]) == address]
        for one in gone:
            del self.lent[one]
        return gone

    def used(self, key: Key, template: Template, first_ms: int, last_ms: int) -> None:
        """Keep that a template was used for data that came before it."""
        topic = self._memory.topic("template", *key)
        self._memory.need(topic, write_template(template), first_ms, last_ms, port_of(key[0]))

    def lend(self, key: Key, header: Header, content: memoryview) -> DataSet | None:
        """A set that another sender's or source's template was there for when it was sent."""
        exporter, version, _, number = key
        topic, port = self._memory.topic("template", *key), port_of(exporter)
        told = self._memory.at_once(topic, header.export_ms, port)
        if told is None:
            return None
        self._memory.need(topic, told.value, header.export_ms, header.export_ms, port)
        template = read_template(number, told.value)
        if template is None or not fits(template, version, content):
            return None
        lasting = self._memory.lasts(told)
        if lasting and len(self.lent) < MAX_LENT:
            self.lent[key] = told
        return DataSet(exporter, header, template, bytes(content), lasting)

    def found(
        self, key: Key, at_ms: int, content: bytes | None, own: Template | None = None
    ) -> Template | None:
        """The template for data that waited; ``own`` if nothing else stood nearer in time."""
        topic, port = self._memory.topic("template", *key), port_of(key[0])
        told = self._memory.find(topic, at_ms, port)
        self._memory.need(topic, told.value if told else None, at_ms, at_ms, port)
        template = read_template(key[3], told.value) if told else None
        if template is None or template == own:
            return own
        return template if content is None or fits(template, key[1], content) else own

    def close(self, last_header: Callable[[tuple[Exporter, int, int]], Header | None]) -> None:
        """Keep to what time templates served: data that were gathered the quick way do not ask."""
        for key, told in self.lent.items():
            header = last_header(key[:3])
            if header is not None:
                last_ms = header.export_ms
                self._memory.need(told.topic, told.value, last_ms, last_ms, port_of(key[0]))


def port_of(exporter: Exporter) -> int:
    """The port of a sender."""
    return exporter[1] if exporter else ANY_PORT


def write_template(template: Template) -> str:
    """A template as a text."""
    fields = ",".join(f"{f.number}:{f.length}:{f.enterprise}" for f in template.fields)
    return f"{'options' if template.options else 'data'} {fields}"


@lru_cache(4096)
def read_template(number: int, value: str) -> Template | None:
    """The other way; None of an empty text. The same template is the same object."""
    if not value:
        return None
    kind, fields = value.split(" ")
    parts = (tuple(map(int, field.split(":"))) for field in fields.split(","))
    return Template(number, tuple(Field(*part) for part in parts), kind == "options")


def fits(template: Template, version: int, content: bytes | memoryview) -> bool:
    """Whether a set can be of this template: whole records, and padding behind them."""
    if template.variable:
        return True
    rest = len(content) % template.octets
    short = rest < _V9_PADDING or (version != V9 and not any(content[len(content) - rest :]))
    return len(content) >= template.octets and short
