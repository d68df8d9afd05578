// The size and rate that a camera captures with, for everybody who watches it. Shown is what it has.

import {getChoices, setProfile} from './api.js';
import {element} from './dom.js';

// For cameras that take any size, and for rates: the camera takes the nearest it can.
const USUAL_SIZES = ['320x240', '640x480', '800x600', '1280x720', '1920x1080'];
const USUAL_RATES = ['5', '10', '15', '25', '30', '60'];
const PICTURE_KINDS = ['color', 'depth', 'infrared'];

const area = (size) => size.split('x').reduce((product, side) => product * Number(side), 1);
const rateOf = (hz) => String(Number(Number(hz ?? 0).toFixed(2)));
const WORDS = {size: (value) => value.replace('x', '×'), fps: (value) => `${value} Hz`};

/** {size, fps} of the first stream with pictures; null where there is none. */
function present(camera) {
  const streams = (camera.streams ?? []).filter((stream) => !stream.derived);
  const stream = PICTURE_KINDS.map((kind) => streams.find((s) => s.kind === kind)).find(Boolean);
  return stream ? {size: `${stream.width}x${stream.height}`, fps: rateOf(stream.rate_hz)} : null;
}

class Row {
  constructor(camera, option, label, onChange) {
    this.camera = camera;
    this.option = option;
    this.node = element('div', 'control');
    this.select = element('select');
    this.select.id = `${camera}--${option}`;
    this.message = element('p', 'row-error');
    this.message.setAttribute('role', 'alert');
    const name = Object.assign(element('label', '', label), {htmlFor: this.select.id, title: 'For everybody who watches this camera'});
    this.node.append(name, this.select, element('span'), this.message);
    this.select.addEventListener('change', () => this.apply(onChange));
  }

  show(values, value) {
    if (this.busy) return;
    const sorted = [...new Set([...values, value])].sort((a, b) => area(a) - area(b));
    const shown = `${sorted} ${value}`;
    if (shown === this.shown) return;  // a list that is open stays as it is
    this.shown = shown;
    this.select.replaceChildren(...sorted.map((one) => Object.assign(element('option', '', WORDS[this.option](one)), {value: one})));
    this.value = value;
    this.select.value = value;
  }

  async apply(onChange) {
    const asked = this.select.value;
    this.busy = true;
    this.select.disabled = true;
    this.node.classList.add('busy');
    this.message.textContent = '';
    this.message.classList.remove('note');
    try {
      const camera = await setProfile(this.camera, {[this.option]: this.option === 'fps' ? Number(asked) : asked});
      this.busy = false;
      this.shown = null;
      onChange(camera);
      if (this.value !== asked) {
        this.message.classList.add('note');
        this.message.textContent = `The camera chose ${WORDS[this.option](this.value)} instead of ${WORDS[this.option](asked)}.`;
      }
    } catch (error) {
      this.busy = false;
      this.select.value = this.value;
      this.message.textContent = error.message;
    } finally {
      this.select.disabled = false;
      this.node.classList.remove('busy');
    }
  }
}

export class ProfileChoice {
  /** `node` shows nothing until refresh() has found something to choose. */
  constructor(camera) {
    this.camera = camera;
    this.node = element('div', 'control-list profile');
    this.rows = new Map();
  }

  /** Asks what the camera offers. */
  async refresh() {
    try {
      this.choices = await getChoices(this.camera);
    } catch {
      // The controls below it are asked for too, and say why.
      return;
    }
    for (const [option, label] of [['size', 'Size'], ['fps', 'Rate']]) {
      const wanted = (this.choices.options ?? []).includes(option);
      if (wanted === this.rows.has(option)) continue;
      if (wanted) this.rows.set(option, new Row(this.camera, option, label, (camera) => this.show(camera)));
      else this.rows.delete(option);
    }
    this.node.replaceChildren(...[...this.rows.values()].map((row) => row.node));
    if (this.last) this.show(this.last);
  }

  /** Shows what a camera map of the API says. */
  show(camera) {
    this.last = camera;
    const now = present(camera);
    this.node.hidden = !now;
    if (!now || !this.choices) return;
    const sizes = this.choices.sizes?.length ? this.choices.sizes : USUAL_SIZES;
    this.rows.get('size')?.show(sizes, now.size);
    this.rows.get('fps')?.show(USUAL_RATES, now.fps);
  }
}
