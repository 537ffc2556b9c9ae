"""Files of any form become text, or are refused with the reason."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from cogx.errors import BadSetting, MissingExtra
from cogx.text_files import FileText, text_of_file
from cogx.text_files.pdf import pdf_text

Put = Callable[[str, bytes], Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def put(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


def pdf(*pages: str, title: str = "", password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("notes.txt", "text/plain"), ("README", "text/plain"), ("a.b.MD", "text/markdown"),
        ("x.json", "application/json"), ("x.jsonl", "application/x-ndjson"), ("x.csv", "text/csv"),
        ("x.tsv", "text/tab-separated-values"), ("x.log", "text/plain"),
    ],
)  # fmt: skip
def test_a_text_comes_as_it_is(put: Put, name: str, form: str) -> None:
    content = "Grüße, 世界\n"
    found = text_of_file(put(name, content.encode()))
    assert found == FileText(content, Path(name).stem, form)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(put: Put, encoding: str) -> None:
    assert text_of_file(put("a.txt", "é\n".encode(encoding))).text == "é\n"


def test_lines_end_with_a_line_feed(put: Put) -> None:
    assert text_of_file(put("a.txt", b"a\r\nb\r\n")).text == "a\nb\n"


def test_a_media_type_that_is_told_goes_before_the_name(put: Put) -> None:
    assert (
        text_of_file(put("a.txt", b"a,b\n"), mime="text/csv; charset=utf-8").mime_type == "text/csv"
    )


@pytest.mark.parametrize("mime", ["application/octet-stream", "text/plain", "", None])
def test_a_vague_media_type_leaves_it_to_the_name(put: Put, mime: str | None) -> None:
    assert text_of_file(put("up.bin", b"a"), "notes.md", mime).mime_type == "text/markdown"


@pytest.mark.parametrize(
    ("name", "mime", "shown"),
    [
        ("a.docx", None, ".docx"),
        ("a.png", "image/png", "image/png"),
        ("a", "image/png", "image/png"),
    ],
)
def test_other_forms_are_refused(put: Put, name: str, mime: str | None, shown: str) -> None:
    with pytest.raises(BadSetting, match=rf"files of the form {shown} cannot be read. Known: .txt"):
        text_of_file(put(name, b"x"), mime=mime)


def test_bytes_that_are_no_utf_8_are_refused(put: Put) -> None:
    with pytest.raises(BadSetting, match=r"no text in UTF-8 \(byte 2\)"):
        text_of_file(put("a.txt", b"ab\xff"))


def test_bytes_of_zero_are_refused(put: Put) -> None:
    with pytest.raises(BadSetting, match="holds bytes of zero"):
        text_of_file(put("a.txt", b"ab\0"))


def test_a_file_that_is_too_long_is_refused(put: Put) -> None:
    with pytest.raises(BadSetting, match="longer than 4 bytes"):
        text_of_file(put("a.txt", b"abcde"), most=4)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read: No such file"):
        text_of_file(tmp_path / "no.txt")


PAGE = b"""<!doctype html><html><head><title>The  page</title><style>b{}</style></head><body>
<script>alert(1)</script><h1>Ada
 Lovelace</h1><p>Born <b>1815</b>, in London.<br>Died 1852.<!-- note --></p>
<ul><li>tea<li>chess</ul><table><tr><th>Name<th>Age</tr><tr><td>Ada</td><td>36</td></tr></table>
<pre>a
 b</pre>&amp; more</body></html>"""


def test_html_keeps_headings_lists_and_tables(put: Put) -> None:
    found = text_of_file(put("a.html", PAGE))
    assert found.text == (
        "# Ada Lovelace\n\nBorn 1815, in London.\nDied 1852.\n\ntea\nchess\n\n"
        "Name | Age\nAda | 36\n\na\nb\n\n& more\n"
    )


def test_html_says_its_title(put: Put) -> None:
    assert text_of_file(put("a.html", PAGE)).title == "The page"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<" * 5000,
        b"<div>" * 20_000 + b"x",
        b"\xff\xfe\x00",
        b"a.html",
        b"<?xml version='1.0'?><feed>x</feed>",
        b"<p>\xff\x81",
    ],
)
def test_odd_html_does_no_harm(put: Put, content: bytes) -> None:
    assert text_of_file(put("a.htm", content)).text.endswith("\n")


def test_the_encoding_that_html_tells_is_heard(put: Put) -> None:
    page = '<meta charset="latin-1"><p>é'.encode("latin-1")
    assert text_of_file(put("a.html", page)).text == "é\n"


def test_html_whose_declarations_cannot_be_read(put: Put) -> None:
    with pytest.raises(BadSetting, match="is no HTML that can be read"):
        text_of_file(put("a.html", b"<![- x --><p>"))


def test_pdf_pages_stand_apart(put: Put) -> None:
    found = text_of_file(put("a.pdf", pdf("Ada Lovelace", "Second page", title="A book")))
    assert found == FileText("Ada Lovelace\n\nSecond page\n", "A book", "application/pdf")


def test_a_pdf_is_known_by_its_first_bytes(put: Put) -> None:
    assert text_of_file(put("a.txt", pdf("x"))).mime_type == "application/pdf"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pdf(), "holds no text"),
        (pdf(""), "holds no text"),
        (pdf("x", password="secret"), "needs a password"),
        (pdf("x")[:200], "is a damaged PDF"),
        (b"%PDF-1.7\n" + b"\0" * 1000, "is a damaged PDF"),
    ],
)
def test_a_pdf_that_cannot_be_read(put: Put, content: bytes, message: str) -> None:
    with pytest.raises(BadSetting, match=f"a.pdf: {message}"):
        text_of_file(put("a.pdf", content))


def test_the_text_of_a_pdf_is_bounded() -> None:
    with pytest.raises(BadSetting, match="its text passes 1,000 characters"):
        pdf_text(pdf("x" * 600, "y" * 600), "a.pdf", 1000)


@pytest.mark.parametrize(("name", "module"), [("a.pdf", "pypdf"), ("a.html", "bs4")])
def test_a_missing_library_is_named(
    put: Put, name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'cogx\[documents\]'"):
        text_of_file(put(name, b"%PDF-" if name == "a.pdf" else b"<p>"))
