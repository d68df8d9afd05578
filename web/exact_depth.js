// A depth stream with the sensor's own 16 bits: decoded here, painted, and readable pixel by pixel.

import {depthColors} from './depth_colors.js';
import {StreamRefused, depthFrames} from './depth_stream.js';
import {LiveView} from './live_view.js';
import {NoDecoder, StrataDecoder} from './strata.js';

const PAUSE_MS = 1000;
// A server that restarts is noticed by the page's poll sooner than this many attempts fail.
const MAX_FAILURES = 4;

export class ExactDepth extends LiveView {
  /** `onFrame()` follows each painted frame; `onUnavailable(reason)` ends it: nothing exact can be shown. */
  constructor(canvas, camera, stream, {onFrame, onUnavailable}) {
    super(canvas, camera, stream);
    this.onFrame = onFrame;
    this.onUnavailable = onUnavailable;
    /** {sequence, width, height, depthUnitM, nearLimit, codes}; null before the first frame. */
    this.frame = null;
    this.colorUnitM = 0;
    this.failures = 0;
  }

  setWanted(wanted) {
    if (wanted && !this.wanted) this.failures = 0;
    super.setWanted(wanted);
  }

  run(signal) {
    this.keepGoing(() => this.show(signal), PAUSE_MS, signal, (error) => this.judge(error));
  }

  /** Whether to try again after `error`. A camera that is away is no reason to show less than exact depth. */
  judge(error) {
    const refused = error instanceof StreamRefused;
    if (refused && !error.final) return;
    this.failures += 1;
    if (refused || error instanceof NoDecoder || this.failures >= MAX_FAILURES) this.onUnavailable(error.message);
  }

  async show(signal) {
    this.decoder ??= await StrataDecoder.create();
    for await (const received of depthFrames(this.camera, this.stream, signal)) {
      if (signal.aborted) return;
      this.paint(received);
    }
  }

  paint({sequence, width, height, profile, payload}) {
    this.frame = null;
    const frame = this.decoder.decode(payload);
    if (frame.width !== width || frame.height !== height) throw new Error('The frame has another size than it says.');
    const depthUnitM = Number(profile.depth_unit_m);
    if (depthUnitM !== this.colorUnitM) {
      this.colors = depthColors(depthUnitM);
      this.colorUnitM = depthUnitM;
    }
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const {colors, pixels} = this;
    const {codes} = frame;
    for (let i = 0; i < codes.length; i += 1) pixels[i] = colors[codes[i]];
    this.resize(width, height);
    this.canvas.getContext('2d').putImageData(this.image, 0, 0);
    this.frame = {...frame, sequence, depthUnitM};
    this.failures = 0;
    this.drawn();
    this.onFrame();
  }
}
