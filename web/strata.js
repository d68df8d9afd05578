// Decodes Strata (docs/strata.md) with strata.wasm, which is made from the server's own sources.

import {ApiError, openFile} from './api.js';

// A module of one function that returns a v128: valid only where SIMD is.
const SIMD_PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11);
const AT_NEAR_LIMIT = 6;

/** There is no decoder here, and trying again does not help; the message tells why. */
export class NoDecoder extends Error {}

let compiled = null;

async function compile() {
  if (typeof WebAssembly !== 'object') throw new NoDecoder('This browser has no WebAssembly.');
  if (!WebAssembly.validate(SIMD_PROBE)) throw new NoDecoder('This browser has no WebAssembly SIMD.');
  let response;
  try {
    response = await openFile('/strata.wasm');
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new NoDecoder('This server was built without strata.wasm.');
    throw error;
  }
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw new NoDecoder('This browser does not take strata.wasm.');
    throw error;
  }
}

/** The module is compiled once for all pictures; each picture has a memory of its own. */
function module() {
  compiled ??= compile().catch((error) => {
    compiled = null;
    throw error;
  });
  return compiled;
}

export class StrataDecoder {
  /** Throws NoDecoder where the browser or the server's build has none. */
  static async create() {
    const code = await module();
    return new StrataDecoder((await WebAssembly.instantiate(code)).exports);
  }

  constructor(exports) {
    this.wasm = exports;
  }

  /**
   * {width, height, nearLimit, codes} of a frame whose checksums are right; throws for any other.
   * `codes` (Uint16Array, row by row) lies in the decoder's memory and is good until the next call.
   */
  decode(frame) {
    const {wasm} = this;
    const at = wasm.reserve(frame.length) >>> 0;
    if (at === 0) throw new Error('There is no memory for the frame.');
    new Uint8Array(wasm.memory.buffer, at, frame.length).set(frame);
    const status = wasm.decode();
    if (status !== 0) throw new Error(`The frame is damaged (Strata status ${status}).`);
    const width = wasm.width();
    const height = wasm.height();
    const codes = new Uint16Array(wasm.memory.buffer, wasm.pixels() >>> 0, width * height);
    return {width, height, nearLimit: frame[AT_NEAR_LIMIT], codes};
  }
}
