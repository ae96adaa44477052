"""The reading process: a document on standard input, its words as JSON on standard output; never called in ours.

Reads `KIND MOST_PAGES`; answers `{"text": …}` or `{"reason": …}` (a key of `reader._MENDS`).
"""

from __future__ import annotations

import io
import json
import logging
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coach.documents.pdf_text import RefusedFile, of_pdf
from coach.text.decoding import decoded, storable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


MOST_MEMORY = 1_500_000_000
MOST_UNPACKED = 60_000_000
MOST_CHARS = 200_000
LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00ad": ""})
WORD_ENDS = ("•", "●", "▪", "■", "◦", "‣", "\uf0b7", "\uf0a7")
ODT_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def main() -> None:
    """Reads, answers, ends; whatever goes wrong inside a library is a damaged file."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    logging.disable(logging.CRITICAL)
    kind, most_pages = sys.argv[1], int(sys.argv[2])
    content = sys.stdin.buffer.read()
    try:
        text = tidy(_READERS[kind](content, most_pages))
        answer = {"text": text} if text else {"reason": "empty"}
    except RefusedFile as error:
        answer = {"reason": str(error)}
    except Exception:
        answer = {"reason": "broken"}
    sys.stdout.write(json.dumps(answer))


def tidy(text: str) -> str:
    """Lines as a person reads them: ligatures and soft hyphens undone, bullets alike, no more than one empty line."""
    text = storable(text[:MOST_CHARS]).translate(LIGATURES).replace("\xa0", " ").replace("\r", "\n").replace("\f", "\n")
    lines = [re.sub(r"[ \t\u200b]+", " ", line).strip() for line in text.split("\n")]
    lines = [f"- {line[1:].strip()}" if line.startswith(WORD_ENDS) else line for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if line != "-")).strip()


def of_docx(content: bytes, _most_pages: int) -> str:
    """Paragraphs and tables in order, list items as bullets; headers hold names and addresses, so they come first."""
    import docx
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    _unpacks_within_reason(content)
    document = docx.Document(io.BytesIO(content))

    def lines(blocks: Iterator[Paragraph | Table]) -> Iterator[str]:
        for block in blocks:
            if isinstance(block, Paragraph):
                listed = "List" in (block.style.name or "") if block.style else False
                numbered = block._p.pPr is not None and block._p.pPr.numPr is not None
                yield f"- {block.text}" if (listed or numbered) and block.text.strip() else block.text
                continue
            for row in block.rows:
                seen: set[int] = set()
                for cell in row.cells:
                    if id(cell._tc) not in seen:
                        seen.add(id(cell._tc))
                        yield from lines(cell.iter_inner_content())

    header = document.sections[0].header if document.sections else None
    top = lines(header.iter_inner_content()) if header and not header.is_linked_to_previous else iter(())
    return "\n".join([*top, *lines(document.iter_inner_content())])


def of_odt(content: bytes, _most_pages: int) -> str:
    """Headings and paragraphs in order, list items as bullets."""
    from defusedxml.ElementTree import fromstring

    _unpacks_within_reason(content)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        root = fromstring(parts.read("content.xml"))
    inside = {id(p) for item in root.iter(f"{ODT_TEXT}list-item") for p in item.iter(f"{ODT_TEXT}p")}
    found = []
    for node in root.iter():
        if node.tag in (f"{ODT_TEXT}p", f"{ODT_TEXT}h"):
            words = "".join(_odt_words(node))
            found.append(f"- {words}" if id(node) in inside and words.strip() else words)
    return "\n".join(found)


def _odt_words(node: Element) -> Iterator[str]:
    yield {f"{ODT_TEXT}tab": " ", f"{ODT_TEXT}line-break": "\n", f"{ODT_TEXT}s": " "}.get(node.tag, "")
    yield node.text or ""
    for child in node:
        yield from _odt_words(child)
        yield child.tail or ""


def of_rtf(content: bytes, _most_pages: int) -> str:
    """Rich text without its formatting."""
    from striprtf.striprtf import rtf_to_text

    if not content.lstrip().startswith(b"{\\rtf"):
        raise RefusedFile("broken")
    read: Callable[..., str] = rtf_to_text
    return read(content.decode("cp1252", "replace"), errors="ignore")


def of_html(content: bytes, _most_pages: int) -> str:
    """What a reader of the page sees, a line for each block."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(decoded(content), "html.parser")
    for hidden in page(["script", "style", "template", "noscript", "head", "svg"]):
        hidden.decompose()
    for item in page("li"):
        item.insert(0, "• ")
    for block in page(
        ["p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "br", "ul", "ol"]
    ):
        block.insert_before("\n")
        block.insert_after("\n")
    return page.get_text()


def of_text(content: bytes, _most_pages: int) -> str:
    """A text file, whatever encoding it was saved in."""
    return decoded(content)


def _unpacks_within_reason(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
            raise RefusedFile("swollen")


_READERS: dict[str, Callable[[bytes, int], str]] = {
    "pdf": of_pdf,
    "docx": of_docx,
    "odt": of_odt,
    "rtf": of_rtf,
    "html": of_html,
    "htm": of_html,
    "txt": of_text,
    "md": of_text,
}

if __name__ == "__main__":
    main()
