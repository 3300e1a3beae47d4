// The player's page: one WebSocket, one hunt at a time. Every command has a key that is used once and kept until it is
// answered, so that a lost connection loses nothing: what was not answered goes again with the same key.
"use strict";

const at = (id) => document.getElementById(id);
const kept = (name, value) => value === undefined ? JSON.parse(localStorage.getItem(name)) : localStorage.setItem(name, JSON.stringify(value));
const FINAL_CLOSES = (code) => code >= 4000 && code < 4100;

const wanted = new URLSearchParams(location.search).get("hunt");   // a host's link: its hunt need not be listed

let socket = null, waits = 500, hunt = kept("hunt"), page = null, greeted = false, refreshing = 0;
let seen = { seq: 0, pos: 0, channels: {} };
const asked = new Map();                   // request -> what to do with its answer
const outbox = kept("outbox") || [];       // commands without an answer, in order
const verdicts = {};                       // clue -> last word on it
let request = 0;
if (!kept("epoch")) kept("epoch", "w" + crypto.getRandomValues(new Uint32Array(3)).join("").slice(0, 24));

function line(text, bad) { at("line").textContent = text; at("line").className = bad ? "bad" : ""; }
function made(tag, text, name) { const e = document.createElement(tag); if (text) e.textContent = text; if (name) e.className = name; return e; }
function flow(text) { return (text || "").trim().replace(/([^\n])\n(?=[^\n])/g, "$1 "); }   // lines of a file are not lines of a page
function news(text) { at("news").prepend(made("li", text)); while (at("news").childElementCount > 30) at("news").lastChild.remove(); }

// ---- commands and questions

function send(frame, then) {
  frame.id = ++request;
  asked.set(frame.id, then || (() => {}));
  socket.send(JSON.stringify(frame));
}
function command(op, fields, then) {
  const key = (kept("n") || 0) + 1;
  kept("n", key);
  outbox.push({ op, hunt, key, ...fields });
  kept("outbox", outbox);
  if (greeted) post(outbox[outbox.length - 1], then);
}
function post(frame, then) {
  send({ ...frame }, (answer) => {
    if (answer.err && answer.err.code === "unknown") return post(frame, then);
    if (answer.err && ["busy", "unavailable", "window", "rate_limited"].includes(answer.err.code))
      return setTimeout(() => greeted && post(frame, then), answer.err.after_ms || 500);
    outbox.splice(outbox.indexOf(frame), 1);
    kept("outbox", outbox);
    if (then) then(answer);
    refresh(50);
  });
}
function refresh(after_ms) {
  if (refreshing || !hunt) return;
  refreshing = setTimeout(() => {
    refreshing = 0;
    if (!greeted) return;
    send({ op: "page", hunt }, (answer) => { if (answer.ok) show(answer.ok); else line(answer.err.msg, true); });
    send({ op: "board", hunt }, (answer) => { if (answer.ok) board(answer.ok); });
  }, after_ms);
}

// ---- the connection

function connect() {
  const url = new URL("ws", location.href.replace(/^http/, "ws"));
  socket = new WebSocket(url);
  socket.onopen = () => {
    const resume = page && page.team ? [{ hunt, seq: seen.seq, pos: seen.pos, channels: seen.channels }] : [];
    send({ op: "hello", token: kept("token"), epoch: kept("epoch"), resume }, (answer) => {
      if (answer.err) { kept("token", null); return enter(); }
      if (answer.ok.token) kept("token", answer.ok.token);
      greeted = true; waits = 500; line("connected");
      outbox.forEach((frame) => post(frame, frame.op === "join" ? joined : undefined));
      if (hunt && !page && !outbox.some((frame) => frame.op === "join")) send({ op: "resume", hunt, seq: 0 });
      if (page) refresh(0);
    });
  };
  socket.onmessage = (event) => took(JSON.parse(event.data));
  socket.onclose = (event) => {
    greeted = false; asked.clear();
    if (FINAL_CLOSES(event.code)) return line(event.reason || "the server closed the connection", true);
    line("no connection; what you send now goes out later", true);
    setTimeout(connect, event.code >= 4200 ? 50 : waits * (0.5 + Math.random()));
    waits = Math.min(waits * 2, 15000);
  };
}
function joined(answer) {
  if (answer.err && answer.err.code !== "already_joined") { line(answer.err.msg, true); leave(); }
}
function took(message) {
  if (message.pos > seen.pos) seen.pos = message.pos;
  if (message.ch) heard(message.ch, message.id === undefined ? message.seq : message.pos);
  if (message.id !== undefined) {
    const then = asked.get(message.id);
    asked.delete(message.id);
    if (then) then(message);
  } else if (message.t === "snapshot") {
    seen = { seq: message.seq, pos: Math.max(seen.pos, message.seq), channels: { ...message.channels } };
    show(message.data); refresh(0);
  } else if (message.t === "state") board(message.data);
  else if (message.t === "event") {
    message.events.forEach(tell);
    refresh(message.ch === "hunt" ? 200 + Math.random() * 1000 : 50);   // a crowd does not ask all at once
  } else if (message.t === "sys" && message.op === "refused") { line(message.err.msg, true); leave(); }
  else if (message.t === "sys" && message.op === "goaway") line("the server restarts; coming back by itself");
}
function heard(channel, seq) { seen.channels[channel] = seq; if (seq > seen.seq) seen.seq = seq; }
function tell(event) {
  const who = event.team_name || event.name || event.team || "somebody";
  const said = {
    announced: () => event.text, started: () => "The hunt has begun.", paused: () => "The hunt is paused.",
    unpaused: () => "The hunt goes on.", ended: () => "The hunt is over.",
    first_finder: () => `${who} is the first to solve clue ${event.clue_number}.`,
    claimed: () => `${who} found ${event.title} (number ${event.rank}).`,
  }[event.type];
  if (said) news(said());
}

// ---- what is shown

function show(data) {
  page = data;
  at("enter").hidden = true; at("play").hidden = false;
  at("title").textContent = data.title;
  at("intro").textContent = flow(data.intro);
  const team = data.team;
  at("team-line").textContent = team ? `${team.name}: ${team.score} points, place ${team.place || "-"}. ${data.phase}.` + (team.invite ? ` Invite code ${team.invite}.` : "") : data.phase;
  const typing = document.activeElement && document.activeElement.dataset.clue, text = typing && document.activeElement.value;
  at("clues").replaceChildren(...(data.clues || []).map(clueCard));
  if (typing) { const field = document.querySelector(`input[data-clue="${CSS.escape(typing)}"]`); if (field) { field.value = text; field.focus(); } }
  at("treasures").replaceChildren(...(data.treasures || []).map(treasureCard));
}
function clueCard(clue) {
  const card = made("article", "", clue.solved ? "solved" : "");
  const head = made("h3", `${clue.number}. ${clue.title}`);
  head.append(made("span", clue.solved ? "solved" : `${clue.points} points`));
  card.append(head, made("p", flow(clue.text)));
  if (clue.solved) { if (clue.solved_text) card.append(made("p", flow(clue.solved_text), "hint")); return card; }
  for (const hint of clue.hints || []) {
    if (hint.text) card.append(made("p", "Hint: " + flow(hint.text), "hint"));
    else {
      const take = made("button", `Hint for ${hint.price} points`, "plain");
      take.onclick = () => command("hint", { clue: clue.id, hint: hint.id }, (a) => said(clue.id, a));
      card.append(take);
    }
  }
  if (clue.kind === "text") {
    const form = made("form"), field = made("input"), button = made("button", "Guess");
    field.dataset.clue = clue.id; field.maxLength = 200; field.autocomplete = "off";
    form.append(field, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      if (field.value.trim()) command("guess", { clue: clue.id, text: field.value }, (a) => said(clue.id, a));
      field.value = "";
    };
    card.append(form);
  } else card.append(made("p", clue.kind === "code" ? "Find its code and enter it below." : "Go there and press “I am here”.", "hint"));
  card.append(made("p", verdicts[clue.id] || "", "verdict"));
  return card;
}
function treasureCard(treasure) {
  const card = made("article", "", treasure.mine ? "solved" : "");
  const head = made("h3", treasure.title);
  head.append(made("span", treasure.mine ? "yours" : `${treasure.left} left, ${treasure.points} points`));
  card.append(head, made("p", flow(treasure.text)));
  if (!treasure.mine && treasure.left !== 0) {
    const take = made("button", "Claim", "plain");
    take.onclick = () => command("claim", { treasure: treasure.id }, (a) => said("", a));
    card.append(take);
  }
  return card;
}
function said(clue, answer) {
  const ok = answer.ok;
  const text = answer.err ? answer.err.msg + (answer.err.after_ms ? ` (${Math.ceil(answer.err.after_ms / 1000)} s)` : "")
    : ok.reply || (ok.verdict === "correct" ? `correct: ${ok.points} points, rank ${ok.rank}` : ok.verdict || "done");
  if (clue) verdicts[clue] = text;
  line(text, !!answer.err || (ok && ok.verdict === "incorrect"));
}
function board(data) {
  const mine = page && page.team && page.team.id;
  at("board").replaceChildren(...data.rows.map((row) => {
    const item = made("li", `${row.name}: ${row.score}`, row.team === mine ? "mine" : "");
    item.value = row.place;
    return item;
  }));
}

// ---- coming in

async function enter() {
  at("play").hidden = true; at("enter").hidden = false;
  at("title").textContent = "Treasure hunts";
  const { hunts } = await (await fetch("hunts")).json();
  if (wanted && !hunts.includes(wanted)) hunts.unshift(wanted);
  at("hunt").replaceChildren(...hunts.map((id) => made("option", id)));
  if (wanted) at("hunt").value = wanted;
  at("name").value = kept("name") || "";
  line(hunts.length ? "choose a hunt" : "no hunt is open here");
}
function leave() {
  if (greeted && hunt) send({ op: "leave", hunt });
  hunt = null; page = null; kept("hunt", null); seen = { seq: 0, pos: 0, channels: {} };
  at("news").replaceChildren(); at("board").replaceChildren();
  enter();
}
at("enter").onsubmit = async (event) => {
  event.preventDefault();
  kept("name", at("name").value.trim());
  if (!kept("token")) {
    const answer = await (await fetch("guest", { method: "POST", body: JSON.stringify({ name: kept("name") }) })).json();
    if (!answer.token) return line(answer.msg, true);
    kept("token", answer.token);
  }
  hunt = at("hunt").value; kept("hunt", hunt);
  const fields = at("invite").value ? { invite: at("invite").value.trim().toUpperCase() } : { team: at("team").value || kept("name") };
  if (greeted) command("join", fields, joined);
  else { const key = (kept("n") || 0) + 1; kept("n", key); outbox.push({ op: "join", hunt, key, ...fields }); kept("outbox", outbox); connect(); }
};
at("scan").onsubmit = (event) => {
  event.preventDefault();
  if (at("code").value.trim()) command("scan", { code: at("code").value }, (a) => said("", a));
  at("code").value = "";
};
at("here").onclick = () => navigator.geolocation.getCurrentPosition(
  (p) => command("checkin", { lat: p.coords.latitude, lon: p.coords.longitude, accuracy_m: p.coords.accuracy }, (a) => said("", a)),
  (error) => line(error.message, true), { enableHighAccuracy: true });
at("leave").onclick = leave;
addEventListener("online", () => { if (socket && socket.readyState === WebSocket.CLOSED) connect(); });
if (kept("token") && hunt && (!wanted || wanted === hunt)) connect(); else enter();
