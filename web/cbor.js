// CBOR (RFC 8949) as far as the native protocol uses it: definite lengths, text keys.

const MAX_NESTING = 32;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', {fatal: true});

function pushHead(out, major, argument) {
  if (argument < 24) out.push(major << 5 | argument);
  else if (argument < 0x100) out.push(major << 5 | 24, argument);
  else if (argument < 0x10000) out.push(major << 5 | 25, argument >> 8, argument & 255);
  else throw new RangeError('The page has no use for numbers and texts this long.');
}

function pushItem(out, value) {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    pushHead(out, 0, value);
  } else if (typeof value === 'string') {
    const bytes = utf8.encode(value);
    pushHead(out, 3, bytes.length);
    out.push(...bytes);
  } else if (Array.isArray(value)) {
    pushHead(out, 4, value.length);
    for (const item of value) pushItem(out, item);
  } else if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    pushHead(out, 5, entries.length);
    for (const [key, item] of entries) {
      pushItem(out, key);
      pushItem(out, item);
    }
  } else {
    throw new TypeError('Requests hold texts, whole numbers from 0 to 65535, lists and maps.');
  }
}

/** What a request holds, as bytes. */
export function encodeCbor(value) {
  const out = [];
  pushItem(out, value);
  return Uint8Array.from(out);
}

/** Reads one item after the other; whatever is cut short or unknown throws. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take(count) {
    if (count > this.bytes.length - this.at) throw new RangeError('CBOR is cut short.');
    this.at += count;
    return this.at - count;
  }

  /** Numbers of 64 bits become the nearest double: the page only shows them. */
  argument(low) {
    if (low < 24) return low;
    switch (low) {
      case 24: return this.view.getUint8(this.take(1));
      case 25: return this.view.getUint16(this.take(2));
      case 26: return this.view.getUint32(this.take(4));
      case 27: return Number(this.view.getBigUint64(this.take(8)));
      default: throw new RangeError('CBOR of indefinite length.');
    }
  }

  simple(low) {
    switch (low) {
      case 20: return false;
      case 21: return true;
      case 22: return null;
      case 26: return this.view.getFloat32(this.take(4));
      case 27: return this.view.getFloat64(this.take(8));
      default: throw new RangeError('A CBOR value that the protocol does not use.');
    }
  }

  item(depth) {
    if (depth >= MAX_NESTING) throw new RangeError('CBOR is nested too deep.');
    const head = this.view.getUint8(this.take(1));
    const major = head >> 5;
    const low = head & 31;
    if (major === 7) return this.simple(low);
    const argument = this.argument(low);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 6) throw new RangeError('The protocol uses no CBOR tags.');
    // Every item takes a byte at least, so a false length is found before anything is made of it.
    if (argument > this.bytes.length - this.at) throw new RangeError('CBOR is cut short.');
    if (major === 2 || major === 3) {
      const start = this.take(argument);
      const run = this.bytes.subarray(start, start + argument);
      return major === 2 ? run : strictUtf8.decode(run);
    }
    if (major === 4) return Array.from({length: argument}, () => this.item(depth + 1));
    const entries = [];
    for (let i = 0; i < argument; i += 1) entries.push([String(this.item(depth + 1)), this.item(depth + 1)]);
    return Object.fromEntries(entries);
  }
}

/** The one item in `bytes`; throws where there is something else. */
export function decodeCbor(bytes) {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (reader.at !== bytes.length) throw new RangeError('There are bytes after the CBOR item.');
  return value;
}
