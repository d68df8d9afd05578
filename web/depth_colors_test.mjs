// Run by ctest with node: the colours of the exact picture, worked out by hand from the description of the map.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {importPage} from './import_for_test.mjs';

const {depthColors} = await importPage('depth_colors.js');
const bytes = (colors, code) => [...new Uint8Array(colors.buffer, 4 * code, 4)];

test('no measurement is black; near and far keep the first and the last colour', () => {
  const colors = depthColors(0.001);
  assert.deepEqual(bytes(colors, 0), [0, 0, 0, 255]);
  for (const code of [1, 19]) assert.deepEqual(bytes(colors, code), [130, 10, 15, 255]);
  // Entry 255 is one of 32 steps before the end: (60 + 31 * 70) / 32 and so on.
  for (const code of [10000, 65535]) assert.deepEqual(bytes(colors, code), [70, 43, 143, 255]);
});

test('the middle of the range is the fifth anchor, rounded half up', () => {
  // Code 5000 of 10000 is entry 127.5; code 4999 is still in the one before: (1 * 250 + 31 * 200) / 32 and so on.
  assert.deepEqual(bytes(depthColors(0.001), 5000), [200, 235, 60, 255]);
  assert.deepEqual(bytes(depthColors(0.001), 4999), [202, 233, 60, 255]);
});

test('the unit moves the range', () => {
  const fine = depthColors(0.0005);
  assert.deepEqual(bytes(fine, 39), [130, 10, 15, 255]);
  assert.deepEqual(bytes(fine, 10000), [200, 235, 60, 255]);
  assert.deepEqual(bytes(fine, 20000), [70, 43, 143, 255]);
});

test('a unit of no use is refused', () => {
  for (const unit of [0, -1, NaN, Infinity, 100]) assert.throws(() => depthColors(unit), /unit/);
});
