"""The menu of the documentation's site, made from the files of docs/: a hook of mkdocs (`make docs`).

A page is in the group whose pattern it fits first, under its own heading; one that fits none is in the last group, so
that no page is ever left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "Start": ("index.md",),
    "Playing and hosting": ("play.md", "walkthrough.md", "hunts.md", "host/*.md"),
    "Running a server": ("operations.md", "operations/*.md"),
    "Clients": ("protocol.md", "clients.md", "api.md", "feed.md"),
    "How it works": ("architecture.md", "adr/*.md"),
    "The proof": ("proof/how.md", "proof/*.md"),
    "More": ("**/*.md",),
}


def title(page: Path) -> str:
    """Return a page's first heading."""
    heading = next((line for line in page.read_text().splitlines() if line.startswith("# ")), f"# {page.stem}")
    return heading[2:].replace("`", "")


def menu(docs: Path) -> list[dict[str, Any]]:
    """Return the groups with their pages, each page once."""
    seen: set[Path] = set()
    groups: list[dict[str, Any]] = []
    for name, patterns in GROUPS.items():
        pages = [page for pattern in patterns for page in sorted(docs.glob(pattern)) if page not in seen]
        pages = list(dict.fromkeys(pages))
        seen.update(pages)
        entries = [{title(page): str(page.relative_to(docs))} for page in pages]
        if entries:
            groups.append({name: entries if len(entries) > 1 else next(iter(entries[0].values()))})
    return groups


def on_config(config: Any) -> Any:
    """Give mkdocs the menu."""
    config["nav"] = menu(Path(config["docs_dir"]))
    return config
