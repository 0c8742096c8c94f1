"""The page as HTML: whole, closed, alone, and deaf to what names in the data try."""

import re
from html.parser import HTMLParser

import pytest
from tests.report.parts import POISON

from folkways.report.html import POLICY
from folkways.report.model import Claims, Page
from folkways.report.page import BANNER

VOID = {"meta", "link", "br", "hr", "img", "input"}
NAMES = ["simulated", "public", "short"]


class Outline(HTMLParser):
    """Keeps ids, links and texts, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    return parser


@pytest.mark.parametrize("name", NAMES)
def test_tags_close_and_ids_are_unique(htmls: dict[str, str], name: str) -> None:
    found = outline(htmls[name])
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert "script" not in found.tags


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_from_anywhere(htmls: dict[str, str], name: str) -> None:
    found = outline(htmls[name])
    assert ("meta", "content", POLICY) in found.attributes
    links = [v for _, n, v in found.attributes if n in {"href", "src", "xlink:href", "srcset"}]
    assert links
    assert all(link.startswith("#") for link in links)
    assert not {"link", "img", "iframe", "object", "embed", "form"} & set(found.tags)
    assert not [n for _, n, _ in found.attributes if n.startswith("on")]
    assert "@import" not in htmls[name]
    assert not re.search(r"url\((?!#)", htmls[name])


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(htmls: dict[str, str], name: str) -> None:
    found = outline(htmls[name])
    targets = {v[1:] for _, n, v in found.attributes if n == "href"}
    references = set(re.findall(r"url\(#([^)]+)\)", htmls[name]))
    labels = {p for _, n, v in found.attributes if n == "aria-labelledby" for p in v.split()}
    assert targets | references | labels <= set(found.ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_there_with_its_id(
    htmls: dict[str, str], pages: dict[str, Page], name: str
) -> None:
    found = outline(htmls[name])
    text = " ".join("".join(found.texts).split())
    for block in pages[name].blocks:
        for claim in block.items if isinstance(block, Claims) else ():
            assert claim.id in found.ids
            assert " ".join(claim.sentence.split()) in text


def test_hostile_names_are_text(htmls: dict[str, str]) -> None:
    for name in ("simulated", "short"):
        html = htmls[name]
        assert "<script" not in html
        assert "alert(1)" in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<b>population</b>" not in html
        assert "Example &lt;b&gt;population&lt;/b&gt; &#34;quoted&#34;" in html
    assert "<title>How “Example” &amp; its &#34;members&#34; use" in htmls["simulated"]


def test_suppressed_numbers_are_nowhere(htmls: dict[str, str]) -> None:
    for html in htmls.values():
        assert str(POISON) not in html.replace(",", "")


def test_simulated_is_said_in_title_banner_and_on_each_printed_page(htmls: dict[str, str]) -> None:
    html = htmls["simulated"]
    assert re.search(r"<title>[^<]*\(simulated data\)</title>", html)
    assert f'<p class="banner" role="note">{BANNER}</p>' in html
    assert html.count(BANNER) == 2  # at the top and in the footer
    assert '<html lang="en" class="simulated">' in html
    assert '@bottom-left { content: "SIMULATED DATA' in html
    assert 'class="simulated"' not in htmls["public"]


def test_every_figure_has_two_pictures_with_words(htmls: dict[str, str]) -> None:
    found = outline(htmls["simulated"])
    figures = found.tags.count("figure")
    pictures = [v for tag, n, v in found.attributes if tag == "svg" and n == "role"]
    assert pictures == ["img"] * (2 * figures)
    assert found.tags.count("desc") == 2 * figures
