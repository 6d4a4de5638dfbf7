// When each frame of the video is shown. A frame is asked for by the middle of its time on screen:
// at its very stamp browsers may still show the one before.

export class Frames {
  constructor({ first_tick, steps }, ticksPerSecond) {
    let tick = first_tick;
    this.times = [tick / ticksPerSecond, ...steps.map((step) => (tick += step) / ticksPerSecond)];
    const last = this.times.at(-1);
    this.end = last + (steps.length ? steps.at(-1) / ticksPerSecond : 0.04);
  }

  get length() {
    return this.times.length;
  }

  // the frame that is on screen at a time
  at(time) {
    let low = 0;
    let high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 1e-4) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // the frame whose stamp is nearest to a time
  nearest(time) {
    const before = this.at(time);
    const after = Math.min(before + 1, this.length - 1);
    return time - this.times[before] <= this.times[after] - time ? before : after;
  }

  middle(index) {
    const next = index + 1 < this.length ? this.times[index + 1] : this.end;
    return (this.times[index] + next) / 2;
  }

  clamp(index) {
    return Math.max(0, Math.min(this.length - 1, index));
  }
}

export function clock(time, decimals = 3) {
  const units = 10 ** decimals;
  const ticks = Math.floor(Math.max(0, time) * units + 1e-6);
  const minutes = Math.floor(ticks / (60 * units));
  const seconds = String(Math.floor(ticks / units) % 60).padStart(2, "0");
  return `${minutes}:${seconds}` + (decimals ? "." + String(ticks % units).padStart(decimals, "0") : "");
}
