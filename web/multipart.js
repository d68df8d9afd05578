// Reads the parts of a multipart/x-mixed-replace body as they arrive (RFC 2046, section 5.1).

const MAX_HEAD_BYTES = 8192;
const MAX_PART_BYTES = 32 << 20;
const HEAD_END = [13, 10, 13, 10];

function find(bytes, pattern, length) {
  for (let at = 0; at + pattern.length <= length; at += 1) {
    if (pattern.every((value, i) => bytes[at + i] === value)) return at;
  }
  return -1;
}

/** Collects what the network brings and hands it out in the lengths asked for. */
class Bytes {
  constructor(body) {
    this.reader = body.getReader();
    this.chunks = [];
    this.length = 0;
  }

  /** False at the end of the body. */
  async more() {
    const {done, value} = await this.reader.read();
    if (done) return false;
    this.chunks.push(value);
    this.length += value.length;
    return true;
  }

  take(count) {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.chunks[0];
      const used = Math.min(chunk.length, count - filled);
      out.set(chunk.subarray(0, used), filled);
      filled += used;
      if (used === chunk.length) this.chunks.shift();
      else this.chunks[0] = chunk.subarray(used);
    }
    this.length -= count;
    return out;
  }

  /** Looks at the first bytes without taking them. */
  peek(count) {
    const all = this.take(Math.min(count, this.length));
    this.chunks.unshift(all);
    this.length += all.length;
    return all;
  }
}

function parseHead(bytes) {
  const fields = new Map();
  for (const line of new TextDecoder('latin1').decode(bytes).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** Yields {fields, bytes} for each part; parts must say their Content-Length, as lenswire's do. */
export async function* parts(body) {
  const bytes = new Bytes(body);
  for (;;) {
    let end = -1;
    while ((end = find(bytes.peek(MAX_HEAD_BYTES), HEAD_END, Math.min(bytes.length, MAX_HEAD_BYTES))) < 0) {
      if (bytes.length >= MAX_HEAD_BYTES) throw new Error('A part of the stream has no end of its head.');
      if (!(await bytes.more())) return;
    }
    const fields = parseHead(bytes.take(end + HEAD_END.length));
    const length = Number(fields.get('content-length'));
    if (!Number.isInteger(length) || length < 1 || length > MAX_PART_BYTES) {
      throw new Error('A part of the stream has no usable Content-Length.');
    }
    while (bytes.length < length) {
      if (!(await bytes.more())) return;
    }
    yield {fields, bytes: bytes.take(length)};
  }
}
