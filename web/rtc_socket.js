// What depth_stream.js needs of a WebSocket, over a WebRTC data channel: POST /rtc/{camera} (docs/webrtc.md).

import {closeRtc, getServer, openRtc} from './api.js';
import {messageBytes} from './lwp.js';

// For a STUN server that does not answer: what is known by then has to do.
const GATHER_MS = 4000;

/** Puts messages together that came in pieces. */
export class MessageJoiner {
  #pieces = [];
  #have = 0;

  /** The whole messages that end in this piece, as ArrayBuffers. */
  take(piece) {
    this.#pieces.push(new Uint8Array(piece));
    this.#have += piece.byteLength;
    const whole = [];
    for (;;) {
      const wanted = messageBytes(this.#front(Math.min(this.#have, 16)));
      if (wanted === null || wanted > this.#have) return whole;
      const bytes = this.#front(wanted);
      const rest = this.#pieces.shift().subarray(wanted);
      this.#have -= wanted;
      if (rest.length > 0) this.#pieces.unshift(rest);
      whole.push(bytes.slice().buffer);
    }
  }

  /** The first `count` bytes as one piece, which the first then is or begins with. */
  #front(count) {
    if (count > 0 && this.#pieces[0].length < count) {
      const joined = new Uint8Array(this.#have);
      let at = 0;
      for (const piece of this.#pieces) {
        joined.set(piece, at);
        at += piece.length;
      }
      this.#pieces = [joined];
    }
    return count > 0 ? this.#pieces[0].subarray(0, count) : new Uint8Array(0);
  }
}

export class RtcSocket {
  /** How long the first answer may take: STUN and TURN servers are waited for at both ends. */
  deadlineMs = 20_000;
  #peer = new RTCPeerConnection();
  #channel = this.#peer.createDataChannel('lenswire');
  #joiner = new MessageJoiner();
  #session = null;
  #closed = false;

  constructor(camera) {
    this.#channel.binaryType = 'arraybuffer';
    this.#channel.onopen = () => this.onopen?.();
    this.#channel.onmessage = ({data}) => {
      for (const whole of this.#joiner.take(data)) this.onmessage?.({data: whole});
    };
    this.#channel.onclose = () => this.close();
    this.#peer.onconnectionstatechange = () => {
      if (this.#peer.connectionState === 'failed') this.close();
    };
    this.#connect(camera).catch(() => this.close());
  }

  async #connect(camera) {
    const {rtc} = await getServer();
    if (rtc?.stun) this.#peer.setConfiguration({iceServers: [{urls: `stun:${rtc.stun}`}]});
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    // All candidates go with the offer: the server takes none later.
    await new Promise((resolve) => {
      setTimeout(resolve, GATHER_MS);
      const look = () => this.#peer.iceGatheringState === 'complete' && resolve();
      this.#peer.addEventListener('icegatheringstatechange', look);
      look();
    });
    const {sdp, session} = await openRtc(camera, this.#peer.localDescription.sdp);
    this.#session = session;
    if (this.#closed) return this.#leave();
    await this.#peer.setRemoteDescription({type: 'answer', sdp});
  }

  send(bytes) {
    if (this.#channel.readyState === 'open') this.#channel.send(bytes);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.close();
    this.#leave();
    this.onclose?.();
  }

  #leave() {
    if (this.#session) closeRtc(this.#session);
  }
}
