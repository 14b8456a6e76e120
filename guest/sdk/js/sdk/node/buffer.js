// The common part of Node's Buffer.
import { argumentError } from './arguments.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const binary = (bytes) => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
};
const codes = (text) => Uint8Array.from(text.split(''), (character) => character.charCodeAt(0) & 0xff);

const ENCODINGS = {
  utf8: { read: (text) => encoder.encode(text), write: (bytes) => decoder.decode(bytes) },
  hex: {
    read: (text) => Uint8Array.from((/^(?:[\da-f]{2})*/i.exec(text)[0].match(/../g) ?? []), (pair) => Number.parseInt(pair, 16)),
    write: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  },
  base64: {
    read: (text) => codes(atob(padded(text.replace(/[^\w+/-]/g, '').replaceAll('-', '+').replaceAll('_', '/')))),
    write: (bytes) => btoa(binary(bytes)),
  },
  base64url: {
    read: (text) => ENCODINGS.base64.read(text),
    write: (bytes) => btoa(binary(bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  },
  latin1: { read: (text) => codes(text), write: binary },
  ascii: { read: (text) => codes(text), write: (bytes) => binary(bytes.map((byte) => byte & 0x7f)) },
  utf16le: {
    read: (text) => new Uint8Array(Uint16Array.from(text.split(''), (character) => character.charCodeAt(0)).buffer),
    write: (bytes) => Array.from({ length: bytes.length >> 1 }, (_, at) => String.fromCharCode(bytes[2 * at] | (bytes[2 * at + 1] << 8))).join(''),
  },
};
Object.assign(ENCODINGS, { 'utf-8': ENCODINGS.utf8, binary: ENCODINGS.latin1, ucs2: ENCODINGS.utf16le, 'ucs-2': ENCODINGS.utf16le, 'utf-16le': ENCODINGS.utf16le });

const padded = (text) => {
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
  return whole.padEnd(Math.ceil(whole.length / 4) * 4, '=');
};

const coding = (name = 'utf8') => {
  const found = ENCODINGS[String(name).toLowerCase()];
  if (found === undefined) throw new TypeError(`Unknown encoding: ${name}`);
  return found;
};

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const over = (bytes) => new Bytes(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What a search looks for, and where it begins: a place from the end when it is negative. */
function search(buffer, value, from, encoding, otherwise) {
  if (typeof from === 'string') return search(buffer, value, undefined, from, otherwise);
  const at = from === undefined || Number.isNaN(Number(from)) ? otherwise : Math.trunc(from);
  const bytes = typeof value === 'number' ? [value & 0xff] : typeof value === 'string' ? coding(encoding).read(value) : value;
  return [bytes, at < 0 ? at + buffer.length : at];
}
const isAt = (buffer, bytes, at) => bytes.every((byte, index) => buffer[at + index] === byte);

class Bytes extends Uint8Array {
  static from(value, encoding, length) {
    if (typeof value === 'string') return over(coding(encoding).read(value));
    if (value instanceof ArrayBuffer) return new Bytes(value, encoding, length);
    if (value?.type === 'Buffer' && Array.isArray(value.data)) return over(Uint8Array.from(value.data));
    if (ArrayBuffer.isView(value) || Array.isArray(value)) return over(Uint8Array.from(value));
    if (typeof value?.valueOf?.() === 'string') return Bytes.from(value.valueOf(), encoding);
    throw argumentError('The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object', value);
  }
  static alloc(size, fill, encoding) {
    const made = new Bytes(size);
    return fill === undefined ? made : made.fill(fill, 0, size, encoding);
  }
  static allocUnsafe(size) { return new Bytes(size); }
  static allocUnsafeSlow(size) { return new Bytes(size); }
  static isBuffer(value) { return value instanceof Bytes; }
  static isEncoding(name) { return String(name).toLowerCase() in ENCODINGS; }
  static byteLength(value, encoding) { return typeof value === 'string' ? coding(encoding).read(value).length : value.byteLength; }
  static concat(list, length = list.reduce((sum, bytes) => sum + bytes.length, 0)) {
    const made = new Bytes(length);
    let at = 0;
    for (const bytes of list) {
      made.set(bytes.subarray(0, length - at), at);
      at += bytes.length;
      if (at >= length) break;
    }
    return made;
  }
  static compare(one, other) {
    for (let at = 0; at < Math.min(one.length, other.length); at++) {
      if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
    }
    return Math.sign(one.length - other.length);
  }

  get parent() { return this.buffer; }
  toString(encoding, start = 0, end = this.length) { return coding(encoding).write(new Uint8Array(this.buffer, this.byteOffset + start, Math.max(0, Math.min(end, this.length) - start))); }
  toLocaleString(encoding) { return this.toString(encoding); }
  toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
  equals(other) { return Bytes.compare(this, other) === 0; }
  compare(other) { return Bytes.compare(this, other); }
  slice(start, end) { return this.subarray(start, end); }
  write(text, offset = 0, length, encoding) {
    if (typeof offset === 'string') return this.write(text, 0, undefined, offset);
    if (typeof length === 'string') return this.write(text, offset, undefined, length);
    const bytes = coding(encoding).read(text).subarray(0, Math.min(length ?? Infinity, this.length - offset));
    this.set(bytes, offset);
    return bytes.length;
  }
  fill(value, start = 0, end = this.length, encoding) {
    if (typeof value !== 'string') return super.fill(value, start, end);
    const bytes = coding(encoding).read(value);
    for (let at = start; at < end; at++) this[at] = bytes.length === 0 ? 0 : bytes[(at - start) % bytes.length];
    return this;
  }
  copy(target, targetStart = 0, start = 0, end = this.length) {
    const bytes = this.subarray(start, Math.min(end, start + target.length - targetStart));
    target.set(bytes, targetStart);
    return bytes.length;
  }
  indexOf(value, from, encoding) {
    const [bytes, start] = search(this, value, from, encoding, 0);
    for (let at = Math.max(start, 0); at <= this.length - bytes.length; at++) if (isAt(this, bytes, at)) return at;
    return -1;
  }
  lastIndexOf(value, from, encoding) {
    const [bytes, start] = search(this, value, from, encoding, this.length);
    for (let at = Math.min(start, this.length - bytes.length); at >= 0; at--) if (isAt(this, bytes, at)) return at;
    return -1;
  }
  includes(value, from, encoding) { return this.indexOf(value, from, encoding) >= 0; }
}

/** The class as Node has it, which older code calls with and without `new`: `Buffer('text')`, `new Buffer(bytes)`. */
export function Buffer(value, encoding, length) {
  return typeof value === 'number' ? Bytes.alloc(value) : Bytes.from(value, encoding, length);
}
Object.setPrototypeOf(Buffer, Bytes);
Buffer.prototype = Bytes.prototype;
Object.defineProperty(Bytes.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });

for (const [name, method, bytes] of [['Int8', 'Int8', 1], ['Int16', 'Int16', 2], ['Int32', 'Int32', 4], ['BigInt64', 'BigInt64', 8], ['UInt8', 'Uint8', 1], ['UInt16', 'Uint16', 2], ['UInt32', 'Uint32', 4], ['BigUInt64', 'BigUint64', 8], ['Float', 'Float32', 4], ['Double', 'Float64', 8]]) {
  for (const end of bytes === 1 ? [''] : ['LE', 'BE']) {
    const little = end === 'LE';
    const methods = {
      [`read${name}${end}`]: function (offset = 0) { return view(this)[`get${method}`](offset, little); },
      [`write${name}${end}`]: function (value, offset = 0) { view(this)[`set${method}`](offset, value, little); return offset + bytes; },
    };
    for (const [key, value] of Object.entries(methods)) {
      Object.defineProperty(Buffer.prototype, key, { value, writable: true, configurable: true });
      Object.defineProperty(Buffer.prototype, key.replace('UInt', 'Uint'), { value, writable: true, configurable: true });
    }
  }
}

export const constants = { MAX_LENGTH: 2 ** 31 - 1, MAX_STRING_LENGTH: 2 ** 29 - 24 };
export const { atob, btoa } = globalThis;
export default { Buffer, constants, atob, btoa };
