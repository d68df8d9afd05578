// Every golden file through the WebAssembly decoder: node strata_wasm_test.mjs FILE.wasm GOLDEN_DIR
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert';

const [wasmFile, golden] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(wasmFile));
const { memory, reserve, decode, pixels, width, height } = instance.exports;

function decodeFrame(data) {
  const at = reserve(data.length);
  assert.notStrictEqual(at, 0, 'no memory');
  new Uint8Array(memory.buffer, at, data.length).set(data);
  const status = decode();
  return { status, bytes: status === 0 ? Buffer.from(memory.buffer, pixels(), width() * height() * 2) : null };
}

const files = readdirSync(golden).filter((name) => name.endsWith('.strata'));
assert(files.length >= 8, 'the golden files are missing');
for (const name of files) {
  const frame = readFileSync(join(golden, name));
  const { status, bytes } = decodeFrame(frame);
  assert.strictEqual(status, 0, `${name}: status ${status}`);
  const raw = join(golden, name.replace('.strata', '.z16'));
  if (existsSync(raw)) assert(bytes.equals(readFileSync(raw)), `${name}: other pixels`);
  // Damage must be refused, and the decoder must work on afterwards.
  for (let size = 0; size < frame.length; size += 7)
    assert.notStrictEqual(decodeFrame(frame.subarray(0, size)).status, 0, `${name} cut to ${size}`);
  const damaged = Buffer.from(frame);
  damaged[damaged.length - 1] ^= 0x10;
  assert.notStrictEqual(decodeFrame(damaged).status, 0, `${name} damaged`);
}
console.log(`${files.length} golden files are exact in WebAssembly`);
