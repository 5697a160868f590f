"""Tables, and the blocks of a page that are written by a program: `<!-- begin NAME -->` to `<!-- end NAME -->`."""

from __future__ import annotations

import re


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" for _ in header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _block(text: str, name: str) -> re.Match:
    found = re.search(rf"(<!-- begin {name} -->\n)(.*?)(<!-- end {name} -->)", text, re.DOTALL)
    if not found:
        raise SystemExit(f"docs/performance.md has no block '{name}': add '<!-- begin {name} -->' and '<!-- end {name} -->'")
    return found


def block_of(text: str, name: str) -> str:
    return _block(text, name).group(2)


def replace_block(text: str, name: str, body: str) -> str:
    found = _block(text, name)
    return text[: found.end(1)] + body + "\n" + text[found.start(3) :]
