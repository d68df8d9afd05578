// The controls of one camera: sliders, checkboxes, menus. What is shown is what the device read back.

import {getControls, setControls} from './api.js';
import {element} from './dom.js';

function valueText(control) {
  if (control.type === 'real') return String(Number(control.value.toPrecision(6)));
  return String(control.value);
}

function input(type, attributes) {
  return Object.assign(document.createElement('input'), {type, ...attributes});
}

/** The editing element for a control, with `set(control)` to show a value and `read()` to take the user's. */
function makeEditor(control) {
  switch (control.type) {
    case 'boolean': {
      const node = input('checkbox', {});
      return {node, set: (c) => { node.checked = Boolean(c.value); }, read: () => node.checked};
    }
    case 'menu': {
      const node = element('select');
      for (const item of control.menu ?? []) node.append(Object.assign(element('option', '', item.name), {value: item.index}));
      return {node, set: (c) => { node.value = String(c.value); }, read: () => Number(node.value)};
    }
    case 'button': {
      const node = Object.assign(element('button', '', 'Run'), {type: 'button'});
      return {node, set: () => {}, read: () => 1, event: 'click'};
    }
    case 'text': {
      const node = input('text', {maxLength: 256});
      return {node, set: (c) => { node.value = String(c.value); }, read: () => node.value};
    }
    default: {
      const node = input('range', {min: control.minimum, max: control.maximum, step: control.step || (control.type === 'real' ? 'any' : 1)});
      return {node, set: (c) => { node.value = String(c.value); }, read: () => Number(node.value), showsNumber: true};
    }
  }
}

class Row {
  constructor(camera, control, afterChange) {
    this.camera = camera;
    this.control = control;
    this.node = element('div', 'control');
    this.editor = makeEditor(control);
    const id = `${camera}-${control.name}`;
    this.editor.node.id = id;
    const label = Object.assign(element('label', '', control.label || control.name), {htmlFor: id, title: control.name});
    this.number = element('output', 'value');
    this.message = element('p', 'row-error');
    this.message.setAttribute('role', 'alert');
    this.node.append(label, this.editor.node, this.number, this.message);
    this.editor.node.addEventListener('input', () => {
      if (this.editor.showsNumber) this.number.textContent = String(this.editor.read());
    });
    this.editor.node.addEventListener(this.editor.event ?? 'change', () => this.apply(afterChange));
    this.show(control);
  }

  show(control) {
    this.control = control;
    this.editor.set(control);
    this.editor.node.disabled = Boolean(control.read_only || control.inactive);
    this.node.classList.toggle('inactive', Boolean(control.inactive));
    this.node.title = control.inactive ? 'Has no effect now: another control overrides it.' : '';
    if (this.editor.showsNumber) this.number.textContent = valueText(control);
  }

  async apply(afterChange) {
    const asked = this.editor.read();
    this.message.textContent = '';
    this.message.classList.remove('note');
    this.node.classList.add('busy');
    try {
      const [back] = (await setControls(this.camera, {[this.control.name]: asked})).filter((c) => c.name === this.control.name);
      if (back) {
        this.show(back);
        const differs = back.type !== 'button' && back.value !== asked;
        this.message.classList.toggle('note', differs);
        this.message.textContent = differs ? `The camera chose ${valueText(back)} instead of ${asked}.` : '';
      }
      afterChange();
    } catch (error) {
      this.show(this.control);
      this.message.textContent = error.message;
    } finally {
      this.node.classList.remove('busy');
    }
  }

  /** True while the user is at it, so that a refresh does not pull the slider away. */
  get inUse() {
    return document.activeElement === this.editor.node && this.editor.node.matches(':active');
  }
}

export class Controls {
  /** `node` is a <details>; the controls are asked for when it opens. */
  constructor(node, camera) {
    this.node = node;
    this.camera = camera;
    this.body = element('div', 'control-list');
    this.message = element('p', 'quiet');
    node.append(this.message, this.body);
    this.rows = new Map();
    node.addEventListener('toggle', () => {
      if (node.open) this.refresh();
    });
  }

  async refresh() {
    try {
      this.show(await getControls(this.camera));
    } catch (error) {
      this.message.textContent = error.message;
    }
  }

  show(controls) {
    this.message.textContent = controls.length ? '' : 'This camera has no controls of its own.';
    const names = new Set(controls.map((c) => c.name));
    for (const [name, row] of this.rows) {
      if (names.has(name)) continue;
      row.node.remove();
      this.rows.delete(name);
    }
    for (const control of controls) {
      const row = this.rows.get(control.name);
      if (!row) {
        const made = new Row(this.camera, control, () => this.refresh());
        this.rows.set(control.name, made);
        this.body.append(made.node);
      } else if (!row.inUse) {
        row.show(control);
      }
    }
  }
}
