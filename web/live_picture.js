// The server's own pictures of a stream, as JPEG.
//
// A browser opens six connections to one server, and an endless MJPEG stream holds one for good. So only
// four of the visible pictures are streams; the others are single pictures, fetched one after another.

import {openPicture, pictureUrl} from './api.js';
import {LiveView} from './live_view.js';
import {parts} from './multipart.js';

const MAX_STREAMS = 4;
const STILL_PAUSE_MS = 100;
const STREAM_PAUSE_MS = 1000;

/** Those that make do with stills until a stream is free. */
const waiting = new Set();
let streams = 0;

/** Stills of all pictures go one at a time. */
let stillsTurn = Promise.resolve();

export class LivePicture extends LiveView {
  run(signal) {
    if (streams < MAX_STREAMS) {
      streams += 1;
      this.keepGoing(() => this.showStream(signal), STREAM_PAUSE_MS, signal).finally(() => {
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
    super.stop();
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
      this.resize(bitmap.width, bitmap.height);
      this.canvas.getContext('2d').drawImage(bitmap, 0, 0);
      this.drawn();
    }
    bitmap.close();
  }
}
