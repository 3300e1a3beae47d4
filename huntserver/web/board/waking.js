// A screen that nobody touches for hours stays on, as long as the board is what it shows.

let asking = false;

/** Keep the screen on while this page is seen; where a browser cannot, or may not, it goes dark as it always did. */
export function stay_awake() {
  document.addEventListener("visibilitychange", () => void ask());
  void ask();
}

/** A browser takes the lock back whenever the page is hidden. */
async function ask() {
  if (asking || document.visibilityState !== "visible" || !navigator.wakeLock) return;
  asking = true;
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // a battery that is low, or a policy
  }
  asking = false;
}
