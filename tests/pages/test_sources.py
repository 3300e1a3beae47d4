"""The page's sources: the session against the vectors, types, the table of codes, the languages, what is vendored."""

from __future__ import annotations

import graphlib
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from huntserver.errors import CLOSES, REFUSALS, RESENT_WITH_SAME_KEY
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.gateway.bundles import bundles, without_comments
from huntserver.gateway.pages import ENTRIES, WEB

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
VENDORED = {"lit-html": "lit-html", "marked": "marked", "qr": "qr"}
"""Folder below `vendor/` -> the package whose files lie there, as they are."""
LICENCES = {"LICENSE.txt": "LICENSE", "LICENSE-MIT.txt": "LICENSE-MIT"}
OURS = [path for path in sorted(WEB.rglob("*.js")) if "vendor" not in path.parts]


def vectors(session: Path) -> tuple[int, str]:
    """Run a session against the vectors; return the exit code and what was said."""
    told = [str(HERE / "vectors.mjs"), str(session), str(ROOT / "huntserver" / "wire" / "vectors.jsonl")]
    done = subprocess.run(["node", *told], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def node(program: str) -> Any:
    """Run a module; return the JSON that it prints."""
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program], capture_output=True, text=True, cwd=WEB, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_session_in_javascript_keeps_to_every_vector() -> None:
    code, said = vectors(WEB / "client" / "session.js")
    assert code == 0, said
    assert re.fullmatch(r"\d\d+ vectors, 0 differ", said.strip())


def test_a_session_that_keeps_to_them_less_is_found(tmp_path: Path) -> None:
    for path in (WEB / "client").glob("*.js"):
        (tmp_path / path.name).write_text(path.read_text().replace("const WINDOW = 16", "const WINDOW = 17"))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    code, said = vectors(tmp_path / "session.js")
    assert code == 1
    assert "the key window, step" in said


def test_types_hold_in_all_modules() -> None:
    done = subprocess.run(
        [MODULES / ".bin" / "tsc", "--project", HERE], capture_output=True, text=True, cwd=HERE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_of_the_client_stands_alone(tmp_path: Path) -> None:
    """`clients/js` is what others take: packed and installed where nothing else is, it loads."""
    packed = tmp_path / "clients" / "js"
    shutil.copytree(ROOT / "clients" / "js", packed)
    shutil.copytree(WEB, tmp_path / "huntserver" / "web")
    told = ["npm", "pack", "--json", "--loglevel", "error", "--pack-destination", str(tmp_path)]
    done = subprocess.run(told, capture_output=True, text=True, cwd=packed, check=False)
    assert done.returncode == 0, done.stderr
    shutil.unpack_archive(next(tmp_path.glob("*.tgz")), tmp_path / "node_modules")
    (tmp_path / "node_modules" / "package").rename(tmp_path / "node_modules" / "huntserver-client")
    program = (
        "import { Client } from 'huntserver-client'; import { Session } from 'huntserver-client/session';"
        "console.log(JSON.stringify([typeof Client, typeof Session]))"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert json.loads(done.stdout or "null") == ["function", "function"], done.stderr


def test_no_module_of_the_pages_needs_itself() -> None:
    """No circle of static imports: a module can be read, and loaded, after all that it needs."""
    needs = {
        path: {
            (path.parent / name).resolve()
            for name in re.findall(r'^(?:import|export)\b[^;]*?from\s+"(\.[^"]+)"', path.read_text(), re.M)
        }
        for path in OURS
    }
    order = graphlib.TopologicalSorter({path: needed & needs.keys() for path, needed in needs.items()})
    order.prepare()  # raises CycleError, which names the circle
    assert sum(map(len, needs.values())) > len(OURS)


def test_the_table_of_codes_is_the_servers() -> None:
    told = node(
        "import { RESEND, CLOSES } from './client/codes.js';"
        "console.log(JSON.stringify({ resend: [...RESEND], closes: CLOSES }))"
    )
    assert dict(told["resend"]) == {code: REFUSALS[code].delay_ms for code in RESENT_WITH_SAME_KEY}
    assert told["closes"] == {str(c.number): {"name": c.name, "text": c.text} for c in CLOSES.values()}


@pytest.fixture(scope="module")
def languages() -> dict[str, dict[str, Any]]:
    """The texts of each language: the entrance's, and those of the hunt."""
    entrance, game = texts_in("strings"), texts_in("strings/game")
    assert entrance.keys() == game.keys()
    assert [key for key in entrance["en"] if key in game["en"]] == []
    return {tag: entrance[tag] | game[tag] for tag in entrance}


@pytest.fixture(scope="module")
def of_hosts() -> dict[str, dict[str, Any]]:
    """The console's texts of each language."""
    host, queue, editor = (texts_in(f"strings/{folder}") for folder in ("host", "queue", "editor"))
    return {tag: host[tag] | queue[tag] | editor[tag] for tag in host}


@pytest.fixture(scope="module")
def of_later() -> dict[str, dict[str, Any]]:
    """The texts of what the player's page loads when it is wanted."""
    return texts_in("strings/later")


def texts_in(folder: str) -> dict[str, dict[str, Any]]:
    tags = [path.stem for path in sorted((WEB / folder).glob("*.js"))]
    parts = "".join(f"import {tag} from './{folder}/{tag}.js';" for tag in tags)
    found: dict[str, dict[str, Any]] = node(f"{parts}console.log(JSON.stringify({{ {', '.join(tags)} }}))")
    return found


@pytest.mark.parametrize("name", ["languages", "of_hosts", "of_later"])
def test_every_language_has_every_text_with_the_same_gaps(name: str, request: pytest.FixtureRequest) -> None:
    languages: dict[str, dict[str, Any]] = request.getfixturevalue(name)
    assert len(languages) >= 2
    english = languages["en"]
    for tag, texts in languages.items():
        assert texts.keys() == english.keys(), tag
        for key, text in texts.items():
            assert gaps(text) == gaps(english[key]), (tag, key)
            assert isinstance(text, str) == isinstance(english[key], str), (tag, key)


def test_what_the_entrance_says_is_there_with_it() -> None:
    """In every language: what its modules name, not what the rest of the page brings them to say."""
    said = texts_in("strings")["en"]
    modules = [WEB / name for name in bundles(sources(), ENTRIES)["player/app.js"][1]]
    ours = [path for path in modules if not {"vendor", "strings"} & set(path.parts)]
    source = "\n".join(path.read_text() for path in ours)
    every = said.keys() | texts_in("strings/game")["en"].keys()
    used = set(re.findall(r"[\"'`]([a-z]+(?:\.[a-z_]+)+)[\"'`]", source)) & every
    assert used - said.keys() == set()
    codes = set(re.findall(r"(?:code: |missing\(.*, )\"(no_[a-z_]+)\"", source))
    assert {"no_connection", "no_name"} <= codes
    assert [code for code in codes if f"refused.{code}" not in said] == []


def test_every_text_of_the_console_is_used_and_every_text_used_is_there(of_hosts: dict[str, dict[str, Any]]) -> None:
    source = "\n".join(
        path.read_text() for path in OURS if path.parent.name in ("host", "board") and "strings" not in path.parts
    )
    families = set(re.findall(r"h\([^)`]*`([a-z]+\.)\$\{", source)) | {
        f"{stem}." for stem in re.findall(r"named\(\"([a-z]+)\"", source)
    }
    said = set(re.findall(r"\"([a-z_]+(?:\.[a-z_]+)*)\"", source))
    english = of_hosts["en"]
    # Buttons are named by what they do, in one word.
    assert {k for k in english if k not in said and not any(k.startswith(f) for f in families)} == set()
    assert {k for k in re.findall(r"\bh\(\"([a-z_.]+)\"", source) if k not in english} == set()


def test_every_text_of_what_is_loaded_later_is_used_and_is_there(of_later: dict[str, dict[str, Any]]) -> None:
    used = {key for path in OURS for key in re.findall(r"\bw\(\"([a-z_.]+)\"", path.read_text())}
    assert used == of_later["en"].keys()


def test_the_hunts_to_begin_with_can_be_played() -> None:
    made = node("import * as hunts from './host/example.js'; console.log(JSON.stringify(hunts))")
    assert len(made) == 2
    for text in made.values():
        assert isinstance(check_definition(text.encode(), "toml"), Definition)


def test_no_name_of_a_team_becomes_a_formula_in_a_spreadsheet() -> None:
    team = {
        "id": "t1",
        "name": '=HYPERLINK("http://evil")',
        "score": 3,
        "at_ms": 0,
        "members": 1,
        "bracket": "",
        "place": 1,
    }
    run = {"head": {"clues": [{"id": "a", "title": "A"}]}, "order": [{**team, "out": False, "cells": "s"}]}
    code = f"import {{ csv }} from './host/csv.js'; console.log(JSON.stringify(csv({json.dumps(run)})))"
    line = node(code).split("\r\n")[1]
    assert line.startswith('1,"\'=HYPERLINK(""http://evil"")",t1,')


def sources() -> dict[str, bytes]:
    """Return the page's files by path."""
    return {path.relative_to(WEB).as_posix(): path.read_bytes() for path in WEB.rglob("*.js")}


def gaps(text: str | dict[str, str]) -> set[str]:
    """Return the names that are filled in; {n} may be said in words in one form."""
    forms = [text] if isinstance(text, str) else list(text.values())
    return {name for form in forms for name in re.findall(r"\{(\w+)\}", form)} - {"n"}


def test_every_refusal_has_words_in_every_language(languages: dict[str, dict[str, Any]]) -> None:
    for tag, texts in languages.items():
        assert [code for code in REFUSALS if f"refused.{code}" not in texts] == [], tag


def test_every_text_is_used_and_every_text_used_is_there(languages: dict[str, dict[str, Any]]) -> None:
    source = "\n".join(path.read_text() for path in OURS if "strings" not in path.parts)
    used = set(re.findall(r"[\"'`]([a-z]+(?:\.[a-z_]+)+)[\"'`]", source)) & {k for k in languages["en"] if "." in k}
    families = set(re.findall(r"`([a-z]+\.)\$\{", source)) | {"refused."}
    unused = {
        key for key in languages["en"]
        if key not in used and not any(key.startswith(f) for f in families) and f'"{key}"' not in source
    }  # fmt: skip
    assert unused == set()


@pytest.mark.parametrize("folder", sorted(VENDORED))
def test_what_is_vendored_is_what_was_published_with_its_licence(folder: str) -> None:
    package = MODULES / VENDORED[folder]
    files = [path for path in sorted((WEB / "vendor" / folder).rglob("*")) if path.is_file()]
    assert any(path.name == "LICENSE.txt" for path in files)
    for path in files:
        name = path.relative_to(WEB / "vendor" / folder)
        original = package / LICENCES.get(path.name, name.as_posix())
        assert digest(path) == digest(original), path.name


def test_what_is_vendored_has_the_hashes_that_were_written_down() -> None:
    lines = (WEB / "vendor" / "SHA256SUMS").read_text().splitlines()
    written = {name: value for value, name in (line.split("  ") for line in lines)}
    found = {
        path.relative_to(WEB / "vendor").as_posix(): digest(path)
        for path in (WEB / "vendor").rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert written == found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_module_without_its_comments_is_the_same_program() -> None:
    program = """
        import ts from "./node_modules/typescript/lib/typescript.js";
        let given = "";
        for await (const part of process.stdin) given += part;
        const options = { compilerOptions: { target: "esnext", module: "esnext", removeComments: true } };
        const plain = (text) => ts.transpileModule(text, options).outputText;
        const differ = Object.entries(JSON.parse(given)).filter(([, [one, other]]) => plain(one) !== plain(other));
        console.log(JSON.stringify(differ.map(([name]) => name)));
    """
    texts = {path.name: path.read_text() for path in OURS}
    given = json.dumps({name: [text, without_comments(text)] for name, text in texts.items()})
    told = ["node", "--input-type=module", "--eval", program]
    done = subprocess.run(told, input=given, capture_output=True, text=True, cwd=HERE, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
    assert sum(text != without_comments(text) for text in texts.values()) > 30


def test_no_module_makes_markup_or_code_of_a_text() -> None:
    banned = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|unsafeHTML|style="
    )
    assert [f"{path.name}: {m.group()}" for path in OURS for m in banned.finditer(path.read_text())] == []


def test_modules_are_short_and_say_what_they_are() -> None:
    for path in OURS:
        lines = path.read_text().splitlines()
        assert len(lines) <= 400, path.name
        assert lines[0].startswith("// "), path.name
