// What is drawn of a person (docs/skeleton.md): lines between joints and a dot for each. No canvas here.

/** A joint that was guessed at is worse than none. */
export const SEEN_CONFIDENCE = 0.3;

const BONES = [
  ['left_ear', 'left_eye'], ['left_eye', 'nose'], ['nose', 'right_eye'], ['right_eye', 'right_ear'],
  ['left_shoulder', 'right_shoulder'], ['left_hip', 'right_hip'],
  ['left_shoulder', 'left_elbow'], ['left_elbow', 'left_wrist'], ['left_shoulder', 'left_hip'],
  ['left_hip', 'left_knee'], ['left_knee', 'left_ankle'],
  ['right_shoulder', 'right_elbow'], ['right_elbow', 'right_wrist'], ['right_shoulder', 'right_hip'],
  ['right_hip', 'right_knee'], ['right_knee', 'right_ankle'],
];
const COLORS = ['#ffb000', '#4dd0ff', '#ff6b9a', '#8be36a', '#c79bff', '#ffffff'];

/** One person keeps a colour for as long as the id lasts. */
export const colorOf = (id) => COLORS[id % COLORS.length];

/** {dots: [{x, y}], lines: [[x0, y0, x1, y1]]} of the joints that are seen, in pixels of the colour picture. */
export function linesOf(person) {
  const seen = new Map(person.joints.filter((joint) => joint.confidence >= SEEN_CONFIDENCE)
    .map((joint) => [joint.name, joint]));
  const lines = BONES.filter(([a, b]) => seen.has(a) && seen.has(b)).map(([a, b]) => {
    const from = seen.get(a);
    const to = seen.get(b);
    return [from.x_px, from.y_px, to.x_px, to.y_px];
  });
  return {dots: [...seen.values()].map(({x_px: x, y_px: y}) => ({x, y})), lines};
}

/** How far away somebody is: the median of the joints' distances along the optical axis; null if unknown. */
export function distanceOf(person) {
  const depths = person.joints.map(({position_m: at}) => at?.[2]).filter((z) => z !== undefined).sort((a, b) => a - b);
  return depths.length ? depths[Math.floor(depths.length / 2)] : null;
}
