// One subscription to exact depth or to skeletons over a WebSocket of its own (a data channel where the page is asked
// with ?transport=rtc), so that one slow picture holds up no other.

import {CODEC_JSON, CODEC_STRATA, MessageType, ackMessage, frameHeader, helloMessage, mapOf, parseMessage, requestMessage} from './lwp.js';
import {RtcSocket} from './rtc_socket.js';

const DEADLINE_MS = 4000;
const REQUEST_ID = 1;
// One frame is being shown while the next one travels.
const WINDOW_FRAMES = 2;
// Not cured by trying again.
const FINAL_ERRORS = new Set(['invalid_argument', 'unsupported', 'permission_denied', 'version_mismatch']);

/** The server answered and said no, in its own words. */
export class StreamRefused extends Error {
  constructor({error, message}) {
    super(String(message ?? 'The server refused the stream.'));
    this.final = FINAL_ERRORS.has(error);
  }
}

/** Messages that came and nobody has taken yet; the server's window bounds them. */
class Inbox {
  constructor(socket, signal) {
    this.messages = [];
    this.error = null;
    this.wake = () => {};
    let opened = false;
    socket.onopen = () => {
      opened = true;
      socket.send(helloMessage());
    };
    socket.onmessage = ({data}) => {
      try {
        this.messages.push(parseMessage(data));
        this.wake();
      } catch (error) {
        this.fail(error);
      }
    };
    socket.onclose = () => this.fail(new Error(opened ? 'The WebSocket was closed.' : 'The WebSocket cannot be opened.'));
    signal.addEventListener('abort', () => this.fail(new Error('Nobody looks any more.')), {once: true});
  }

  fail(error) {
    this.error ??= error;
    this.wake();
  }

  /** The next message of one of these types; others in between are left out. Throws at the end of the connection. */
  async take(...types) {
    for (;;) {
      while (!this.error && this.messages.length === 0) await new Promise((resolve) => { this.wake = resolve; });
      if (this.error) throw this.error;
      const message = this.messages.shift();
      if (message.type === MessageType.bye) throw new StreamRefused(mapOf(message));
      if (types.includes(message.type)) return message;
    }
  }

  frameWaits() {
    return this.messages.some(({type}) => type === MessageType.frame);
  }
}

async function subscribe(socket, inbox, camera, stream, codec) {
  const deadline = setTimeout(() => inbox.fail(new Error('The WebSocket does not answer.')), socket.deadlineMs ?? DEADLINE_MS);
  try {
    await inbox.take(MessageType.welcome);
    socket.send(requestMessage(REQUEST_ID, {
      op: 'subscribe', camera, stream, codec, policy: 'latest', window_frames: WINDOW_FRAMES,
    }));
    const reply = mapOf(await inbox.take(MessageType.reply));
    if (reply.ok !== true) throw new StreamRefused(reply);
    return reply;
  } finally {
    clearTimeout(deadline);
  }
}

function openSocket(camera) {
  if (new URLSearchParams(location.search).get('transport') === 'rtc') return new RtcSocket(camera);
  const address = new URL('/ws', location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** Yields {sequence, width, height, profile, payload}, payload being a Strata frame. */
export const depthFrames = (camera, stream, signal) => frames(camera, stream, 'strata', CODEC_STRATA, signal);

/** The same, payload being a skeleton's JSON text. */
export const jsonFrames = (camera, stream, signal) => frames(camera, stream, 'json', CODEC_JSON, signal);

/**
 * A frame is acknowledged when its taker asks for the next one: whoever is slow gets the newest frame then, not a
 * queue of old ones. Ends by an exception, also when `signal` fires.
 */
async function* frames(camera, stream, codec, codecNumber, signal) {
  const socket = openSocket(camera);
  try {
    const inbox = new Inbox(socket, signal);
    const {subscription, ...reply} = await subscribe(socket, inbox, camera, stream, codec);
    let {profile} = reply;
    let received = 0;
    for (;;) {
      const message = await inbox.take(MessageType.event, MessageType.frame);
      if (message.type === MessageType.event) {
        const event = mapOf(message);
        if (event.subscription !== subscription) continue;
        if (event.event === 'ended') throw new StreamRefused(event);
        if (event.event === 'profile') profile = event.profile;
        continue;
      }
      if (message.tag !== subscription) continue;
      received += 1;
      if (inbox.frameWaits()) continue;
      const header = frameHeader(message);
      if (header.codec !== codecNumber) throw new Error(`The frame is not in ${codec}.`);
      yield {...header, profile, payload: message.payload};
      socket.send(ackMessage(subscription, received));
    }
  } finally {
    socket.close();
  }
}
