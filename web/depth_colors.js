// Depth as colours: the map of the server (src/filter/colorize.hpp) over the range of its HTTP pictures, so both
// look the same.

const SHOWN_MINIMUM_M = 0;
const SHOWN_MAXIMUM_M = 10;
const ANCHORS = [
  [130, 10, 15], [200, 45, 10], [245, 110, 30], [250, 180, 50], [200, 235, 60], [110, 245, 110],
  [35, 210, 200], [60, 130, 245], [70, 40, 140],
];
const ANCHOR_DISTANCE = 32;
const CODES = 65536;

function color(index) {
  const from = ANCHORS[Math.floor(index / ANCHOR_DISTANCE)];
  const to = ANCHORS[Math.floor(index / ANCHOR_DISTANCE) + 1];
  const part = index % ANCHOR_DISTANCE;
  return from.map((value, c) =>
    Math.floor((value * (ANCHOR_DISTANCE - part) + to[c] * part + ANCHOR_DISTANCE / 2) / ANCHOR_DISTANCE));
}

/** The colour of every depth code as four bytes (red, green, blue, opaque); 0, no measurement, is black. */
export function depthColors(depthUnitM) {
  const low = Math.floor(SHOWN_MINIMUM_M / depthUnitM + 0.5);
  const high = Math.floor(SHOWN_MAXIMUM_M / depthUnitM + 0.5);
  if (!(depthUnitM > 0) || !(high > low)) throw new RangeError('The depth unit is of no use.');
  const range = high - low;
  const palette = Array.from({length: 256}, (_, index) => color(index));
  const table = new Uint8Array(4 * CODES);
  table.set([0, 0, 0, 255]);
  for (let code = 1; code < CODES; code += 1) {
    const above = Math.min(Math.max(code, low), high) - low;
    table.set([...palette[Math.floor((510 * above + range) / (2 * range))], 255], 4 * code);
  }
  return new Uint32Array(table.buffer);
}
