// Run by ctest with node: the page's side of docs/protocol.md, byte by byte.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {importPage} from './import_for_test.mjs';

const {MessageType, ackMessage, frameHeader, helloMessage, mapOf, parseMessage, requestMessage} = await importPage('lwp.js');
const {decodeCbor, encodeCbor} = await importPage('cbor.js');

const bytesOf = (hex) => Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (bytes) => Buffer.from(bytes).toString('hex');

test('Ack is as the protocol describes it', () => {
  assert.equal(hexOf(ackMessage(5, 258)), '894c5750' + '01' + '07' + '0c00' + '00000000' + '05000000' + '1000' + '0800' + '0201000000000000');
});

test('a request carries its map', () => {
  const bytes = requestMessage(9, {op: 'server'});
  assert.equal(hexOf(bytes), '894c5750' + '01' + '03' + '0000' + '0b000000' + '09000000' + 'a1626f7066736572766572');
  const message = parseMessage(bytes.buffer);
  assert.deepEqual([message.type, message.tag], [MessageType.request, 9]);
  assert.deepEqual(mapOf(message), {op: 'server'});
});

test('Hello names the version', () => {
  assert.deepEqual(mapOf(parseMessage(helloMessage().buffer)), {versions: [1, 1], client: 'lenswire page'});
});

function frame(extension) {
  const bytes = new Uint8Array(16 + 4 + extension.length + 3);
  bytes.set(bytesOf('894c5750 01 06'));
  const view = new DataView(bytes.buffer);
  view.setUint16(6, 4 + extension.length, true);
  view.setUint32(8, 3, true);
  view.setUint32(12, 7, true);
  view.setUint16(16, 1, true);
  view.setUint16(18, extension.length, true);
  bytes.set(extension, 20);
  bytes.set([1, 2, 3], 20 + extension.length);
  return bytes;
}

test('a frame says what it is', () => {
  const extension = new Uint8Array(80);  // a later version may have made it longer
  const view = new DataView(extension.buffer);
  view.setBigUint64(0, 123456789012n, true);
  view.setUint8(37, 3);
  view.setUint32(44, 640, true);
  view.setUint32(48, 480, true);
  const message = parseMessage(frame(extension).buffer);
  assert.deepEqual(frameHeader(message), {sequence: 123456789012, codec: 3, width: 640, height: 480});
  assert.deepEqual([message.tag, ...message.payload], [7, 1, 2, 3]);
  assert.throws(() => frameHeader(parseMessage(frame(new Uint8Array(71)).buffer)), /description/);
});

test('a message cut anywhere is refused', () => {
  const whole = frame(new Uint8Array(72));
  for (let end = 0; end < whole.length; end += 1) assert.throws(() => parseMessage(whole.slice(0, end).buffer), RangeError);
  const other = whole.slice();
  other[0] = 0x88;
  assert.throws(() => parseMessage(other.buffer), RangeError);
});

test('extensions that lie about their length, or come twice, are refused', () => {
  const lying = frame(new Uint8Array(72));
  lying[18] = 73;
  assert.throws(() => parseMessage(lying.buffer), RangeError);
  const twice = bytesOf('894c5750 01 07 0800 00000000 00000000 0100 0000 0100 0000');
  assert.throws(() => parseMessage(twice.buffer), /twice/);
});

// From RFC 8949, appendix A.
test('CBOR is read', () => {
  const cases = [
    ['00', 0], ['17', 23], ['1818', 24], ['1903e8', 1000], ['1a000f4240', 1000000], ['1b000000e8d4a51000', 1000000000000],
    ['20', -1], ['3903e7', -1000], ['fb3ff199999999999a', 1.1], ['fa47c35000', 100000], ['f4', false], ['f5', true], ['f6', null],
    ['60', ''], ['62c3bc', 'ü'], ['80', []], ['8301820203820405', [1, [2, 3], [4, 5]]], ['a26161016162820203', {a: 1, b: [2, 3]}],
  ];
  for (const [hex, value] of cases) assert.deepEqual(decodeCbor(bytesOf(hex)), value, hex);
});

test('CBOR that is cut, too deep, of indefinite length or followed by more is refused', () => {
  const bad = ['', '18', '62c3', '62c328', '8201', 'a161', '9fff', '7f6161ff', 'c100', 'f97c00', '0000', '9affffffff', 'bbffffffffffffffff', '81'.repeat(40) + '00'];
  for (const hex of bad) assert.throws(() => decodeCbor(bytesOf(hex)), undefined, hex);
});

test('what the page writes it also reads', () => {
  const value = {op: 'subscribe', camera: 'küche', list: [0, 23, 24, 255, 256, 65535], long: 'x'.repeat(300)};
  assert.deepEqual(decodeCbor(encodeCbor(value)), value);
  for (const wrong of [-1, 1.5, 65536, null, undefined]) assert.throws(() => encodeCbor({wrong}));
});
