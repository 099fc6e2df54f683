"""Rich text (.rtf): paragraphs, headings by style, lists, tables, footnotes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assistant.ingest.readers.content import Content, Draft, described, one_line
from assistant.ingest.readers.grid import check_size, write_sheet

_TOKEN = re.compile(
    r"\\(?:(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?|'(?P<byte>[0-9a-fA-F]{2})|(?P<sign>[^a-zA-Z]))"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)
_SIGNS = {
    "~": "\xa0",
    "_": "-",
    "\\": "\\",
    "{": "{",
    "}": "}",
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "nestcell": " ",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
_UNSEEN = frozenset(
    "colortbl pict header headerl headerr headerf footer footerl footerr footerf fldinst listtext pntext "
    "xe tc rxe txe object nonshppict ftnsep ftnsepc aftnsep aftnsepc private buptim revtim printim comment "
    "category keywords operator manager company subject doccomm hlinkbase themedata datastore".split()
)
_CHARSETS = {
    128: "cp932",
    129: "cp949",
    134: "gbk",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_MEMBERS = ("title", "author")


def read_rtf(data: bytes) -> Content:
    """Content of a rich text file; deleted and hidden text is left out, footnotes stand at the end."""
    reader = _Reader(data.lstrip(b"\xef\xbb\xbf \t\r\n\0").decode("latin-1"))
    draft = reader.read()
    said = reader.info
    metadata = described([("author", said.get("author")), ("date", said.get("date"))])
    title = one_line(said.get("title", "")) or reader.title
    title = title or next((heading.title for heading in draft.headings), None)
    return Content("application/rtf", draft.text, title, tuple(draft.headings), metadata=metadata)


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a pair of braces."""

    goes_to: str = "body"
    """`body`, `note`, nothing, or what of the file's own tables is read."""
    hidden: bool = False
    skip: int = 1
    """How many characters stand in for one that is given by its number."""
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
    """Goes through the words of a file once and writes its paragraphs to a draft."""

    source: str
    info: dict[str, str] = field(default_factory=dict)
    title: str | None = None
    _draft: Draft = field(default_factory=Draft)
    _codec: str = "cp1252"
    _fonts: dict[int, str] = field(default_factory=dict)
    _styles: dict[int, str] = field(default_factory=dict)
    _state: _State = field(default_factory=_State)
    _stack: list[_State] = field(default_factory=list)
    _at: _Paragraph = field(default_factory=_Paragraph)
    _pieces: dict[str, list[str]] = field(default_factory=dict)
    _bytes: bytearray = field(default_factory=bytearray)
    _left_out: int = 0
    _star: bool = False
    _font: int = 0
    _style: int = 0
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _count: int = 0
    _notes: list[str] = field(default_factory=list)

    def read(self) -> Draft:
        """The draft of the whole file."""
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
                self._shown(bytes.fromhex(code))
            elif text := found["text"]:
                self._shown(text.encode("latin-1"))
            else:
                self._sign(found["sign"])
        self._end_paragraph()
        self._end_table()
        for note in self._notes:
            self._draft.paragraph(note)
        return self._draft

    # -- braces and words ------------------------------------------------------------------------------------

    def _brace(self, brace: str) -> None:
        self._settle()
        self._left_out, self._star = 0, False
        if brace == "{":
            self._stack.append(self._state)
        elif self._stack:
            ended, self._state = self._state, self._stack.pop()
            if ended.goes_to != self._state.goes_to:
                self._end_of(ended.goes_to)

    def _end_of(self, place: str) -> None:
        """Take in what was said of one thing in a place apart."""
        text = one_line(self._taken(place))
        if place == "note" and text:
            self._notes.append(f"[{len(self._notes) + 1}] {text}")
            self._put(f" [{len(self._notes)}]")
        elif place in _MEMBERS and text:
            self.info[place] = text

    def _word(self, word: str, number: int | None) -> None:
        star, self._star = self._star, False
        if word == "u" and number is not None:
            self._settle()
            self._put(chr(number & 0xFFFF))
            self._left_out = self._state.skip
        elif word in _SIGNS:
            self._settle()
            self._put(_SIGNS[word])
        elif word in _UNSEEN or (star and word not in ("shptxt", "footnote")):
            self._settle()
            if word in ("listtext", "pntext"):
                self._at.is_item = True
            self._state = replace(self._state, goes_to="")
        elif handle := _WORDS.get(word):
            self._settle()
            handle(self, number)

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._star = True
        elif sign in "\r\n":
            self._end_paragraph()
        elif sign in _SIGNS:
            self._settle()
            self._put(_SIGNS[sign])

    # -- text ------------------------------------------------------------------------------------------------

    def _shown(self, text: bytes) -> None:
        if self._left_out:
            skipped, self._left_out = self._left_out, max(0, self._left_out - len(text))
            text = text[skipped:]
        if self._state.goes_to and not self._state.hidden:
            self._bytes += text

    def _settle(self) -> None:
        """Decode the bytes that came so far: a character may have several."""
        if self._bytes:
            text = self._bytes.decode(self._state.codec or self._codec, "replace")
            self._bytes.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        if self._state.goes_to and not self._state.hidden:
            self._pieces.setdefault(self._state.goes_to, []).append(text)
            if self._state.goes_to == "styles" and text.endswith(";"):
                self._styles[self._style] = self._taken("styles").strip(" ;").lower()

    def _taken(self, place: str) -> str:
        self._settle()
        text = "".join(self._pieces.pop(place, []))
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    # -- paragraphs and tables -------------------------------------------------------------------------------

    def _end_paragraph(self) -> None:
        self._settle()
        if self._state.goes_to == "note":
            self._put("\n")
        if self._state.goes_to != "body":
            return
        if self._at.in_table:
            self._put("\n")
            return
        self._end_table()
        text, at = self._taken("body"), self._at
        style = self._styles.get(at.style, "")
        named = re.fullmatch(r"heading (\d)", style)
        level = int(named.group(1)) if named else at.level
        if level is not None or style == "title":
            self.title = self.title or (one_line(text) or None if style == "title" else None)
            self._draft.heading(level or 1, text)
        elif at.is_item:
            self._draft.item(text, at.depth)
        else:
            self._draft.paragraph(text)
        at.is_item = False

    def _end_cell(self, _: int | None) -> None:
        if self._state.goes_to == "body":
            self._cells.append(one_line(self._taken("body")))
            self._count += 1
            check_size(self._count)

    def _end_row(self, _: int | None) -> None:
        if self._cells:
            self._rows.append(self._cells)
        self._cells, self._at = [], _Paragraph()

    def _end_table(self) -> None:
        if self._cells:
            self._end_row(None)
        if self._rows:
            write_sheet(self._draft, self._rows)
            self._rows = []

    # -- what words set --------------------------------------------------------------------------------------

    def _set_place(self, place: str) -> None:
        self._state = replace(self._state, goes_to=place)

    def _set_codec(self, number: int | None) -> None:
        self._set_codec_named(f"cp{number}")

    def _set_codec_named(self, name: str) -> None:
        with suppress(LookupError):
            self._codec = codecs.lookup(name).name

    def _set_font(self, number: int | None) -> None:
        self._font = number or 0
        if self._state.goes_to in ("body", "note"):
            self._state = replace(self._state, codec=self._fonts.get(self._font, ""))

    def _set_charset(self, number: int | None) -> None:
        if number in _CHARSETS:
            self._fonts[self._font] = _CHARSETS[number]

    def _set_style(self, number: int | None) -> None:
        if self._state.goes_to == "styles":
            self._style = number or 0
        else:
            self._at.style = number or 0

    def _set_level(self, number: int | None) -> None:
        if self._state.goes_to == "body":
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
        if self._state.goes_to == "body":
            self._at = _Paragraph(is_item=self._at.is_item)

    def _reset_characters(self, _: int | None) -> None:
        self._state = replace(self._state, hidden=False, codec="")

    def _set_date(self, shape: str, number: int | None) -> None:
        if self._state.goes_to == "date" and number is not None:
            self.info["date"] = "-".join(filter(None, [self.info.get("date"), f"{number:{shape}}"]))


def _into(place: str) -> Callable[[_Reader, int | None], None]:
    return lambda reader, _: reader._set_place(place)


def _of_date(shape: str) -> Callable[[_Reader, int | None], None]:
    return lambda reader, number: reader._set_date(shape, number)


def _ended(reader: _Reader, _: int | None) -> None:
    reader._end_paragraph()


_WORDS: dict[str, Callable[[_Reader, int | None], None]] = {
    **dict.fromkeys(["par", "sect", "page", "column"], _ended),
    "pard": _Reader._reset_paragraph,
    "plain": _Reader._reset_characters,
    "cell": _Reader._end_cell,
    "row": _Reader._end_row,
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
    "fonttbl": _into("fonts"),
    "stylesheet": _into("styles"),
    "info": _into("info"),
    "title": _into("title"),
    "author": _into("author"),
    "creatim": _into("date"),
    "footnote": _into("note"),
    "shptxt": _into("body"),
    "result": _into("body"),
    "yr": _of_date("04"),
    "mo": _of_date("02"),
    "dy": _of_date("02"),
}
