"""Modules in one response: run by Node, a bundle does what its modules do."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from huntserver.gateway.bundles import NotBundled, bundles

SHOP = {
    "page/app.js": """// The entry.
import { price as cost, tax } from "./shop.js";
import * as shop from "./shop.js";
import words from "../words.js";
import "./counted.js";

/**
 * Says what `tea` costs.
 * @param {string} what
 */
export async function told(what) {
  const { far } = await import("./far.js");
  return `${words[what]}: ${cost + tax} ${shop.tax} ${far}`;
}
export const line = /** @type {string} */ ("// no comment");
""",
    "page/shop.js": """import{rate as r}from"../vendor/tax.js";
export const price = 2;
const t = r * price;
export { t as tax };
""",
    "page/counted.js": "globalThis.counted = (globalThis.counted || 0) + 1;\n",
    "page/far.js": 'export const far = "far";\n',
    "words.js": 'export default {\n  tea: "Tea",\n};\n',
    "vendor/tax.js": """/** @license Public domain */
const e=3;function n(){}export{e as rate};
//# sourceMappingURL=tax.js.map
""",
    "page/inside.js": """import { price } from "./shop.js";
import "./counted.js";
import { more } from "./more.js";
export const sum = price + more;
export class Till {}
""",
    "page/more.js": "export const more = 40;\n",
}
PAGE = ("page/app.js", "page/inside.js")


def encoded(sources: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in sources.items()}


def run(folder: Path, sources: dict[str, str]) -> Any:
    """Run the bundles among their files; return what they say."""
    made = bundles(encoded(sources), PAGE)
    for name, text in {**encoded(sources), **{name: text for name, (text, _) in made.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    (folder / "package.json").write_text('{"type": "module"}')
    program = """
        const app = await import("./page/app.js"), { sum, Till } = await import("./page/inside.js");
        const said = [await app.told("tea"), app.line, sum, typeof Till, counted, Object.keys(app.modules)];
        console.log(JSON.stringify(said));
    """
    told = ["node", "--input-type=module", "--eval", program]
    return json.loads(subprocess.run(told, capture_output=True, text=True, cwd=folder, check=True).stdout)


def test_a_bundle_does_what_its_modules_do_and_each_module_runs_once(tmp_path: Path) -> None:
    said, line, total, kind, counted, modules = run(tmp_path, SHOP)
    assert (said, line, total, kind, counted) == ("Tea: 8 6 far", "// no comment", 42, "function", 1)
    inside = ["page/more.js", "page/inside.js"]
    assert modules == ["vendor/tax.js", "page/shop.js", "words.js", "page/counted.js", "page/app.js", *inside]
    made = bundles(encoded(SHOP), PAGE)
    assert made["page/inside.js"][1] == inside
    text = made["page/app.js"][0].decode()
    assert "@license Public domain" in text
    assert "The entry" not in text
    assert "Says what" not in text
    assert "sourceMappingURL" not in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"page/shop.js": 'import { line } from "./app.js";\nexport const price = line, tax = 1;\n'},
         "page/app.js: is imported in a circle by way of page/app.js -> page/shop.js"),
        ({"page/shop.js": "export let price = 1;\n"},
         "page/shop.js: 'export let price = 1;' is not known to a bundle"),
        ({"page/shop.js": 'export * from "./more.js";\n'}, "page/shop.js: 'export * from "),
        ({"words.js": 'export default await import("./late.js");\n'},
         "words.js: await import( would be read from page/"),
        ({"page/shop.js": 'import { x } from "./gone.js";\n'},
         "page/gone.js: is imported by page/shop.js and not there"),
    ],
    ids=["a circle", "a binding that changes", "all of another", "a path from elsewhere", "a file that is not there"],
)  # fmt: skip
def test_what_cannot_be_bundled_is_named(changed: dict[str, str], words: str) -> None:
    with pytest.raises(NotBundled, match=re.escape(words)):
        bundles(encoded(SHOP | changed), PAGE)
