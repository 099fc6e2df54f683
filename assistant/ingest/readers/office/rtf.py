"""Rich text (.rtf): paragraphs, headings by style, lists, tables, footnotes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assistant.ingest.readers.content import Content, ContentBuilder, clean_metadata, one_line
from assistant.ingest.readers.grid import check_size, typed_rows, write_sheet
from assistant.ingest.readers.office.running import PAGE_NUMBER, is_page_number, unsaid

_TOKEN = re.compile(
    r"\\(?:(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?|'(?P<byte>[0-9a-fA-F]{2})|(?P<sign>[^a-zA-Z]))"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_SIGNS = {
    **{"~": "\xa0", "_": "-", "\\": "\\", "{": "{", "}": "}", "tab": "\t", "line": "\n", "lbr": "\n"},
    **{"emdash": "—", "endash": "–", "bullet": "•"},
    **{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"},
    **dict.fromkeys(["emspace", "enspace", "qmspace"], " "),
}
_SKIPPED = frozenset(
    "colortbl pict listtext pntext nonesttables "
    "xe tc rxe txe object nonshppict ftnsep ftnsepc aftnsep aftnsepc private buptim revtim printim comment "
    "category keywords operator manager company subject doccomm hlinkbase themedata datastore".split()
)
_CHARSETS = {
    **{128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254", 163: "cp1258"},
    **{177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
}
_INFO_FIELDS = ("title", "author")
_RUNNING = "header headerl headerr headerf footer footerl footerr footerf".split()


def read_rtf(data: bytes) -> Content:
    """Parse a rich text file. Deleted and hidden text is left out; footnotes follow at the end."""
    reader = _Reader(data.lstrip(b"\xef\xbb\xbf \t\r\n\0").decode("latin-1"))
    draft = reader.read()
    metadata = clean_metadata((key, reader.info.get(key)) for key in ("author", "date"))
    title = one_line(reader.info.get("title", "")) or reader.title or draft.first_heading
    return draft.content("application/rtf", title, metadata)


@dataclass(frozen=True, slots=True)
class _State:
    """The settings within a pair of braces."""

    destination: str = "body"
    """`body`, `note`, `running` above and below pages, `code` of a field, empty for skipped text, or the
    table of the file being read."""
    hidden: bool = False
    skip: int = 1
    """Number of fallback characters after a character given by its number."""
    codec: str = ""


@dataclass(slots=True)
class _Paragraph:
    style: int = 0
    level: int | None = None
    is_item: bool = False
    depth: int = 0
    in_table: bool = False


@dataclass(slots=True)
class _Reader:
    """Reads the words of a file once and writes its paragraphs to a draft."""

    source: str
    info: dict[str, str] = field(default_factory=dict)
    title: str | None = None
    _draft: ContentBuilder = field(default_factory=ContentBuilder)
    _codec: str = "cp1252"
    _fonts: dict[int, str] = field(default_factory=dict)
    _styles: dict[int, str] = field(default_factory=dict)
    _state: _State = field(default_factory=_State)
    _stack: list[_State] = field(default_factory=list)
    _at: _Paragraph = field(default_factory=_Paragraph)
    _pieces: dict[str, list[str]] = field(default_factory=dict)
    _bytes: bytearray = field(default_factory=bytearray)
    _to_skip: int = 0
    _star: bool = False
    _font: int = 0
    _style: int = 0
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _inner: list[str] = field(default_factory=list)
    _inner_rows: list[list[str]] = field(default_factory=list)
    _inner_tables: list[list[list[str]]] = field(default_factory=list)
    _before_inner: str = ""
    _count: int = 0
    _notes: list[str] = field(default_factory=list)
    _running: list[str] = field(default_factory=list)

    def read(self) -> ContentBuilder:
        """Return the draft of the whole file."""
        at = 0
        while found := _TOKEN.search(self.source, at):
            at = found.end()
            if word := found["word"]:
                number = int(found["number"]) if found["number"] else None
                if word == "bin" and number and number > 0:
                    at += number
                else:
                    self._word(word, number)
            elif brace := found["brace"]:
                self._brace(brace)
            elif code := found["byte"]:
                self._text(bytes.fromhex(code))
            elif text := found["text"]:
                self._text(text.encode("latin-1"))
            else:
                self._sign(found["sign"])
        self._end_paragraph()
        self._end_table()
        for text in (*self._notes, *unsaid(self._running, self._draft.text)):
            self._draft.paragraph(text)
        return self._draft

    # -- braces and words ------------------------------------------------------------------------------------

    def _brace(self, brace: str) -> None:
        self._decode_bytes()
        self._to_skip, self._star = 0, False
        if brace == "{":
            self._stack.append(self._state)
        elif self._stack:
            ended, self._state = self._state, self._stack.pop()
            if ended.destination != self._state.destination:
                self._end_destination(ended.destination)

    def _end_destination(self, place: str) -> None:
        """Store the text of a destination that has ended."""
        taken = self._take(place)
        text = one_line(taken)
        if place == "running":
            self._running += taken.split("\n")
        elif place == "code" and is_page_number(text):
            self._put(PAGE_NUMBER)
        elif place == "note" and text:
            self._notes.append(f"[{len(self._notes) + 1}] {text}")
            self._put(f" [{len(self._notes)}]")
        elif place in _INFO_FIELDS and text:
            self.info[place] = text

    def _word(self, word: str, number: int | None) -> None:
        star, self._star = self._star, False
        if word == "u" and number is not None:
            self._decode_bytes()
            self._put(chr(number & 0xFFFF))
            self._to_skip = self._state.skip
        elif word in _SIGNS:
            self._decode_bytes()
            self._put(_SIGNS[word])
        elif word in _SKIPPED or (star and word not in ("shptxt", "footnote", "fldinst")):
            self._decode_bytes()
            if word in ("listtext", "pntext"):
                self._at.is_item = True
            self._state = replace(self._state, destination="")
        elif handle := _WORDS.get(word):
            self._decode_bytes()
            handle(self, number)

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._star = True
        elif sign in "\r\n":
            self._end_paragraph()
        elif sign in _SIGNS:
            self._decode_bytes()
            self._put(_SIGNS[sign])

    def _text(self, text: bytes) -> None:
        if self._to_skip:
            skipped, self._to_skip = self._to_skip, max(0, self._to_skip - len(text))
            text = text[skipped:]
        if self._state.destination and not self._state.hidden:
            self._bytes += text

    def _decode_bytes(self) -> None:
        """Decode the bytes read until now: a character may have several."""
        if self._bytes:
            text = self._bytes.decode(self._state.codec or self._codec, "replace")
            self._bytes.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        if self._state.destination and not self._state.hidden:
            self._pieces.setdefault(self._state.destination, []).append(text)
            if self._state.destination == "styles" and text.endswith(";"):
                self._styles[self._style] = self._take("styles").strip(" ;").lower()

    def _take(self, place: str) -> str:
        self._decode_bytes()
        text = "".join(self._pieces.pop(place, []))
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _end_paragraph(self) -> None:
        self._decode_bytes()
        if self._state.destination in ("note", "running"):
            self._put("\n")
        if self._state.destination != "body":
            return
        if self._at.in_table:
            self._put("\n")
            return
        self._end_table()
        text, at = self._take("body"), self._at
        style = self._styles.get(at.style, "")
        heading = re.fullmatch(r"heading (\d)", style)
        level = int(heading.group(1)) if heading else at.level
        if level is not None or style == "title":
            self.title = self.title or (one_line(text) or None if style == "title" else None)
            self._draft.heading(level or 1, text)
        elif at.is_item:
            self._draft.item(text, at.depth)
        else:
            self._draft.paragraph(text)
        at.is_item = False

    def _end_cell(self, _: int | None) -> None:
        if self._state.destination == "body":
            self._cells.append(self._before_inner + self._take("body"))
            self._before_inner = ""
            if self._inner_rows:
                self._inner_tables.append(self._inner_rows)
                self._inner_rows = []
            self._count += 1
            check_size(self._count)
        elif self._state.destination == "running":
            self._put("\t")

    def _end_inner_cell(self, _: int | None) -> None:
        """Store a cell of a table in a cell; paragraphs before that table belong to the cell around it."""
        if self._state.destination == "body":
            text = self._take("body")
            if not self._inner and not self._inner_rows:
                before, end, text = text.rpartition("\n")
                self._before_inner = before + end
            self._inner.append(text)
            self._count += 1
            check_size(self._count)

    def _end_inner_row(self, _: int | None) -> None:
        if self._inner:
            self._inner_rows.append(self._inner)
            self._inner = []

    def _end_row(self, _: int | None) -> None:
        if self._cells:
            self._rows.append(self._cells)
        self._cells, self._at = [], _Paragraph()

    def _end_table(self) -> None:
        if self._cells:
            self._end_row(None)
        if self._rows:
            for rows in (self._rows, *self._inner_tables):
                write_sheet(self._draft, *typed_rows(rows))
            self._rows, self._inner_tables = [], []

    def _set_place(self, place: str) -> None:
        self._state = replace(self._state, destination=place)

    def _set_codec(self, number: int | None) -> None:
        self._set_codec_named(f"cp{number}")

    def _set_codec_named(self, name: str) -> None:
        with suppress(LookupError):
            self._codec = codecs.lookup(name).name

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if self._state.destination in ("body", "note"):
            self._state = replace(self._state, codec=self._fonts.get(self._font, ""))

    def _set_charset(self, number: int | None) -> None:
        if number in _CHARSETS:
            self._fonts[self._font] = _CHARSETS[number]

    def _set_style(self, number: int | None) -> None:
        if self._state.destination == "styles":
            self._style = number or 0
        else:
            self._at.style = number or 0

    def _set_level(self, number: int | None) -> None:
        if self._state.destination == "body":
            self._at.level = number + 1 if number is not None and 0 <= number < 9 else None

    def _set_depth(self, number: int | None) -> None:
        self._at.depth = min(max(number or 0, 0), 8)

    def _set_table(self, _: int | None) -> None:
        self._at.in_table = True

    def _set_hidden(self, number: int | None) -> None:
        self._state = replace(self._state, hidden=number != 0)

    def _set_skip(self, number: int | None) -> None:
        self._state = replace(self._state, skip=max(number or 0, 0))

    def _reset_paragraph(self, _: int | None) -> None:
        if self._state.destination == "body":
            self._at = _Paragraph(is_item=self._at.is_item)

    def _reset_characters(self, _: int | None) -> None:
        self._state = replace(self._state, hidden=False, codec="")

    def _set_date(self, shape: str, number: int | None) -> None:
        if self._state.destination == "date" and number is not None:
            self.info["date"] = "-".join(filter(None, [self.info.get("date"), f"{number:{shape}}"]))


def _enter(place: str) -> Callable[[_Reader, int | None], None]:
    return lambda reader, _: reader._set_place(place)


def _date_part(shape: str) -> Callable[[_Reader, int | None], None]:
    return lambda reader, number: reader._set_date(shape, number)


_WORDS: dict[str, Callable[[_Reader, int | None], None]] = {
    **dict.fromkeys(["par", "sect", "page", "column"], lambda reader, _: reader._end_paragraph()),
    **dict.fromkeys(_RUNNING, _enter("running")),
    "fldinst": _enter("code"),
    "chpgn": lambda reader, _: reader._put(PAGE_NUMBER),
    "pard": _Reader._reset_paragraph,
    "plain": _Reader._reset_characters,
    "cell": _Reader._end_cell,
    "row": _Reader._end_row,
    "nestcell": _Reader._end_inner_cell,
    "nestrow": _Reader._end_inner_row,
    "intbl": _Reader._set_table,
    "s": _Reader._set_style,
    "outlinelevel": _Reader._set_level,
    "ilvl": _Reader._set_depth,
    "f": _Reader._set_font,
    "fcharset": _Reader._set_charset,
    "ansicpg": _Reader._set_codec,
    "mac": lambda reader, _: reader._set_codec_named("mac_roman"),
    "pc": lambda reader, _: reader._set_codec_named("cp437"),
    "pca": lambda reader, _: reader._set_codec_named("cp850"),
    "uc": _Reader._set_skip,
    "v": _Reader._set_hidden,
    "deleted": _Reader._set_hidden,
    "fonttbl": _enter("fonts"),
    "stylesheet": _enter("styles"),
    "info": _enter("info"),
    "title": _enter("title"),
    "author": _enter("author"),
    "creatim": _enter("date"),
    "footnote": _enter("note"),
    "shptxt": _enter("body"),
    "result": _enter("body"),
    "yr": _date_part("04"),
    "mo": _date_part("02"),
    "dy": _date_part("02"),
}
