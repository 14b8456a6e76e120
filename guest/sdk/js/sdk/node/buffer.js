// The common part of Node's Buffer.
import { argumentError, rangeError } from './arguments.js';

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

function checkOffset(buffer, offset, bytes) {
  if (typeof offset !== 'number') throw argumentError('The "offset" argument must be of type number', offset);
  const last = buffer.length - bytes;
  if (Number.isInteger(offset) && offset >= 0 && offset <= last) return;
  if (!Number.isInteger(offset)) throw rangeError('offset', 'an integer', offset);
  if (last < 0) throw Object.assign(new RangeError('Attempt to access memory outside buffer bounds'), { code: 'ERR_BUFFER_OUT_OF_BOUNDS' });
  throw rangeError('offset', `>= 0 and <= ${last}`, offset);
}

/** Refuses an integer that these bytes cannot hold, which would be cut off otherwise. */
function checkInteger(value, bytes, isSigned) {
  const bits = isSigned ? 8 * bytes - 1 : 8 * bytes;
  const end = 2 ** bits;
  const least = isSigned ? -end : 0;
  if (!(value < least || value >= end || value > end - 1)) return;
  const n = typeof value === 'bigint' ? 'n' : '';
  const power = `2${n} ** ${bits}${n}`;
  const from = bytes > 4 && isSigned ? `-(${power})` : `${least}${n}`;
  throw rangeError('value', bytes > 4 ? `>= ${from} and < ${power}` : `>= ${from} and <= ${end - 1}`, value);
}

function checkByteLength(bytes) {
  if (typeof bytes !== 'number') throw argumentError('The "byteLength" argument must be of type number', bytes);
  if (!Number.isInteger(bytes)) throw rangeError('byteLength', 'an integer', bytes);
  if (bytes < 1 || bytes > 6) throw rangeError('byteLength', '>= 1 and <= 6', bytes);
}

/** An integer of one to six bytes. */
function readInteger(buffer, offset, bytes, isSigned, isLittle) {
  checkByteLength(bytes);
  checkOffset(buffer, offset, bytes);
  let value = 0;
  for (let at = 0; at < bytes; at++) value = value * 256 + buffer[offset + (isLittle ? bytes - 1 - at : at)];
  return isSigned && value >= 2 ** (8 * bytes - 1) ? value - 2 ** (8 * bytes) : value;
}
function writeInteger(buffer, value, offset, bytes, isSigned, isLittle) {
  checkByteLength(bytes);
  checkInteger(value, bytes, isSigned);
  checkOffset(buffer, offset, bytes);
  let rest = Math.trunc(value) || 0;
  if (rest < 0) rest += 2 ** (8 * bytes);
  for (let at = 0; at < bytes; at++) {
    buffer[offset + (isLittle ? at : bytes - 1 - at)] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + bytes;
}

/** Reverses the bytes of each number of a buffer. */
function swap(buffer, bytes) {
  if (buffer.length % bytes !== 0) throw Object.assign(new RangeError(`Buffer size must be a multiple of ${8 * bytes}-bits`), { code: 'ERR_INVALID_BUFFER_SIZE' });
  for (let at = 0; at < buffer.length; at += bytes) buffer.subarray(at, at + bytes).reverse();
  return buffer;
}

/** What a search looks for, and where it begins: a place from the end when it is negative. */
function search(buffer, value, from, encoding, otherwise) {
  if (typeof from === 'string') return search(buffer, value, undefined, from, otherwise);
  const at = from === undefined || Number.isNaN(Number(from)) ? otherwise : Math.trunc(from);
  const bytes = typeof value === 'number' ? [value & 0xff] : typeof value === 'string' ? coding(encoding).read(value) : value;
  return [bytes, at < 0 ? at + buffer.length : at];
}
const isAt = (buffer, bytes, at) => bytes.every((byte, index) => buffer[at + index] === byte);

/** How many bytes of a buffer Node shows. */
const SHOWN_BYTES = 50;

class Bytes extends Uint8Array {
  static from(value, encoding, length) {
    if (typeof value === 'string') return over(coding(encoding).read(value));
    if (value instanceof ArrayBuffer) return new Bytes(value, encoding, length);
    if (value?.type === 'Buffer' && Array.isArray(value.data)) return over(Uint8Array.from(value.data));
    if (ArrayBuffer.isView(value) || Array.isArray(value)) return over(Uint8Array.from(value));
    if (typeof value?.valueOf?.() === 'string') return Bytes.from(value.valueOf(), encoding);
    if (typeof value === 'object' && typeof value?.length === 'number') return over(Uint8Array.from(value));
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

  [Symbol.for('nodejs.util.inspect.custom')]() {
    const pairs = Array.from(this.subarray(0, SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, '0'));
    const more = this.length - SHOWN_BYTES;
    if (more > 0) pairs.push(`... ${more} more byte${more > 1 ? 's' : ''}`);
    return `<Buffer ${pairs.join(' ')}>`;
  }
  get parent() { return this.buffer; }
  toString(encoding, start = 0, end = this.length) { return coding(encoding).write(super.subarray(Math.max(0, start), Math.max(0, end))); }
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
  swap16() { return swap(this, 2); }
  swap32() { return swap(this, 4); }
  swap64() { return swap(this, 8); }
}

/** The class as Node has it, which older code calls with and without `new`: `Buffer('text')`, `new Buffer(bytes)`. */
export function Buffer(value, encoding, length) {
  return typeof value === 'number' ? Bytes.alloc(value) : Bytes.from(value, encoding, length);
}
Object.setPrototypeOf(Buffer, Bytes);
Buffer.prototype = Bytes.prototype;
Object.defineProperty(Bytes.prototype, 'constructor', { value: Buffer, writable: true, configurable: true });

/** A method under both of its names: Node has `readUInt8` and `readUint8`. */
function addMethod(name, value) {
  for (const each of new Set([name, name.replace('UInt', 'Uint')])) {
    Object.defineProperty(Buffer.prototype, each, { value, writable: true, configurable: true });
  }
}

for (const [name, method, bytes] of [['Int8', 'Int8', 1], ['Int16', 'Int16', 2], ['Int32', 'Int32', 4], ['BigInt64', 'BigInt64', 8], ['UInt8', 'Uint8', 1], ['UInt16', 'Uint16', 2], ['UInt32', 'Uint32', 4], ['BigUInt64', 'BigUint64', 8], ['Float', 'Float32', 4], ['Double', 'Float64', 8]]) {
  const isInteger = name.includes('Int');
  const isSigned = !name.includes('UInt');
  for (const end of bytes === 1 ? [''] : ['LE', 'BE']) {
    const isLittle = end === 'LE';
    addMethod(`read${name}${end}`, function (offset = 0) {
      checkOffset(this, offset, bytes);
      return view(this)[`get${method}`](offset, isLittle);
    });
    addMethod(`write${name}${end}`, function (value, offset = 0) {
      const number = bytes === 8 && isInteger ? value : Number(value);
      if (isInteger) checkInteger(number, bytes, isSigned);
      checkOffset(this, offset, bytes);
      view(this)[`set${method}`](offset, number, isLittle);
      return offset + bytes;
    });
  }
}
for (const name of ['UInt', 'Int']) {
  for (const end of ['LE', 'BE']) {
    const [isSigned, isLittle] = [name === 'Int', end === 'LE'];
    addMethod(`read${name}${end}`, function (offset, bytes) { return readInteger(this, offset, bytes, isSigned, isLittle); });
    addMethod(`write${name}${end}`, function (value, offset, bytes) { return writeInteger(this, Number(value), offset, bytes, isSigned, isLittle); });
  }
}

export const constants = { MAX_LENGTH: 2 ** 31 - 1, MAX_STRING_LENGTH: 2 ** 29 - 24 };
export const kMaxLength = constants.MAX_LENGTH;
export const kStringMaxLength = constants.MAX_STRING_LENGTH;
export const INSPECT_MAX_BYTES = 50;
export const { atob, btoa } = globalThis;
export default { Buffer, constants, kMaxLength, kStringMaxLength, INSPECT_MAX_BYTES, atob, btoa };
