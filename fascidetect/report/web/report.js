// Brings the report to life: rows and marks jump to their movement and repeat it.

import { clock } from "frames";
import { Player } from "player";

const LEAD = 0.4; // s shown before the onset and after the offset
const data = JSON.parse(document.getElementById("page").textContent);
const byId = (id) => document.getElementById(id);

export const page = data;
export const found = new Map([...data.movements, ...data.rejected].map((one) => [one.id, one]));
const video = byId("video");
export const player = video ? new Player(video, data.video, data.ticks_per_s) : null;

let chosen = null;
const choiceListeners = [];
let order = () => data.movements;

// what stands for the chosen movement after its times or its status changed
export const adopt = (one) => (chosen = one);
export const onChoice = (listener) => choiceListeners.push(listener);
export const setOrder = (list) => (order = list);
export const chosenOne = () => chosen;

export function choose(one, { play = true } = {}) {
  chosen = one;
  for (const element of document.querySelectorAll("[data-id]")) {
    element.classList.toggle("chosen", element.dataset.id === one?.id);
    if (element.dataset.id === one?.id) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }
  if (one) {
    const row = byId(one.id);
    row?.closest("details")?.setAttribute("open", "");
    if (row) bringIntoView(row);
    if (player) showMovement(one, play);
  }
  for (const listener of choiceListeners) listener(one);
}

// the list scrolls beside the video; where it lies below it (on a phone), the video is what one wants to see
function bringIntoView(row) {
  const list = row.closest(".scrolling");
  if (list.scrollHeight <= list.clientHeight + 1) {
    byId("screen")?.scrollIntoView({ block: "nearest" });
    return;
  }
  const above = row.getBoundingClientRect().top - list.getBoundingClientRect().top;
  const below = above + row.offsetHeight - list.clientHeight;
  if (above < 0) list.scrollTop += above - 6;
  else if (below > 0) list.scrollTop += below + 6;
}

function showMovement(one, play) {
  const from = one.onset_s - LEAD;
  if (byId("loop").checked) player.repeat(from, one.offset_s + LEAD);
  else player.repeatNothing();
  if (!play) {
    video.pause();
    player.showTime(one.peak_s);
    return;
  }
  player.showTime(from);
  video.playbackRate = Number(document.querySelector("input[name=speed]:checked").value);
  player.play();
}

export function move(by) {
  const list = order();
  if (!list.length) return;
  const at = list.indexOf(chosen);
  if (at >= 0) choose(list[(at + by + list.length) % list.length]);
  else {
    const now = player ? player.time : 0;
    const after = list.findIndex((one) => one.peak_s > now);
    choose(by > 0 ? list[Math.max(0, after)] : list[(after < 0 ? list.length : after) - 1] ?? list.at(-1));
  }
}

const actions = {
  " ": () => player?.toggle(),
  ArrowLeft: () => player?.step(-1),
  ArrowRight: () => player?.step(1),
  n: () => move(1),
  p: () => move(-1),
  l: () => byId("loop").click(),
  s: nextSpeed,
  f: fullScreen,
};

export function bindKeys(more) {
  Object.assign(actions, more);
}

function nextSpeed() {
  const speeds = [...document.querySelectorAll("input[name=speed]")];
  speeds[(speeds.findIndex((one) => one.checked) + 1) % speeds.length].click();
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else byId("screen")?.requestFullscreen?.();
}

const typing = (target) => target.closest("input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = actions[name];
  if (!action) return;
  if (name === " " && event.target.closest("button, summary, a, label")) return; // it presses what has the focus
  if (name.startsWith("Arrow") && event.target.closest("[role=slider], input[type=radio], input[type=range]")) return;
  event.preventDefault();
  action();
});

// what was pressed by the mouse lets go of the keys: space plays, and does not press it once more
document.addEventListener("click", (event) => {
  const pressed = document.activeElement;
  if (event.detail > 0 && pressed?.matches("button, input[type=radio], input[type=checkbox], input[type=range]")) pressed.blur();
});

for (const element of document.querySelectorAll(".needs-js")) element.hidden = false;
export function bind(element) {
  const show = () => choose(found.get(element.dataset.id));
  const target = element.querySelector(".jump") ?? element;
  target.addEventListener("click", show);
  const strip = element.querySelector(".strip");
  if (strip) strip.onclick = show; // it may be bound before, in a row that was drawn anew
}

for (const element of document.querySelectorAll("[data-id]")) bind(element);

const playhead = byId("playhead");
const span = data.end_s - data.start_s;

if (player) {
  video.controls = false; // they would cover the strip below the picture
  video.addEventListener("click", () => player.toggle());
  byId("full").addEventListener("click", fullScreen);
  byId("play").addEventListener("click", () => player.toggle());
  byId("back").addEventListener("click", () => player.step(-1));
  byId("forward").addEventListener("click", () => player.step(1));
  byId("next").addEventListener("click", () => move(1));
  byId("previous").addEventListener("click", () => move(-1));
  byId("loop").addEventListener("change", () => (chosen ? showMovement(chosen, !video.paused) : null));
  for (const radio of document.querySelectorAll("input[name=speed]")) {
    radio.addEventListener("change", () => (video.playbackRate = Number(radio.value)));
  }
  for (const kind of ["play", "pause"]) {
    video.addEventListener(kind, () => (byId("play").textContent = video.paused ? "Play" : "Pause"));
  }
  video.addEventListener("error", () => (byId("no-video").hidden = false));
  if (video.error) byId("no-video").hidden = false;
  player.onFrame(() => {
    byId("now").textContent = clock(player.time);
    byId("now").dataset.frame = player.shown;
    const x = `${(100 * (player.time - data.start_s)) / span}%`;
    playhead.setAttribute("x1", x);
    playhead.setAttribute("x2", x);
  });
  byId("timeline").querySelector("svg").addEventListener("click", (event) => {
    if (event.target.closest(".mark")) return;
    const box = event.currentTarget.getBoundingClientRect();
    player.repeatNothing();
    player.showTime(data.start_s + (span * (event.clientX - box.left)) / box.width);
  });
}

const wanted = found.get(decodeURIComponent(location.hash.slice(1)));
if (wanted) choose(wanted, { play: false });
