// One camera: its state, its live pictures, its controls. All text comes in through textContent.

import {pictureUrl, token} from './api.js';
import {Controls} from './controls.js';
import {DepthReadout, offerFrames, withdrawFrames} from './depth_readout.js';
import {element, setText} from './dom.js';
import {ExactDepth} from './exact_depth.js';
import {LivePicture} from './live_picture.js';
import {LiveSkeleton} from './live_skeleton.js';
import {ProfileChoice} from './profile_choice.js';

const PICTURE_KINDS = new Set(['color', 'depth', 'infrared']);
// In these states frames flow, or begin to as soon as somebody looks.
const LIVE_STATES = new Set(['streaming', 'idle', 'opening', 'stalled']);

function rateText(stream) {
  const measured = Number(stream.measured_hz ?? 0);
  const nominal = Number(stream.rate_hz ?? 0);
  if (!measured) return nominal ? `${nominal.toFixed(0)} Hz when on` : '';
  return nominal ? `${measured.toFixed(1)} of ${nominal.toFixed(0)} Hz` : `${measured.toFixed(1)} Hz`;
}

class StreamFigure {
  constructor(camera, stream) {
    this.node = element('figure', 'stream');
    this.camera = camera;
    this.stream = stream.stream;
    this.hasPicture = PICTURE_KINDS.has(stream.kind);
    this.frame = element('div', 'picture');
    if (this.hasPicture) {
      this.canvas = element('canvas');
      this.canvas.setAttribute('role', 'img');
      this.canvas.setAttribute('aria-label', `${camera} ${stream.stream}, live`);
      this.canvas.dataset.stream = `${camera}/${stream.stream}`;
      this.frame.append(this.canvas);
      this.frame.addEventListener('dblclick', () => {
        if (document.fullscreenElement) document.exitFullscreen();
        else this.frame.requestFullscreen?.();
      });
    } else if (stream.kind === 'skeleton') {
      this.offerSkeleton();
    } else {
      this.frame.append(element('p', 'quiet', `Streams of kind "${stream.kind}" have no picture; read them with the library.`));
    }
    const caption = element('figcaption');
    this.title = element('strong', '', stream.stream);
    this.size = element('span', 'quiet');
    this.rate = element('span', 'rate');
    this.viewers = element('span', 'quiet');
    caption.append(this.title, this.size, this.rate, this.viewers);
    if (this.hasPicture && !token()) {
      const kind = stream.kind === 'depth' ? 'png' : 'jpg';
      this.still = Object.assign(element('a', 'still', kind === 'png' ? 'exact PNG' : 'JPEG'), {
        href: pictureUrl(camera, stream.stream, kind),
        target: '_blank',
        rel: 'noopener',
      });
      caption.append(this.still);
    }
    if (this.people) caption.append(this.people);
    this.node.append(this.frame, caption);
    if (stream.kind === 'depth') this.addDepth(caption);
    else if (this.hasPicture) this.live = new LivePicture(this.canvas, camera, stream.stream);
  }

  /** Finding people costs the server much, so it begins when somebody asks for it. */
  offerSkeleton() {
    const button = element('button', '', 'Find people');
    button.type = 'button';
    button.addEventListener('click', () => {
      button.remove();
      this.canvas = element('canvas');
      this.canvas.setAttribute('role', 'img');
      this.canvas.setAttribute('aria-label', `${this.camera} ${this.stream}, live`);
      this.canvas.dataset.stream = `${this.camera}/${this.stream}`;
      this.frame.append(this.canvas);
      this.live = new LiveSkeleton(this.canvas, this.camera, this.stream, {
        onPeople: (text) => setText(this.people, text),
        onUnavailable: (reason) => setText(this.people, reason),
      });
      this.live.setWanted(this.wasLive ?? true);
    });
    this.people = element('span', 'quiet people');
    this.people.setAttribute('role', 'status');
    this.frame.append(button);
  }

  /** The line under a depth picture: how exact it is, and what lies under the pointer. */
  addDepth(caption) {
    this.exactness = element('span', 'exactness');
    this.exactness.setAttribute('role', 'status');
    const depth = element('output', 'depth');
    caption.append(this.exactness, depth);
    this.readout = new DepthReadout(this.canvas, () => this.live.frame ?? null, (text) => setText(depth, text));
    offerFrames(this.canvas.dataset.stream, () => this.live.frame ?? null);
    this.showExact();
  }

  showExact() {
    this.live = new ExactDepth(this.canvas, this.camera, this.stream, {
      onFrame: () => {
        const {nearLimit} = this.live.frame;
        this.showExactness(nearLimit ? `within ${nearLimit} raw steps, checksum verified` : 'exact, checksum verified', true);
        this.readout.refresh();
      },
      onUnavailable: (reason) => this.showColored(reason),
    });
  }

  /** The server's picture instead; it is tried anew when the camera or the server has been away. */
  showColored(reason) {
    const {wanted} = this.live;
    this.live.close();
    this.live = new LivePicture(this.canvas, this.camera, this.stream);
    this.live.setWanted(wanted);
    this.showExactness(`JPEG picture, not exact: ${reason}`, false);
    this.readout.refresh();
  }

  showExactness(text, exact) {
    setText(this.exactness, text);
    this.exactness.dataset.exact = exact;
  }

  show(stream, live) {
    if (stream.width && stream.height) this.frame.style.setProperty('aspect-ratio', `${stream.width} / ${stream.height}`);
    setText(this.size, `${stream.width}×${stream.height} ${stream.format}`);
    setText(this.rate, live ? rateText(stream) : '');
    const clients = Number(stream.clients ?? 0);
    setText(this.viewers, live && clients ? `${clients} ${clients === 1 ? 'viewer' : 'viewers'}` : '');
    if (this.readout && live && !this.wasLive && this.live instanceof LivePicture) {
      this.live.close();
      this.showExactness('', false);
      this.showExact();
    }
    this.wasLive = live;
    this.live?.setWanted(live);
    if (this.live) this.frame.dataset.note = live ? 'waiting for the first picture' : 'no picture';
    this.node.classList.toggle('off', !live);
  }

  close() {
    this.live?.close();
    if (this.readout) withdrawFrames(this.canvas.dataset.stream);
    this.node.remove();
  }
}

export class CameraCard {
  constructor(name) {
    this.name = name;
    this.node = element('article', 'card');
    const head = element('header', 'card-head');
    this.title = element('h2', '', name);
    this.state = element('span', 'state');
    this.model = element('p', 'quiet model');
    head.append(this.title, this.state, this.model);
    this.reason = element('p', 'reason');
    this.reason.setAttribute('role', 'status');
    this.streams = element('div', 'streams');
    const details = element('details', 'controls');
    this.profile = new ProfileChoice(name);
    details.append(element('summary', '', 'Controls'), this.profile.node);
    details.addEventListener('toggle', () => {
      if (details.open) this.profile.refresh();
    });
    this.controls = new Controls(details, name);
    this.node.append(head, this.reason, this.streams, details);
    this.figures = new Map();
  }

  /** Shows a camera map of the API; `reachable` is false while the server does not answer. */
  show(camera, reachable) {
    this.last = camera;
    const state = String(camera.state ?? 'unknown');
    const live = reachable && LIVE_STATES.has(state);
    const wasLive = this.live;
    this.live = live;
    setText(this.state, reachable ? state : 'unreachable');
    this.state.dataset.state = reachable ? state : 'unreachable';
    setText(this.model, [camera.model, camera.serial && `serial ${camera.serial}`, camera.uri].filter(Boolean).join(' · '));
    setText(this.reason, reachable ? String(camera.reason ?? '') : '');
    this.node.classList.toggle('away', !live);

    const streams = (camera.streams ?? []).filter((s) => !s.derived || s.kind === 'skeleton');
    const present = new Set(streams.map((s) => s.stream));
    for (const [id, figure] of this.figures) {
      if (present.has(id)) continue;
      figure.close();
      this.figures.delete(id);
    }
    for (const stream of streams) {
      if (!this.figures.has(stream.stream)) {
        const figure = new StreamFigure(this.name, stream);
        this.figures.set(stream.stream, figure);
        this.streams.append(figure.node);
      }
      this.figures.get(stream.stream).show(stream, live);
    }
    this.streams.classList.toggle('none', streams.length === 0);
    this.profile.show(camera);
    if (live && wasLive === false && this.controls.node.open) {
      this.profile.refresh();
      this.controls.refresh();
    }
  }

  showUnreachable() {
    if (this.last) this.show(this.last, false);
  }

  close() {
    for (const figure of this.figures.values()) figure.close();
    this.node.remove();
  }
}
