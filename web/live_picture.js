// Keeps a <canvas> live while it can be seen, and leaves the last picture on it otherwise.
//
// A browser opens six connections to one server, and an endless MJPEG stream holds one for good. So only
// four of the visible pictures are streams; the others are single pictures, fetched one after another.

import {openPicture, pictureUrl} from './api.js';
import {parts} from './multipart.js';

const MAX_STREAMS = 4;
const STILL_PAUSE_MS = 100;
const RETRY_MS = 1000;

/** Those that make do with stills until a stream is free. */
const waiting = new Set();
let streams = 0;

/** Stills of all pictures go one at a time. */
let stillsTurn = Promise.resolve();

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, {once: true});
  });
}

export class LivePicture {
  /** Draws on `canvas` (borrowed) as soon as that is on screen and setWanted(true) was called. */
  constructor(canvas, camera, stream) {
    this.canvas = canvas;
    this.camera = camera;
    this.stream = stream;
    this.visible = false;
    this.wanted = false;
    this.running = null;
    this.frames = 0;
    this.observer = new IntersectionObserver((entries) => {
      this.visible = entries[entries.length - 1].isIntersecting;
      this.update();
    }, {rootMargin: '100px'});
    this.observer.observe(canvas);
    this.onVisibility = () => this.update();
    document.addEventListener('visibilitychange', this.onVisibility);
  }

  /** Whether there is something to see: the camera works and the server answers. */
  setWanted(wanted) {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.update();
  }

  close() {
    this.setWanted(false);
    this.observer.disconnect();
    document.removeEventListener('visibilitychange', this.onVisibility);
  }

  update() {
    const on = this.wanted && this.visible && !document.hidden;
    if (on && !this.running) this.start();
    if (!on && this.running) this.stop();
  }

  start() {
    this.running = new AbortController();
    const {signal} = this.running;
    if (streams < MAX_STREAMS) {
      streams += 1;
      this.keepGoing(() => this.showStream(signal), RETRY_MS, signal).finally(() => {
        streams -= 1;
        const next = waiting.values().next().value;
        next?.stop();
        next?.update();
      });
    } else {
      waiting.add(this);
      this.keepGoing(() => this.showStill(signal), STILL_PAUSE_MS, signal);
    }
  }

  stop() {
    waiting.delete(this);
    this.running.abort();
    this.running = null;
  }

  async keepGoing(step, pause, signal) {
    while (!signal.aborted) {
      let wait = pause;
      try {
        await step();
      } catch {
        // The camera's state and the banner say what is wrong; here only try again.
        wait = RETRY_MS;
      }
      await sleep(wait, signal);
    }
  }

  async showStream(signal) {
    const response = await openPicture(pictureUrl(this.camera, this.stream, 'mjpeg'), signal);
    for await (const {fields, bytes} of parts(response.body)) {
      await this.draw(new Blob([bytes], {type: fields.get('content-type')}), signal);
    }
  }

  async showStill(signal) {
    const before = stillsTurn;
    let done;
    stillsTurn = new Promise((resolve) => { done = resolve; });
    try {
      await before;
      if (signal.aborted) return;
      const response = await openPicture(pictureUrl(this.camera, this.stream, 'jpg'), signal);
      await this.draw(await response.blob(), signal);
    } finally {
      done();
    }
  }

  async draw(blob, signal) {
    const bitmap = await createImageBitmap(blob);
    if (!signal.aborted) {
      const {canvas} = this;
      if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
        canvas.width = bitmap.width;
        canvas.height = bitmap.height;
      }
      canvas.getContext('2d').drawImage(bitmap, 0, 0);
      this.frames += 1;
      canvas.dataset.frames = this.frames;
    }
    bitmap.close();
  }
}
