// The chosen movement at close range: the curve of motion, and handles for its onset and offset.

import { clock } from "frames";

const AROUND = 0.5; // s shown before the onset and after the offset

export class Lens {
  #one = null;
  #times;

  constructor(page, player, decide) {
    const { first_tick, steps } = page.curve;
    let tick = first_tick;
    this.#times = [tick, ...steps.map((step) => (tick += step))].map((one) => one / page.ticks_per_s);
    this.page = page;
    this.player = player;
    this.decide = decide;
    this.box = document.getElementById("lens");
    for (const which of ["onset", "offset"]) this.#bind(which);
  }

  show(one) {
    this.box.hidden = !one;
    this.#one = one ? { ...one } : null;
    if (!one) return;
    this.from = one.onset_s - AROUND;
    this.to = one.offset_s + AROUND;
    this.#drawCurve();
    this.#drawTimes();
  }

  #share(time) {
    return Math.max(0, Math.min(1, (time - this.from) / (this.to - this.from)));
  }

  #drawCurve() {
    const { height } = this.page.curve;
    const inside = this.#times.map((time, k) => [time, height[k]]).filter(([time, h]) => h !== null && time >= this.from && time <= this.to);
    const top = Math.log1p(Math.max(2, ...inside.map(([, h]) => h / 100)));
    const points = inside.map(([time, h]) => `${(1000 * this.#share(time)).toFixed(1)} ${(98 - 94 * (Math.log1p(h / 100) / top)).toFixed(1)}`);
    this.box.querySelector("path").setAttribute("d", points.length ? `M${points.join("L")}` : "");
  }

  #drawTimes() {
    const { onset_s, peak_s, offset_s } = this.#one;
    const left = 100 * this.#share(onset_s);
    const right = 100 * this.#share(offset_s);
    const span = document.getElementById("lens-span");
    span.setAttribute("x", `${left}%`);
    span.setAttribute("width", `${right - left}%`);
    const peak = document.getElementById("lens-peak");
    for (const end of ["x1", "x2"]) peak.setAttribute(end, `${100 * this.#share(peak_s)}%`);
    for (const [which, percent] of [["onset", left], ["offset", right]]) {
      const handle = document.getElementById(which);
      const time = this.#one[`${which}_s`];
      handle.style.left = `${percent}%`;
      handle.title = `${which} ${clock(Math.max(0, time))}`;
      handle.setAttribute("aria-valuenow", time.toFixed(3));
      handle.setAttribute("aria-valuemin", (which === "onset" ? this.from : peak_s).toFixed(3));
      handle.setAttribute("aria-valuemax", (which === "onset" ? peak_s : this.to).toFixed(3));
    }
  }

  // an onset is never after the peak, an offset never before it
  #set(which, time) {
    const { peak_s } = this.#one;
    this.#one[`${which}_s`] = which === "onset" ? Math.max(0, Math.min(time, peak_s)) : Math.max(time, peak_s);
    this.#drawTimes();
    this.player?.video.pause();
    this.player?.showTime(this.#one[`${which}_s`]);
  }

  #bind(which) {
    const handle = document.getElementById(which);
    const keep = () => this.decide(this.#one, which, this.#one[`${which}_s`]);
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.box.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      this.#set(which, this.from + share * (this.to - this.from));
    });
    handle.addEventListener("pointerup", (event) => {
      if (handle.hasPointerCapture(event.pointerId)) keep();
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const frames = this.player?.frames;
      const time = this.#one[`${which}_s`];
      this.#set(which, frames ? frames.times[frames.clamp(frames.nearest(time) + step)] : time + 0.03 * step);
    });
    handle.addEventListener("keyup", (event) => {
      if (event.key.startsWith("Arrow")) keep();
    });
  }
}
