// What the peers of a ball door see: their errors in a table, the newest one in a picture.

import {element, setText} from './dom.js';

const ROWS = 8;
const BALL_RADIUS = 20;

const pixels = (value) => (Number.isFinite(value) ? value.toFixed(2) : '–');
const place = (point) => (Array.isArray(point) ? `(${point.map((v) => Number(v).toFixed(1)).join(', ')})` : '–');

function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => {
    const row = body.rows[i] ?? body.insertRow();
    cells.forEach((text, j) => setText(row.cells[j] ?? row.insertCell(), String(text)));
  });
}

function table(caption, titles) {
  const node = element('table', 'scores');
  node.append(element('caption', 'quiet', caption));
  const row = node.createTHead().insertRow();
  for (const title of titles) row.append(Object.assign(element('th', '', title), {scope: 'col'}));
  node.body = node.createTBody();
  return node;
}

/** The panel of one door. */
export class BallPanel {
  constructor(name) {
    this.node = element('section', 'ball');
    this.node.dataset.ball = name;
    this.title = element('h2');
    this.summary = element('p', 'quiet');
    this.canvas = element('canvas');
    this.canvas.setAttribute('role', 'img');
    this.peers = table('Peers', ['Peer', 'State', 'Frames', 'Skipped', 'Estimates', 'Mean error', 'Largest', 'Cumulative']);
    this.recent = table('Newest estimates', ['Peer', 'Actual center', 'Est. center', 'Error', 'Cumulative error']);
    const tables = element('div', 'tables');
    tables.append(this.peers, this.recent);
    const body = element('div', 'ball-body');
    body.append(this.canvas, tables);
    this.node.append(this.title, this.summary, body);
  }

  show(door) {
    const norm = door.norm === 'l2' ? 'l2' : 'l1';
    const error = `${norm}_px`;
    setText(this.title, `Ball bench · ${door.camera}`);
    const total = door.total ?? {};
    setText(this.summary, `${door.connected} connected on ${(door.addresses ?? []).join(', ')} · ${total.paired} estimates · `
      + `mean error ${pixels(total[error]?.mean)} px (${norm.toUpperCase()}) · ${pixels(total.sent_to_estimate_mean_ms)} ms from sending to estimate`);
    const peers = [...(door.peers ?? [])].reverse().slice(0, ROWS);
    fill(this.peers.body, peers.map((peer) => [`${peer.peer} · ${peer.address}`, peer.state, peer.frames_sent, peer.frames_skipped,
      peer.paired, pixels(peer[error]?.mean), pixels(peer[error]?.max), pixels(peer[error]?.cumulative)]));
    const recent = [...(door.recent ?? [])].reverse();
    fill(this.recent.body, recent.slice(0, ROWS).map((row) => [row.peer, place(row.actual), place(row.estimate), pixels(row[error]),
      pixels(row[`cumulative_${error}`])]));
    this.draw(door, recent);
  }

  /** The ball where it was and where it was seen; a line for each of the earlier ones. */
  draw(door, rows) {
    if (this.canvas.width !== door.width || this.canvas.height !== door.height) {
      this.canvas.width = door.width;
      this.canvas.height = door.height;
    }
    const paint = this.canvas.getContext('2d');
    paint.clearRect(0, 0, door.width, door.height);
    paint.lineWidth = 2;
    paint.strokeStyle = '#8aa';
    paint.beginPath();
    for (const {actual, estimate} of rows) {
      paint.moveTo(...actual);
      paint.lineTo(...estimate);
    }
    paint.stroke();
    if (!rows.length) return;
    const [{actual, estimate}] = rows;
    this.canvas.setAttribute('aria-label', `ball at ${place(actual)}, seen at ${place(estimate)}`);
    paint.fillStyle = '#25f';
    paint.beginPath();
    paint.arc(...actual, BALL_RADIUS, 0, 2 * Math.PI);
    paint.fill();
    paint.strokeStyle = '#fd4';
    paint.beginPath();
    paint.moveTo(estimate[0] - BALL_RADIUS, estimate[1]);
    paint.lineTo(estimate[0] + BALL_RADIUS, estimate[1]);
    paint.moveTo(estimate[0], estimate[1] - BALL_RADIUS);
    paint.lineTo(estimate[0], estimate[1] + BALL_RADIUS);
    paint.stroke();
  }
}
