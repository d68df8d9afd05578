// Run by ctest with node: what is drawn of a person.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {importPage} from './import_for_test.mjs';

const {colorOf, distanceOf, linesOf} = await importPage('skeleton_lines.js');
const joint = (name, x, confidence, z) => ({
  name, x_px: x, y_px: 2 * x, confidence, position_m: z === undefined ? null : [0, 0, z],
});

test('lines join the joints that are seen, and only those', () => {
  const person = {joints: [joint('left_hip', 1, 0.9), joint('left_knee', 2, 0.31), joint('left_ankle', 3, 0.29), joint('nose', 4, 1)]};
  const {dots, lines} = linesOf(person);
  assert.deepEqual(lines, [[1, 2, 2, 4]]);
  assert.deepEqual(dots, [{x: 1, y: 2}, {x: 2, y: 4}, {x: 4, y: 8}]);
  assert.deepEqual(linesOf({joints: []}), {dots: [], lines: []});
});

test('the distance is the median of the known ones', () => {
  assert.equal(distanceOf({joints: [joint('nose', 0, 1, 3), joint('left_eye', 0, 1), joint('left_hip', 0, 1, 2), joint('left_knee', 0, 1, 2.5)]}), 2.5);
  assert.equal(distanceOf({joints: [joint('nose', 0, 1)]}), null);
});

test('a person keeps a colour', () => {
  assert.equal(colorOf(3), colorOf(3));
  assert.notEqual(colorOf(3), colorOf(4));
});
