// The list of movements with their status; filters and the threshold choose which of them are shown.

import { bind } from "report";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

export class List {
  order = [];
  #all = [];
  #strips = new Map(); // pictures are fetched once, not after every decision
  #page;

  constructor(page) {
    this.#page = page;
    for (const id of ["filter", "place", "threshold"]) byId(id)?.addEventListener("input", () => this.#redraw());
  }

  show(all, chosen) {
    this.#all = all.sort((a, b) => a.peak_s - b.peak_s);
    this.chosen = chosen;
    this.#redraw();
    this.#drawMarks();
  }

  // the next one of a kind, from the beginning again after the last; by time, for it may be listed no more
  after(one, wanted) {
    const others = this.order.filter((other) => other.id !== one.id && wanted(other));
    return others.find((other) => other.peak_s >= one.peak_s) ?? others[0];
  }

  #listed(one) {
    const filter = byId("filter").value;
    const place = Number(byId("place")?.value ?? 0);
    if (place && one.focus !== place) return false;
    if (filter === "not_counted") return one.origin === "not_counted";
    if (filter === "added") return one.origin === "added";
    if (filter === "accepted" || filter === "rejected") return one.status === filter;
    const decided = one.status !== "undecided";
    if (filter === "undecided") return !decided && this.#stands(one);
    return decided || one.origin === "added" || one.origin === "gone" || this.#stands(one);
  }

  // whether it would stand out at the threshold of the slider; what was left out for another reason stays out
  #stands(one) {
    const times = Number(byId("threshold").value);
    const candidate = one.origin === "counted" || (times < 1 && one.reason === "below_threshold");
    return candidate && one.snr >= times * this.#page.curve.threshold;
  }

  #redraw() {
    this.order = this.#all.filter((one) => this.#listed(one));
    const held = document.activeElement?.closest("#list [data-id]")?.dataset.id; // who holds the keys keeps them
    byId("list").replaceChildren(...this.order.map((one) => this.#row(one)));
    if (held) document.getElementById(held)?.querySelector(".jump").focus({ preventScroll: true });
    byId("list-empty").hidden = this.order.length > 0;
    const times = Number(byId("threshold").value);
    const n = this.#all.filter((one) => this.#stands(one)).length;
    byId("threshold-words").textContent = `\u00d7 ${times.toFixed(2)}: ${n} stand out (a filter only)`;
  }

  #row(one) {
    const row = element("li", { id: one.id, className: one.status });
    row.dataset.id = one.id;
    row.classList.toggle("chosen", one.id === this.chosen?.id);
    if (one.id === this.chosen?.id) row.setAttribute("aria-current", "true");
    const name = one.number ? `Movement ${one.number}` : one.origin === "added" ? "Marked by you" : "Not counted";
    const jump = element("button", { type: "button", className: `jump focus-${one.focus > 0 ? ((one.focus - 1) % 6) + 1 : 0}` });
    jump.textContent = one.number || (one.origin === "added" ? "+" : "\u25b7");
    jump.setAttribute("aria-label", `${name} at ${one.clock}, ${one.status}: show`);
    const what = element("p", { className: "what" });
    const parts = [one.reason_words, one.focus ? `place ${one.focus}` : "", one.size, one.origin === "gone" ? "no longer found" : ""];
    what.append(element("b", { textContent: one.clock }), ` ${parts.filter(Boolean).join(", ")}`);
    row.append(jump, what, element("span", { className: "status", textContent: one.status }));
    if (one.magnified) {
      const strip = this.#strips.get(one.id) ?? element("img", { className: "strip", loading: "lazy", width: 690, height: 168, src: `strip/${encodeURIComponent(one.id)}` });
      strip.alt = `${name}: before, at the peak, after, and the difference magnified`;
      this.#strips.set(one.id, strip);
      row.append(strip);
    }
    bind(row);
    return row;
  }

  #drawMarks() {
    const timeline = document.querySelector("#timeline > svg");
    for (const old of timeline.querySelectorAll(".own")) old.remove();
    const span = this.#page.end_s - this.#page.start_s;
    for (const one of this.#all) {
      const mark = timeline.querySelector(`.mark[data-id="${CSS.escape(one.id)}"]`);
      mark?.classList.toggle("accepted", one.status === "accepted");
      mark?.classList.toggle("rejected", one.status === "rejected");
      if (one.origin !== "added") continue;
      const x = `${(100 * (one.peak_s - this.#page.start_s)) / span}%`;
      const own = shape("g", { class: "mark own focus-0", "data-id": one.id });
      own.append(shape("line", { x1: x, x2: x, y1: 12, y2: 86 }), shape("circle", { cx: x, cy: 12, r: 8 }));
      const sign = shape("text", { x, y: 12, dy: "0.35em" });
      sign.textContent = "+";
      own.append(sign);
      bind(own);
      byId("playhead").after(own);
    }
  }
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
