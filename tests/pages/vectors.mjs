// Runs the conformance vectors against the session in JavaScript; writes what differs, and how many vectors there were.

import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const [, , session_path, vectors_path] = process.argv;
const { Session } = await import(session_path);

/** Make one call; return what a vector says of it. */
function step(session, { at, call, roll = 0.5, with: args = {} }) {
  const found = {};
  let out = [];
  if (call === "command" || call === "ask") [found.id, out] = session[call](args.op, args.fields, at);
  else if (call === "received") out = session.received("text" in args ? args.text : JSON.stringify(args.message), at, roll);
  else if (call === "closed") out = session.closed(at, roll, args.code ?? null, args.reason ?? "", args.after_ms ?? null);
  else if (call === "tick") out = session.tick(at, roll);
  else if (call === "follow" || call === "leave") out = session[call](args.hunt, at);
  else if (call === "renew") out = session.renew(args.token, at);
  else if (call === "start" || call === "connected" || call === "hurry") out = session[call](at);
  else if (call === "forget") session.forget(args.id);
  else if (call === "kept") found.returns = session.kept();
  else if (call === "server_ms") found.returns = session.server_ms(at);
  else throw new Error(`a vector calls ${call}, which is no call of a session`);
  return { ...found, out, wake: session.wake_ms() };
}

let differ = 0;
const lines = readFileSync(vectors_path, "utf8").trim().split("\n");
for (const line of lines) {
  const { name, session: about, steps } = JSON.parse(line);
  const session = new Session(about);
  for (const [i, given] of steps.entries()) {
    const expected = Object.fromEntries(Object.entries(given).filter(([field]) => ["id", "returns", "out", "wake"].includes(field)));
    const found = JSON.parse(JSON.stringify(step(session, given)));
    if (isDeepStrictEqual(found, expected)) continue;
    differ += 1;
    console.log(`${name}, step ${i} (${given.call}):\n  expected ${JSON.stringify(expected)}\n  found    ${JSON.stringify(found)}`);
    break;
  }
}
console.log(`${lines.length} vectors, ${differ} differ`);
process.exit(differ ? 1 : 0);
