// Run by ctest with node: the reader of picture streams, fed in every possible cut.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {importPage} from './import_for_test.mjs';

const {parts} = await importPage('multipart.js');

const bytesOf = (text) => new TextEncoder().encode(text);

function streamOf(chunks) {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

async function read(chunks) {
  const seen = [];
  for await (const {fields, bytes} of parts(streamOf(chunks))) {
    seen.push([fields.get('x-sequence'), new TextDecoder().decode(bytes)]);
  }
  return seen;
}

const part = (sequence, body) =>
  `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\nX-Sequence: ${sequence}\r\n\r\n${body}\r\n`;
// A body that looks like the end of a head, and like a boundary.
const whole = bytesOf(part(1, 'first') + part(2, 'a\r\n\r\n--frame\r\n') + part(3, 'x'));
const expected = [['1', 'first'], ['2', 'a\r\n\r\n--frame\r\n'], ['3', 'x']];

test('any cut into two gives the same parts', async () => {
  for (let cut = 0; cut <= whole.length; cut += 1) {
    assert.deepEqual(await read([whole.subarray(0, cut), whole.subarray(cut)]), expected, `cut at ${cut}`);
  }
});

test('byte by byte gives the same parts', async () => {
  assert.deepEqual(await read(Array.from(whole, (byte) => Uint8Array.of(byte))), expected);
});

test('a stream that breaks off yields what was complete', async () => {
  for (let end = 0; end < whole.length; end += 1) {
    const seen = await read([whole.subarray(0, end)]);
    assert.deepEqual(seen, expected.slice(0, seen.length));
  }
});

test('a part without a usable length is refused', async () => {
  for (const length of ['', 'Content-Length: -1\r\n', 'Content-Length: x\r\n', 'Content-Length: 99999999999\r\n']) {
    await assert.rejects(read([bytesOf(`--frame\r\n${length}\r\nbody`)]), /Content-Length/);
  }
});

test('a head without an end is refused', async () => {
  await assert.rejects(read([bytesOf('x'.repeat(10000))]), /no end/);
});
