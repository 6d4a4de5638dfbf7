// Decisions about movements: every one is kept by the server before the page says so.

import { ask } from "api";
import { clock } from "frames";
import { Lens } from "lens";
import { List } from "list";
import { contentBox, placeAt } from "place";
import { adopt, bindKeys, choose, chosenOne, found, onChoice, page, player, setOrder } from "report";

const byId = (id) => document.getElementById(id);
const blind = "blind" in document.querySelector(".decide").dataset;
const others = new BroadcastChannel(`review ${location.pathname}`);
const nothingChosen = byId("about").textContent;
const LEAST_S = 0.1; // how long before and after its peak a mark without times is shown

let state = null;
let marking = false; // whether a missed movement is about to be marked, at the time that is on the screen
let queue = Promise.resolve(); // one decision after the other, in the order of the keys

const list = new List(page);
const lens = new Lens(page, player, decideTime);

function take(next) {
  if (state && state.made_utc !== next.made_utc) location.reload(); // the clip was analyzed again: this page shows what was
  state = next;
  const originals = [...page.movements.map((one) => [one, "counted"]), ...page.rejected.map((one) => [one, "not_counted"])];
  found.clear();
  for (const [one, origin] of originals) found.set(one.id, { ...one, origin, status: "undecided", notes: [], moved: false });
  for (const event of state.review.events) {
    const known = found.get(event.id) ?? { number: 0, focus: 0, size: "", reason: "", snr: Infinity, magnified: 0 };
    const { id, origin, status, notes, moved, peak_s, x_px, y_px } = event;
    const onset_s = event.onset_s ?? Math.max(0, peak_s - LEAST_S);
    const offset_s = event.offset_s ?? peak_s + LEAST_S;
    found.set(id, { ...known, id, origin, status, notes, moved, peak_s, onset_s, offset_s, x_px, y_px, clock: clock(peak_s, 2) });
  }
  const chosen = chosenOne();
  if (chosen) adopt(found.get(chosen.id) ?? null);
  list.show([...found.values()], chosenOne());
  showCounts();
  showChosen(chosenOne());
}

function showCounts() {
  const { reviewed, review } = state;
  byId("undo").disabled = !review.undoable.length;
  const begun = reviewed && reviewed.n_accepted + reviewed.n_rejected + reviewed.n_added > 0;
  const left = begun ? reviewed.n_undecided : 0;
  line("count", begun ? reviewed.n_events : null, left ? `reviewed so far, ${left} undecided` : "reviewed");
  const rate = begun && !left ? reviewed.rate_per_min : null;
  line("rate", rate === null ? null : Number(rate.toPrecision(3)), "reviewed");
}

function line(figure, value, words) {
  const box = document.querySelector(`.figure-${figure}`);
  if (!box) return;
  let row = box.querySelector(".review-line");
  if (value === null) {
    row?.remove();
    return;
  }
  if (!row) {
    row = document.createElement("p");
    row.className = "review-line";
    box.append(row);
  }
  const number = document.createElement("b");
  number.textContent = value;
  row.replaceChildren(number, ` ${words}`);
}

function describe(one) {
  const name = one.number ? `Movement ${one.number} of ${page.movements.length}` : one.origin === "added" ? "Marked by you" : "Not counted";
  const parts = [name, one.clock, one.reason_words, one.focus ? `place ${one.focus}` : "", one.size];
  if (one.origin === "gone") parts.push("no longer found");
  if (one.moved) parts.push("times changed");
  return parts.filter(Boolean).join(", ");
}

function showChosen(one) {
  const box = contentBox(byId("video"), page);
  const ring = byId("ring");
  if (ring) {
    ring.hidden = !one || one.x_px === null || !box;
    if (!ring.hidden) {
      const place = box.at(one.x_px, one.y_px);
      Object.assign(ring.style, { left: `${place.x}px`, top: `${place.y}px`, width: `${box.size}px`, height: `${box.size}px` });
    }
  }
  lens.show(one);
  for (const [id, status] of [["accept", "accepted"], ["reject", "rejected"]]) {
    const button = byId(id);
    if (!button) continue;
    button.disabled = !one;
    button.classList.toggle("on", one?.status === status);
    button.setAttribute("aria-pressed", String(one?.status === status));
  }
  const notes = one ? one.notes : state?.review.notes ?? [];
  byId("notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: `Note: ${text}` })));
  byId("about").textContent = one ? describe(one) : nothingChosen;
  byId("status").textContent = one?.status ?? "";
}

function say(text, failed = false) {
  byId("saved").textContent = text;
  byId("saved").classList.toggle("failed", failed);
}

// decisions are taken one after the other, each in view of what the one before has led to
function inOrder(work) {
  queue = queue.then(work).catch((error) => say(`Not kept: ${error.message}`, true));
}

async function keep(wish, words) {
  try {
    const { decision, state: next } = await ask("decide", { ...wish, seen_seq: state.review.last_seq });
    take(next);
    others.postMessage(decision.seq);
    say(`Kept: ${words}`);
    return decision;
  } catch (error) {
    say(`Not kept: ${error.message}`, true);
    if (error.status) await refresh();
    return null;
  }
}

async function refresh() {
  take(await ask("state"));
}

function verdict(action, words) {
  inOrder(async () => {
    const one = chosenOne();
    if (!one) return say(found.size ? "Choose a movement first: press N." : nothingChosen);
    const name = `${one.number ? `movement ${one.number}` : one.clock} ${words}`;
    if (!(await keep({ action, event_id: one.id }, name))) return;
    const next = list.after(one, (other) => other.status === "undecided");
    if (next) choose(next);
    else if (list.order.every((other) => other.status !== "undecided")) say(`Kept: ${name}. All that are listed are decided.`);
  });
}

function undo() {
  inOrder(async () => {
    const last = state.review.undoable.at(-1);
    if (last === undefined) return say("There is nothing to undo.");
    const decision = await keep({ action: "undo", undoes: last }, "undone");
    const again = [...found.values()].find((one) => one.id === decision?.event_id);
    if (again) choose(again, { play: false });
  });
}

const playable = () => player && !player.video.error && player.video.readyState > 0;

function startMark() {
  if (!playable()) return say("Without the video nothing can be marked.");
  player.video.pause();
  marking = true;
  document.body.classList.add("marking");
  sayMarking();
}

function sayMarking() {
  if (marking) say(`Movement at ${clock(player.time)}: click where it moved; Enter without a place, Escape to leave.`);
}

function endMark() {
  marking = false;
  document.body.classList.remove("marking");
}

function mark(place) {
  const peak_s = player.time;
  endMark();
  inOrder(async () => {
    const decision = await keep({ action: "add", peak_s, ...place }, `marked at ${clock(peak_s)}`);
    if (decision) choose(found.get(decision.event_id), { play: false });
  });
}

// only what was changed: the rest may have changed meanwhile, and of a mark may not be known
function decideTime(one, which, time) {
  inOrder(() => keep({ action: "move", event_id: one.id, [`${which}_s`]: time }, `${which} of ${one.clock}`));
}

function timeHere(which) {
  const one = chosenOne();
  if (!one || !playable()) return;
  decideTime(one, which, which === "onset" ? Math.min(player.time, one.peak_s) : Math.max(player.time, one.peak_s));
}

byId("accept")?.addEventListener("click", () => verdict("accept", "accepted"));
byId("reject").addEventListener("click", () => verdict("reject", "rejected"));
byId("undo").addEventListener("click", undo);
byId("mark").addEventListener("click", startMark);
byId("screen")?.addEventListener(
  "click",
  (event) => {
    if (!marking) return;
    event.stopPropagation();
    mark(placeAt(byId("video"), page, event) ?? {});
  },
  true,
);
byId("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const note = byId("note").value.trim();
  const one = chosenOne();
  if (note) {
    inOrder(async () => {
      if (await keep({ action: "note", event_id: one?.id ?? "", note }, "note")) byId("note").value = "";
    });
  }
  byId("note").blur();
});
byId("note").addEventListener("keydown", (event) => event.key === "Escape" && event.target.blur());
byId("save").addEventListener("click", async () => {
  try {
    await ask("save", {});
    say("report.html now shows the reviewed counts.");
  } catch (error) {
    say(error.message, true);
  }
});

bindKeys({
  a: () => blind || verdict("accept", "accepted"),
  r: () => verdict("reject", "rejected"),
  u: undo,
  m: startMark,
  t: () => byId("note").focus(),
  "[": () => timeHere("onset"),
  "]": () => timeHere("offset"),
});

document.addEventListener(
  "keydown",
  (event) => {
    if (!marking || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Enter") mark({});
    else {
      endMark();
      say("");
    }
  },
  true,
);

setOrder(() => list.order);
onChoice(showChosen);
player?.onFrame(sayMarking);
// in order, too: an answer that was overtaken would show what is no longer so
const look = () => (queue = queue.then(refresh).catch((error) => say(error.message, true)));
others.addEventListener("message", look);
window.addEventListener("focus", look);
window.addEventListener("resize", () => showChosen(chosenOne()));
byId("video")?.addEventListener("loadedmetadata", () => showChosen(chosenOne()));
if (blind) for (const element of document.querySelectorAll("#give, #save, .slide, #filter")) element.parentElement.hidden = true;
look();
