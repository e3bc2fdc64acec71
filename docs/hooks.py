"""What mkdocs does to a page besides: the changelog comes in, the tests' own blocks go."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def on_page_markdown(markdown: str, page, **_) -> str:
    if page.file.src_uri == "project/changelog.md":
        markdown = (ROOT / "CHANGELOG.md").read_text("utf-8")
        markdown = markdown.replace("SECURITY.md#compatibility", "compatibility.md")
    return re.sub(r"(?ms)^<!-- (?:python|client)\n.*?^-->\n", "", markdown)
