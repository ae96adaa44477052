/* The quiet sign "we hear you": bars that follow the microphone, from the browser's own analyser or the server's level. */

import { reducedMotion } from "./dom.js";

const BARS = 41;

export class Waveform {
  constructor(canvas) {
    this.canvas = canvas;
    this.heights = new Float32Array(BARS);
    this.remote = 0;
    this.running = false;
  }

  /** `source()` returns 0..1; called every frame while running. */
  start(source) {
    this.source = source;
    if (this.running) return;
    this.running = true;
    this.#tick();
  }

  stop() {
    this.running = false;
    cancelAnimationFrame(this.frame);
    this.heights.fill(0);
    this.#draw();
  }

  #tick() {
    if (!this.running) return;
    const level = this.source();
    const middle = (BARS - 1) / 2;
    const now = performance.now() / 1000;
    const still = reducedMotion();
    for (let i = 0; i < BARS; i++) {
      const distance = Math.abs(i - middle) / middle;
      const ripple = still ? 0.75 : 0.6 + 0.4 * Math.sin(now * 9 + i * 1.7) * Math.cos(now * 5.3 - i * 0.9);
      const target = level * (1 - distance * distance * 0.82) * ripple;
      this.heights[i] += (target - this.heights[i]) * (target > this.heights[i] ? 0.5 : 0.16);
    }
    this.#draw();
    this.frame = requestAnimationFrame(() => this.#tick());
  }

  #draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight;
    if (!width || !height) return;
    if (this.canvas.width !== width * ratio) {
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = getComputedStyle(this.canvas).color;
    const step = width / BARS;
    const bar = Math.min(5, step * 0.55);
    for (let i = 0; i < BARS; i++) {
      const tall = Math.max(bar, this.heights[i] * height);
      pen.beginPath();
      const box = [i * step + (step - bar) / 2, (height - tall) / 2, bar, tall];
      if (pen.roundRect) pen.roundRect(...box, bar / 2);
      else pen.rect(...box);
      pen.fill();
    }
  }
}

/** Loudness for the eye: -60 dBFS is nothing, -12 dBFS is full. */
export function loudness(dbfs) {
  return Math.max(0, Math.min(1, (dbfs + 60) / 48));
}
