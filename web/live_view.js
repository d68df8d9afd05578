// What keeps a <canvas> live only while it can be seen; the last picture stays on it otherwise.

const RETRY_MS = 1000;

export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, {once: true});
  });
}

/** Subclasses define run(signal): to show pictures until the signal fires. */
export class LiveView {
  /** Draws on `canvas` (borrowed) as soon as that is on screen and setWanted(true) was called. */
  constructor(canvas, camera, stream) {
    this.canvas = canvas;
    this.camera = camera;
    this.stream = stream;
    this.visible = false;
    this.wanted = false;
    this.running = null;
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
    if (on && !this.running) {
      this.running = new AbortController();
      this.run(this.running.signal);
    }
    if (!on && this.running) this.stop();
  }

  stop() {
    this.running.abort();
    this.running = null;
  }

  /** Takes a step again and again; `onError` may look at what went wrong. */
  async keepGoing(step, pause, signal, onError = () => {}) {
    while (!signal.aborted) {
      let wait = pause;
      try {
        await step();
      } catch (error) {
        // The camera's state and the banner say what is wrong; here only try again.
        wait = RETRY_MS;
        if (!signal.aborted) onError(error);
      }
      await sleep(wait, signal);
    }
  }

  /** Before drawing: resizing clears a canvas, so only where the size is another. */
  resize(width, height) {
    const {canvas} = this;
    if (canvas.width === width && canvas.height === height) return;
    canvas.width = width;
    canvas.height = height;
  }

  /** The canvas counts its pictures, whoever draws them. */
  drawn() {
    this.canvas.dataset.frames = Number(this.canvas.dataset.frames ?? 0) + 1;
  }
}
