// Messages of the native protocol (docs/protocol.md) as bytes. No sockets here.

import {decodeCbor, encodeCbor} from './cbor.js';

export const MessageType = Object.freeze({
  hello: 1, welcome: 2, request: 3, reply: 4, event: 5, frame: 6, ack: 7, bye: 11,
});

export const CODEC_STRATA = 3;
export const CODEC_JSON = 5;

const VERSION = 1;
const PREFIX_BYTES = 16;
const MAGIC = 0x50574c89;
const EXTENSION_FRAME = 1;
const EXTENSION_ACK = 16;
const FRAME_BYTES = 72;

function message(type, tag, extensions, payload) {
  const bytes = new Uint8Array(PREFIX_BYTES + extensions.length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, type);
  view.setUint16(6, extensions.length, true);
  view.setUint32(8, payload.length, true);
  view.setUint32(12, tag, true);
  bytes.set(extensions, PREFIX_BYTES);
  bytes.set(payload, PREFIX_BYTES + extensions.length);
  return bytes;
}

const NOTHING = new Uint8Array(0);

export const helloMessage = () =>
  message(MessageType.hello, 0, NOTHING, encodeCbor({versions: [VERSION, VERSION], client: 'lenswire page'}));

export const requestMessage = (id, request) => message(MessageType.request, id, NOTHING, encodeCbor(request));

/** `frames` is the number of frames received since the subscription was accepted. */
export function ackMessage(subscription, frames) {
  const extension = new Uint8Array(12);
  const view = new DataView(extension.buffer);
  view.setUint16(0, EXTENSION_ACK, true);
  view.setUint16(2, 8, true);
  view.setBigUint64(4, BigInt(frames), true);
  return message(MessageType.ack, subscription, extension, NOTHING);
}

/** Extension number -> its bytes. */
function parseExtensions(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extensions = new Map();
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw new RangeError('An extension is cut short.');
    const type = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    at += 4;
    if (length > bytes.length - at) throw new RangeError('An extension is cut short.');
    if (extensions.has(type)) throw new RangeError('An extension comes twice.');
    extensions.set(type, bytes.subarray(at, at + length));
    at += length;
  }
  return extensions;
}

/** How many bytes the message has that begins with `head`; null while too little of it is there. */
export function messageBytes(head) {
  if (head.length < PREFIX_BYTES) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('A message does not begin like one.');
  return PREFIX_BYTES + view.getUint16(6, true) + view.getUint32(8, true);
}

/** The only message in `buffer`: {type, tag, extensions, payload}; both of the latter point into it. */
export function parseMessage(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < PREFIX_BYTES) throw new RangeError('A message is cut short.');
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('A message does not begin like one.');
  const start = PREFIX_BYTES + view.getUint16(6, true);
  const length = view.getUint32(8, true);
  if (start + length !== bytes.length) throw new RangeError('A message has another length than it says.');
  return {
    type: view.getUint8(5),
    tag: view.getUint32(12, true),
    extensions: parseExtensions(bytes.subarray(PREFIX_BYTES, start)),
    payload: bytes.subarray(start),
  };
}

/** The map that a control message carries. */
export const mapOf = ({payload}) => decodeCbor(payload);

/** What the extension of a Frame says, as far as the page needs it. */
export function frameHeader({extensions}) {
  const bytes = extensions.get(EXTENSION_FRAME);
  if (!bytes || bytes.length < FRAME_BYTES) throw new RangeError('A frame lacks its description.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    sequence: Number(view.getBigUint64(0, true)),
    codec: view.getUint8(37),
    width: view.getUint32(44, true),
    height: view.getUint32(48, true),
  };
}
