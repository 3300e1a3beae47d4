"""What axe finds on a page as it is: in light and in the dark, in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.pages.phone import AT_REST, Phone

AXE = (Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js").read_text()
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
IN_THE_DARK = {
    "runOnly": {
        "type": "rule",
        "values": [
            "color-contrast", "label", "button-name", "link-name", "image-alt", "svg-img-alt", "aria-dialog-name",
            "select-name", "summary-name", "html-has-lang", "html-lang-valid", "valid-lang", "link-in-text-block",
        ],
    }
}  # fmt: skip
"""What can be otherwise in the dark and in another language; a structure is the same."""
SPEAK = """async (tag) => {
    const { modules } = await import(document.querySelector("script[type=module]").src);
    const { game_words, spoken } = modules?.["player/words.js"] || {};
    if (!spoken) return "";  // the console's words are its own
    const before = spoken();
    dispatchEvent(new CustomEvent("language", { detail: tag || before }));
    await game_words();
    await new Promise((done) => setTimeout(done));
    return before;
}"""
"""Speaks another language; returns the one before. What cannot be had without a network stays as it is."""


def faults(phone: Phone, rules: dict[str, Any] = RULES) -> list[str]:
    """Return what axe finds on the page as it is, once nothing moves or changes colour any more."""
    phone.page.evaluate(AT_REST)
    devtools = phone.context.new_cdp_session(phone.page)
    devtools.send("Runtime.evaluate", {"expression": f"if (!globalThis.axe) {{ {AXE} }};0"})
    answer = devtools.send(
        "Runtime.evaluate",
        {"expression": f"axe.run({json.dumps(rules)})", "awaitPromise": True, "returnByValue": True},
    )
    found: dict[str, Any] = answer["result"]["value"]
    return [
        f"{one['id']}: {node['html'][:200]} {node['any'][:1]}" for one in found["violations"] for node in one["nodes"]
    ]


def looked_at(phone: Phone) -> list[str]:
    """Return what axe finds on the page as it is, and in the dark in the other language; leave it as it was."""
    heard = len(phone.troubles)
    found = faults(phone)
    dark = phone.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    before = phone.page.evaluate(SPEAK, "en" if phone.page.evaluate("document.documentElement.lang") == "de" else "de")
    phone.page.emulate_media(color_scheme="light" if dark else "dark")
    found += [f"in the {'light' if dark else 'dark'}: {fault}" for fault in faults(phone, IN_THE_DARK)]
    phone.page.emulate_media(color_scheme="dark" if dark else "light")
    if before:
        phone.page.evaluate(SPEAK, before)
    del phone.troubles[heard:]  # texts that a page without a network could not get
    return found
