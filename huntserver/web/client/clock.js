// The time of a device whose clock may be set, and which may sleep. Pure.

const JUMP_MS = 5_000;  // less is a clock that is kept right

export class DeviceClock {
  /** @param {number} wall_ms what the device's clock says, since 1970 @param {number} run_ms how long it has run */
  constructor(wall_ms, run_ms) {
    this._wall_ms = wall_ms;
    this._run_ms = run_ms;
    this._added_ms = 0;
    this._now_ms = wall_ms;
    /** Whether more time went by than the device ran: it slept, or its clock was set forward. Who reads it takes it back. */
    this.jumped = false;
  }

  /** Return the time, ms: it never goes back, and goes on as before when the clock is set back. @param {number} wall_ms @param {number} run_ms */
  read(wall_ms, run_ms) {
    const moved_ms = wall_ms - this._wall_ms - (run_ms - this._run_ms);
    this._wall_ms = wall_ms;
    this._run_ms = run_ms;
    if (moved_ms < -JUMP_MS) this._added_ms -= moved_ms;
    else if (moved_ms > JUMP_MS) this.jumped = true;
    this._now_ms = Math.max(this._now_ms, Math.floor(wall_ms + this._added_ms));
    return this._now_ms;
  }
}
