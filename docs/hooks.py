"""Additions to mkdocs: show the version, find topics, insert the changelog, leave out blocks that only tests run,
make tabs of blocks in several languages, mark columns of text, give rows of tables anchors.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

#: The titles of tabs; a choice applies to the whole site (`content.tabs.link`).
LANGUAGES = ("Node", "Python", "Python, Node's spelling")


def on_config(config: Any) -> Any:
    """Show the version in the footer; put the topics that the navigation does not name behind those that it names."""
    source = (ROOT / "src" / "writehead" / "__init__.py").read_text("utf-8")
    version = re.search(r'__version__ = "(.+)"', source)
    assert version is not None
    config["copyright"] = f"writehead {version[1]}, MIT licence"
    topics = next(each["Topics"] for each in config["nav"] if "Topics" in each)
    named = str(topics)
    found = sorted(path.name for path in (ROOT / "docs" / "topics").glob("*.md"))
    topics += [f"topics/{name}" for name in found if f"topics/{name}" not in named]
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page as it is to be shown."""
    source = page.file.src_uri
    if source == "project/changelog.md":
        changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
        markdown = changelog.replace("SECURITY.md#compatibility", "compatibility.md")
    markdown = re.sub(r"(?ms)^<!-- (?:python|client)\n.*?^-->\n", "", markdown)
    markdown = with_columns(with_tabs(markdown))
    return with_anchors(markdown) if source.startswith("reference/") else markdown


def with_tabs(markdown: str) -> str:
    """Let blocks under the title of a language be tabs.

    The source has titles in bold, since where the code is hosted nobody renders tabs.
    """

    def tab(block: re.Match[str]) -> str:
        return f'=== "{block[1]}"\n\n' + re.sub(r"(?m)^(?=.)", "    ", block[2])

    labels = "|".join(LANGUAGES)
    return re.sub(rf"(?ms)^\*\*({labels})\*\*\n\n(```\w+\n.*?^```$)", tab, markdown)


def with_columns(markdown: str) -> str:
    """Mark the columns of a table that hold sentences, so that the names beside them leave room for these."""

    def mark(head: re.Match[str]) -> str:
        head_text = re.sub(r"\| (What[^|]*|When|Above it|How) (?=\|)", r"| \1 { .text } ", head[0])
        return re.sub(r"\| (Type|Default value) (?=\|)", r"| \1 { .value } ", head_text)

    return re.sub(r"(?m)^\| .* \|$(?=\n\|[-:| ]+\|$)", mark, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Mark short code, so that the style sheet can keep a name such as `--shutdown-timeout` in one line."""
    return re.sub(
        r"<code( id=\"[^\"]*\")?>([^<\s]{1,32}|[^<\n]{1,28})</code>", r'<code\1 class="name">\2</code>', html
    )


def with_anchors(markdown: str) -> str:
    """Let a row that begins with names in code be linked to by these names."""
    taken = set(re.findall(r"\{ #([\w.-]+)", markdown))

    def mark(row: re.Match[str]) -> str:
        return re.sub(r"`(\w+)[^`]*`", name, row[0])

    def name(code: re.Match[str]) -> str:
        if code[1] in taken:
            return code[0]
        taken.add(code[1])
        return f"{code[0]}{{ #{code[1]} }}"

    return re.sub(r"(?m)^\| `[^|]*", mark, markdown)
