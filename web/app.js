// The page: asks for the cameras once a second while it can be seen, and keeps one card for each.

import {getCameras, getDoors, getServer, setToken} from './api.js';
import {BallPanel} from './ball_panel.js';
import {CameraCard} from './camera_card.js';

const POLL_MS = 1000;

const byId = (id) => document.getElementById(id);
const cards = new Map();
const panels = new Map();
let unreachableSince = null;
let serverAsked = false;
let timer = null;

function showCameras(cameras) {
  const names = new Set(cameras.map((camera) => camera.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    card.close();
    cards.delete(name);
  }
  for (const camera of cameras) {
    if (!cards.has(camera.name)) {
      const card = new CameraCard(camera.name);
      cards.set(camera.name, card);
      byId('cameras').append(card.node);
    }
    cards.get(camera.name).show(camera, true);
  }
  byId('empty').hidden = cameras.length > 0;
  const working = cameras.filter((camera) => camera.state === 'streaming').length;
  byId('totals').textContent = cameras.length ? `${working} of ${cameras.length} streaming` : '';
}

function showDoors(doors) {
  const balls = doors.filter((door) => door.name === 'ball');
  const keys = new Set(balls.map((door) => `${door.camera} ${door.addresses}`));
  for (const [key, panel] of panels) {
    if (keys.has(key)) continue;
    panel.node.remove();
    panels.delete(key);
  }
  for (const door of balls) {
    const key = `${door.camera} ${door.addresses}`;
    if (!panels.has(key)) {
      panels.set(key, new BallPanel(door.camera));
      byId('doors').append(panels.get(key).node);
    }
    panels.get(key).show(door);
  }
}

function showBanner(text) {
  byId('banner').textContent = text;
  byId('banner').hidden = !text;
}

async function showServer() {
  if (serverAsked) return;
  const server = await getServer();
  serverAsked = true;
  byId('server').textContent = [server.name, server.server].filter((t) => typeof t === 'string').join(' · ');
  document.title = server.name ? `${server.name} · lenswire` : 'lenswire';
}

function showTrouble(error) {
  if (error.status === 401 || error.status === 403) {
    showBanner('');
    if (byId('login').hidden) {
      byId('login').hidden = false;
      byId('token').focus();
    }
    return;
  }
  if (error.status) {
    showBanner(error.message);
    return;
  }
  unreachableSince ??= new Date();
  showBanner(`No answer from the server since ${unreachableSince.toLocaleTimeString()}. Trying again…`);
  byId('totals').textContent = '';
  // Another server may come back in its place.
  serverAsked = false;
  for (const card of cards.values()) card.showUnreachable();
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    showCameras(await getCameras());
    unreachableSince = null;
    showBanner('');
    byId('login').hidden = true;
    await showServer();
    showDoors(await getDoors());
  } catch (error) {
    showTrouble(error);
  }
  clearTimeout(timer);
  timer = setTimeout(poll, POLL_MS);
}

byId('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  setToken(byId('token').value.trim());
  byId('login-error').textContent = '';
  try {
    await getCameras();
    byId('token').value = '';
  } catch (error) {
    setToken(null);
    byId('login-error').textContent = error.message;
  }
  poll();
});
document.addEventListener('visibilitychange', poll);
poll();
