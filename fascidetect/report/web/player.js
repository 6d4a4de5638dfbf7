// The video by frames: step, jump, repeat a stretch, slow down.

import { Frames } from "frames";

export class Player {
  #loop = null;
  #listeners = [];
  #wanted = null; // frame that was asked for and is not on the screen yet

  constructor(video, data, ticksPerSecond) {
    this.video = video;
    this.frames = new Frames(data, ticksPerSecond);
    this.start = this.frames.times[0]; // time of the clip at which the video begins
    this.shown = 0;
    if ("requestVideoFrameCallback" in video) {
      const onFrame = (_now, { mediaTime }) => {
        this.#show(this.frames.nearest(mediaTime + this.start));
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    } else {
      for (const kind of ["timeupdate", "seeked"]) {
        video.addEventListener(kind, () => this.#show(this.frames.at(video.currentTime + this.start)));
      }
    }
  }

  onFrame(listener) {
    this.#listeners.push(listener);
  }

  get time() {
    return this.frames.times[this.shown];
  }

  show(index) {
    this.#wanted = this.frames.clamp(index);
    this.video.currentTime = this.frames.middle(this.#wanted) - this.start;
  }

  showTime(time) {
    this.show(this.frames.nearest(time));
  }

  step(count) {
    this.video.pause();
    this.show((this.#wanted ?? this.shown) + count); // keys may come faster than frames
  }

  toggle() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  play() {
    // refused where the file cannot be played, which its own "error" event tells
    this.video.play().catch((error) => {
      if (error.name !== "AbortError") console.warn(error.message);
    });
  }

  repeat(from, to) {
    this.#loop = { from: this.frames.nearest(from), to: this.frames.nearest(to) };
  }

  repeatNothing() {
    this.#loop = null;
  }

  #show(index) {
    this.shown = index;
    // a frame of an earlier jump may come late, when the next jump is already over: it is not what was asked for
    if (index === this.#wanted || !(this.video.paused || this.video.seeking)) this.#wanted = null;
    if (this.#loop && !this.video.paused && (index >= this.#loop.to || index < this.#loop.from)) {
      this.show(this.#loop.from);
    }
    for (const listener of this.#listeners) listener(index);
  }
}
