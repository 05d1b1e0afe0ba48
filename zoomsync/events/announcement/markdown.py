"""Markdown into blocks. No meaning here: see `page`."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

from zoomsync.events.announcement.markup import read_fragment
from zoomsync.events.announcement.page import BlockKind, Page, Writer


def read_markdown(source: str, first_line: int, page: Page) -> None:
    """Fill `page` from Markdown that begins in a line of it."""
    writer = Writer()
    _read_body(MarkdownIt("commonmark").enable("table").parse(source), first_line, writer, page)
    page.blocks += writer.blocks


def _read_body(tokens: list[Token], first_line: int, writer: Writer, page: Page) -> None:
    cells: list[tuple[str, tuple[tuple[int, int], ...]]] = []
    headings: list[str] = []
    heading = 0
    in_table = False
    for token in tokens:
        line = first_line + (token.map[0] if token.map else 0)
        match token.type:
            case "heading_open":
                heading = int(token.tag[1:])
            case "inline":
                _read_inline(token, line, writer, page)
                if not in_table:
                    writer.end(BlockKind.HEADING if heading else BlockKind.TEXT, heading)
                heading = 0
            case "table_open":
                in_table, headings = True, []
            case "table_close":
                in_table = False
            case "tr_open":
                cells = []
            case "td_close" | "th_close":
                cells.append(writer.take())
            case "tr_close":
                writer.row(cells, headings)
                headings = headings or [text for text, _ in cells]
            case "html_block":
                read_fragment(token.content, line, writer, page)
            case "code_block" | "fence":
                writer.add(token.content, line + (token.type == "fence"), breaks=True)
                writer.end()


def _read_inline(token: Token, line: int, writer: Writer, page: Page) -> None:
    for child in token.children or ():
        match child.type:
            case "softbreak" | "hardbreak":
                line += 1
                writer.add("\n", line - 1, breaks=True)
            case "html_inline":
                if child.content.lower().startswith("<br"):
                    writer.add("\n", line - 1, breaks=True)
            case "text" | "code_inline":
                writer.add(child.content, line)
            case "image":
                writer.add(" ", line)
