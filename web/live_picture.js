// Keeps an <img> live while it can be seen.
//
// A browser opens six connections to one server, and an endless MJPEG stream holds one for good. So only
// the first few visible pictures are streams; the others, and all of them when a token is needed (an <img>
// cannot send one), are single pictures fetched one after another.

import {getPicture, pictureUrl, token} from './api.js';

const MAX_STREAMS = 4;
const MAX_FETCHES = 1;
const STILL_INTERVAL_MS = 100;
const RETRY_MS = 1000;

const wanting = new Set();
let streaming = 0;
let fetching = 0;
const waitingForFetch = [];

async function fetchSlot() {
  if (fetching < MAX_FETCHES) {
    fetching += 1;
    return;
  }
  await new Promise((resolve) => waitingForFetch.push(resolve));
}

function freeFetchSlot() {
  const next = waitingForFetch.shift();
  if (next) next();
  else fetching -= 1;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class LivePicture {
  /** Borrows `image`, an <img>. Nothing happens before it is on screen and setWanted(true) was called. */
  constructor(image, camera, stream) {
    this.image = image;
    this.camera = camera;
    this.stream = stream;
    this.visible = false;
    this.wanted = false;
    this.mode = 'off';
    this.run = 0;
    image.addEventListener('error', () => this.lost());
    image.addEventListener('load', () => image.classList.add('live'));
    this.observer = new IntersectionObserver((entries) => {
      this.visible = entries[entries.length - 1].isIntersecting;
      this.update();
    }, {rootMargin: '100px'});
    this.observer.observe(image);
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
    this.wanted = false;
    this.update();
    this.observer.disconnect();
    if (this.shown) URL.revokeObjectURL(this.shown);
    document.removeEventListener('visibilitychange', this.onVisibility);
  }

  update() {
    const on = this.wanted && this.visible && !document.hidden;
    if (on && this.mode === 'off') this.start();
    if (!on && this.mode !== 'off') this.stop();
  }

  start() {
    this.run += 1;
    if (!token() && streaming < MAX_STREAMS) {
      streaming += 1;
      this.mode = 'stream';
      // The number keeps a browser from showing the remains of an earlier stream.
      this.image.src = pictureUrl(this.camera, this.stream, 'mjpeg', `run=${this.run}`);
    } else {
      this.mode = 'stills';
      wanting.add(this);
      this.abort = new AbortController();
      this.fetchStills(this.run, this.abort.signal);
    }
  }

  stop() {
    const mode = this.mode;
    this.mode = 'off';
    this.run += 1;
    if (mode === 'stream') {
      this.freeze();
      streaming -= 1;
      const next = wanting.values().next().value;
      if (next && !token()) {
        next.stop();
        next.start();
      }
    } else if (mode === 'stills') {
      wanting.delete(this);
      this.abort.abort();
    }
  }

  /** Leaves the last picture of a stream on screen, and closes its connection. */
  freeze() {
    const {naturalWidth: width, naturalHeight: height} = this.image;
    const run = this.run;
    if (!width || !height) {
      this.image.removeAttribute('src');
      return;
    }
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d').drawImage(this.image, 0, 0);
    this.image.removeAttribute('src');
    canvas.toBlob((blob) => {
      if (blob && run === this.run) this.show(blob);
    }, 'image/jpeg', 0.8);
  }

  show(blob) {
    const url = URL.createObjectURL(blob);
    const before = this.shown;
    this.shown = url;
    this.image.src = url;
    if (before) URL.revokeObjectURL(before);
  }

  /** The stream ended or never began. */
  lost() {
    if (this.mode !== 'stream') return;
    const run = this.run;
    setTimeout(() => {
      if (this.mode !== 'stream' || run !== this.run) return;
      this.stop();
      this.update();
    }, RETRY_MS);
  }

  async fetchStills(run, signal) {
    const url = pictureUrl(this.camera, this.stream, 'jpg');
    while (this.mode === 'stills' && run === this.run) {
      await fetchSlot();
      let pause = STILL_INTERVAL_MS;
      try {
        if (this.mode === 'stills' && run === this.run) {
          const blob = await getPicture(url, signal);
          if (run === this.run) this.show(blob);
        }
      } catch {
        pause = RETRY_MS;
      } finally {
        freeFetchSlot();
      }
      await sleep(pause);
    }
  }
}
