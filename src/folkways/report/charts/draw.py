"""From a specification to a picture that can stand in a page among others."""

import re
import xml.etree.ElementTree as ET
from typing import Any

from folkways.report.charts.theme import CONFIG
from folkways.report.model import Spec

SVG = "http://www.w3.org/2000/svg"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NEEDLESS = ("role", "aria-roledescription", "aria-hidden", "aria-label", "pointer-events")


def draw(spec: Spec, prefix: str, title: str, description: str) -> str:
    """The picture as an SVG element with a title and a description for those who hear the page.

    Ids inside get the prefix, since all pictures of a page share one space of ids. Nothing is
    asked from the network.
    """
    import vl_convert

    text = vl_convert.vegalite_to_svg(spec, config=CONFIG, allowed_base_urls=[])
    root = ET.fromstring(text)  # noqa: S314  # our own output of the line above
    for element in root.iter():
        for name in _NEEDLESS:
            element.attrib.pop(name, None)
        for name, value in element.attrib.items():
            element.attrib[name] = _own(name, value, prefix)
    _prune(root)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "width": root.attrib["width"],
        "height": root.attrib["height"],
        "role": "img",
        "aria-labelledby": f"{prefix}-title {prefix}-desc",
    }
    for position, (tag, content) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{prefix}-{tag}"})
        element.text = content
        root.insert(position, element)
    return _serialise(root)


def _own(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return f"{prefix}-{value}"
    if name.endswith("href"):
        return value.replace("#", f"#{prefix}-", 1)
    return _REFERENCE.sub(rf"url(#{prefix}-\1)", value)


def _prune(element: Any) -> None:
    """Take out paths that draw nothing; there are hundreds in a picture of many panels."""
    for child in list(element):
        _prune(child)
        empty = child.tag == f"{{{SVG}}}path" and (
            child.attrib.get("display") == "none" or child.attrib.get("d") in {"", "M0,0h0v0h0Z"}
        )
        hollow = child.tag == f"{{{SVG}}}g" and len(child) == 0
        if empty or hollow:
            element.remove(child)


def _serialise(root: Any) -> str:
    """Without namespace prefixes, which HTML does not know."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
    text: str = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return text
