"""Sound and video, dropped and pasted into the editor, play on a phone in their place."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.pages.desk import Desk, office_in, sign_in_link
from tests.pages.phone import WAIT_MS, Phone

Phones = Callable[..., Phone]
GIVE = """async ({ kind, name, bytes, type }) => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    const event = kind === "drop" ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true });
    document.getElementById("source").dispatchEvent(event);
}"""
"""What a browser does when files are dropped on, or pasted into, the text."""

FILM = """async () => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 64, height: 48 });
    const pen = canvas.getContext("2d");
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const ended = new Promise((done) => { recorder.onstop = done; });
    recorder.start();
    for (let n = 0; n < 20; n += 1) {
        pen.fillStyle = n % 2 ? "teal" : "gold";
        pen.fillRect(0, 0, 64, 48);
        await new Promise((done) => requestAnimationFrame(done));
    }
    recorder.stop();
    await ended;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
}"""


def bells() -> bytes:
    """Return half a second of sound."""
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(128 + (40 if n // 10 % 2 else -40) for n in range(4000)))
    return made.getvalue()


def test_sound_that_is_dropped_and_a_video_that_is_pasted_play_on_a_phone(
    browser: Browser, phone: Phones, tmp_path: Path
) -> None:
    with office_in(tmp_path) as office:
        host = Desk(browser)
        host.open(sign_in_link(office))
        host.page.locator("[data-door='example'], [data-act='new']").first.click()
        host.sees(".verdict", "Can be played to its end")
        paper = host.page.locator("#source")
        paper.evaluate("(field) => field.setSelectionRange(...Array(2).fill(field.value.indexOf('Count the spikes')))")
        sound = {"kind": "drop", "name": "Bells.wav", "type": "audio/wav", "bytes": list(bells())}
        host.page.evaluate(GIVE, sound)
        host.agree()
        host.sees("[data-medium='Bells.wav']", "Bells.wav")
        film = host.page.evaluate(FILM)
        host.page.evaluate(GIVE, {"kind": "paste", "name": "Lamp.webm", "type": "video/webm", "bytes": film})
        host.sees("[data-medium='Lamp.webm']", "Lamp.webm")
        expect(host.page.locator("[data-clue='gate'] audio")).to_have_count(1, timeout=WAIT_MS)
        expect(host.page.locator("[data-clue='gate'] video")).to_have_count(1, timeout=WAIT_MS)
        host.button("save")
        host.noted("Saved.")
        host.button("publish")
        host.agree()
        host.sees(".phase", "open to join")
        hunt = host.page.evaluate("location.hash.split('/')[1]")
        ada = phone()
        ada.play(f"http://127.0.0.1:{office.port}/?hunt={hunt}", "Ada", team="Reds")
        host.button("start")
        host.agree()
        ada.clue("gate")
        for kind in ("audio", "video"):
            medium = ada.page.locator(f".paper {kind}")
            expect(medium).to_have_attribute("controls", "")
            medium.evaluate("one => { one.muted = true; return one.play() }")
            expect(medium).to_have_js_property("ended", True, timeout=WAIT_MS)
            assert medium.evaluate("one => one.error") is None
        host.well()
        ada.well()
        host.close()
