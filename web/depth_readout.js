// The exact depth under the pointer, and the same for scripts and the console as window.lenswire.

const MOST_DIGITS = 6;

/** As many digits as tell two neighbouring codes apart. */
function digitsOf(depthUnitM) {
  let digits = 0;
  while (digits < MOST_DIGITS && Math.abs(Number(depthUnitM.toFixed(digits)) - depthUnitM) > depthUnitM * 1e-6) digits += 1;
  return digits;
}

function codeAt(frame, x, y) {
  const inside = Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < frame.width && y < frame.height;
  return inside ? frame.codes[y * frame.width + x] : 0;
}

/** The pixel of the picture at a place in the window; the picture keeps its shape inside its box. */
function pixelUnder(canvas, clientX, clientY) {
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
  const left = box.left + (box.width - canvas.width * scale) / 2;
  const top = box.top + (box.height - canvas.height * scale) / 2;
  const x = Math.floor((clientX - left) / scale);
  const y = Math.floor((clientY - top) / scale);
  return x >= 0 && y >= 0 && x < canvas.width && y < canvas.height ? {x, y} : null;
}

/** What the reader of a frame wants to know about a pixel. */
export function describeDepth(frame, {x, y}) {
  const code = codeAt(frame, x, y);
  if (code === 0) return `no measurement at ${x}, ${y}`;
  return `${(code * frame.depthUnitM).toFixed(digitsOf(frame.depthUnitM))} m (raw ${code}) at ${x}, ${y}`;
}

export class DepthReadout {
  /** Writes with `write(text)` what lies under the pointer on `canvas`; `frame()` gives the newest frame or null. */
  constructor(canvas, frame, write) {
    this.canvas = canvas;
    this.frame = frame;
    this.write = write;
    this.pointer = null;
    const follow = (event) => {
      this.pointer = {x: event.clientX, y: event.clientY};
      this.refresh();
    };
    canvas.addEventListener('pointermove', follow);
    canvas.addEventListener('pointerdown', follow);
    canvas.addEventListener('pointerleave', () => {
      this.pointer = null;
      this.refresh();
    });
  }

  /** Also to be called with each new frame: the depth changes under a pointer that rests. */
  refresh() {
    const frame = this.frame();
    const pixel = frame && this.pointer && pixelUnder(this.canvas, this.pointer.x, this.pointer.y);
    if (pixel) this.write(describeDepth(frame, pixel));
    else this.write(frame ? 'Point at the picture to read metres.' : '');
  }
}

/** "CAMERA/STREAM" -> function that gives the newest frame or null. */
const shown = new Map();

export function offerFrames(name, frame) {
  shown.set(name, frame);
}

export function withdrawFrames(name) {
  shown.delete(name);
}

const newest = (name) => (name === undefined ? shown.values().next().value : shown.get(name))?.() ?? null;

window.lenswire = Object.freeze({
  /** The depth streams that are shown exactly: ["room/depth"]. */
  streams: () => [...shown].filter(([, frame]) => frame()).map(([name]) => name),
  /** Metres at a pixel of the newest frame; null where nothing was measured. Without a name: the first stream. */
  depthAt(x, y, name) {
    const frame = newest(name);
    const code = frame && codeAt(frame, x, y);
    return code ? code * frame.depthUnitM : null;
  },
  /** A copy of the newest frame: {sequence, width, height, depthUnitM, nearLimit, codes}; null while there is none. */
  depthFrame(name) {
    const frame = newest(name);
    return frame && {...frame, codes: frame.codes.slice()};
  },
});
