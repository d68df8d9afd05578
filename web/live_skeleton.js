// People as lines, over the colour picture that the page shows anyway.

import {jsonFrames} from './depth_stream.js';
import {LiveView} from './live_view.js';
import {colorOf, distanceOf, linesOf} from './skeleton_lines.js';

const PAUSE_MS = 1000;
// An older picture than this does not belong to the joints.
const FRESH_MS = 1000;

export class LiveSkeleton extends LiveView {
  /** `onPeople(text)` follows each drawing; `onUnavailable(reason)` says why there is none. */
  constructor(canvas, camera, stream, {onPeople, onUnavailable}) {
    super(canvas, camera, stream);
    this.onPeople = onPeople;
    this.onUnavailable = onUnavailable;
    this.behind = {count: '', since: 0};
  }

  run(signal) {
    this.keepGoing(() => this.show(signal), PAUSE_MS, signal, (error) => this.onUnavailable(error.message));
  }

  async show(signal) {
    for await (const {payload} of jsonFrames(this.camera, this.stream, signal)) {
      if (signal.aborted) return;
      this.paint(JSON.parse(new TextDecoder().decode(payload)));
    }
  }

  /** The canvas with the camera's colour, while that is alive. */
  colorCanvas() {
    const canvas = document.querySelector(`canvas[data-stream="${CSS.escape(this.camera)}/color"]`);
    const count = canvas?.dataset.frames;
    if (!count) return null;
    const now = performance.now();
    if (count !== this.behind.count) this.behind = {count, since: now};
    return now - this.behind.since < FRESH_MS ? canvas : null;
  }

  paint({width, height, persons}) {
    this.resize(width, height);
    const context = this.canvas.getContext('2d');
    context.fillStyle = '#101615';
    context.fillRect(0, 0, width, height);
    const color = this.colorCanvas();
    if (color) {
      context.globalAlpha = 0.45;
      context.drawImage(color, 0, 0, width, height);
      context.globalAlpha = 1;
    }
    context.lineCap = 'round';
    context.font = `${Math.round(height / 26)}px system-ui, sans-serif`;
    for (const person of persons) this.drawPerson(context, person, height);
    this.drawn();
    const count = persons.length;
    this.onPeople(count === 0 ? 'nobody' : `${count} ${count === 1 ? 'person' : 'people'}`);
  }

  drawPerson(context, person, height) {
    const {dots, lines} = linesOf(person);
    context.strokeStyle = context.fillStyle = colorOf(person.id);
    context.lineWidth = Math.max(2, height / 120);
    context.beginPath();
    for (const [x0, y0, x1, y1] of lines) {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
    }
    context.stroke();
    for (const {x, y} of dots) {
      context.beginPath();
      context.arc(x, y, context.lineWidth, 0, 2 * Math.PI);
      context.fill();
    }
    if (!dots.length) return;
    const top = dots.reduce((a, b) => (b.y < a.y ? b : a));
    const away = distanceOf(person);
    context.fillText(`#${person.id}${away === null ? '' : ` ${away.toFixed(2)} m`}`, top.x, top.y - height / 30);
  }
}
