// Node's crypto, as far as resolvers use it: hashes, HMAC, keys derived with them, random values.
import { argumentError, bytesOf, rangeError } from './arguments.js';
import { Buffer } from './buffer.js';

const { host } = globalThis.__mayfly;
const rotate = (word, by) => (word << by) | (word >>> (32 - by));

/** The first primes, of which the constants of the SHA-2 family are made. */
const PRIMES = [];
for (let number = 2; PRIMES.length < 80; number++) {
  if (PRIMES.every((prime) => number % prime !== 0)) PRIMES.push(number);
}

/** The first 64 bits after the point of a root of a number, as a big integer. */
function fraction(number, degree) {
  const shifted = BigInt(number) << BigInt(64 * degree);
  let [low, high] = [0n, 1n << 70n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(degree) <= shifted) low = middle;
    else high = middle;
  }
  return low & ((1n << 64n) - 1n);
}
const ROOTS = PRIMES.map((prime) => fraction(prime, 3));
const START = PRIMES.slice(0, 8).map((prime) => fraction(prime, 2));
/** What the shorter kinds begin with. */
const START_SHORT = PRIMES.slice(8, 16).map((prime) => fraction(prime, 2));
const top = (word) => Number(word >> 32n) | 0;

/** Whole blocks of a message: its bytes, a one, zeros, and its length in bits. */
function pad(bytes, block, lengthBytes, little) {
  const padded = new Uint8Array(Math.ceil((bytes.length + 1 + lengthBytes) / block) * block);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, little);
  return new DataView(padded.buffer);
}

function words(list, little) {
  const view = new DataView(new ArrayBuffer(list.length * 4));
  list.forEach((word, at) => view.setUint32(at * 4, word, little));
  return new Uint8Array(view.buffer);
}

const K256 = ROOTS.slice(0, 64).map(top);
function sha256(bytes, start = START.map(top), length = 8) {
  const data = pad(bytes, 64, 8, false);
  const state = [...start];
  const w = new Int32Array(64);
  for (let at = 0; at < data.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = data.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const one = rotate(w[i - 15], 25) ^ rotate(w[i - 15], 14) ^ (w[i - 15] >>> 3);
      const two = rotate(w[i - 2], 15) ^ rotate(w[i - 2], 13) ^ (w[i - 2] >>> 10);
      w[i] = w[i - 16] + one + w[i - 7] + two;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const first = (h + (rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7)) + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
      const second = ((rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
  }
  return words(state.slice(0, length), false);
}

const MASK = (1n << 64n) - 1n;
const right = (word, by) => ((word >> BigInt(by)) | (word << BigInt(64 - by))) & MASK;
function sha512(bytes, start = START, length = 64) {
  const data = pad(bytes, 128, 16, false);
  const state = [...start];
  const w = new Array(80);
  for (let at = 0; at < data.byteLength; at += 128) {
    for (let i = 0; i < 16; i++) w[i] = data.getBigUint64(at + 8 * i);
    for (let i = 16; i < 80; i++) {
      const one = right(w[i - 15], 1) ^ right(w[i - 15], 8) ^ (w[i - 15] >> 7n);
      const two = right(w[i - 2], 19) ^ right(w[i - 2], 61) ^ (w[i - 2] >> 6n);
      w[i] = (w[i - 16] + one + w[i - 7] + two) & MASK;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const first = h + (right(e, 14) ^ right(e, 18) ^ right(e, 41)) + ((e & f) ^ (~e & MASK & g)) + ROOTS[i] + w[i];
      const second = (right(a, 28) ^ right(a, 34) ^ right(a, 39)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) & MASK, c, b, a, (first + second) & MASK];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = (state[i] + word) & MASK; });
  }
  const view = new DataView(new ArrayBuffer(64));
  state.forEach((word, i) => view.setBigUint64(8 * i, word));
  return new Uint8Array(view.buffer, 0, length);
}

/** What SHA-512 cut to other lengths begins with: a hash of its name. */
const startOf = (name) => {
  const hashed = new DataView(sha512(Buffer.from(name), START.map((word) => word ^ 0xa5a5a5a5a5a5a5a5n)).buffer);
  return START.map((_, at) => hashed.getBigUint64(8 * at));
};
const START_512_224 = startOf('SHA-512/224');
const START_512_256 = startOf('SHA-512/256');

function sha1(bytes) {
  const data = pad(bytes, 64, 8, false);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const w = new Int32Array(80);
  for (let at = 0; at < data.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = data.getInt32(at + 4 * i);
    for (let i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i++) {
      const [mix, constant] = i < 20 ? [(b & c) | (~b & d), 0x5a827999] : i < 40 ? [b ^ c ^ d, 0x6ed9eba1] : i < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, (rotate(a, 5) + mix + e + constant + w[i]) | 0];
    }
    [a, b, c, d, e].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
  }
  return words(state, false);
}

const SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
function md5(bytes) {
  const data = pad(bytes, 64, 8, true);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let at = 0; at < data.byteLength; at += 64) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const [mix, from] = round === 0 ? [(b & c) | (~b & d), i] : round === 1 ? [(d & b) | (~d & c), 5 * i + 1] : round === 2 ? [b ^ c ^ d, 3 * i + 5] : [c ^ (b | ~d), 7 * i];
      const constant = Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32);
      const sum = (a + mix + constant + data.getInt32(at + 4 * (from % 16), true)) | 0;
      [a, d, c, b] = [d, c, b, (b + rotate(sum, SHIFTS[round][i % 4])) | 0];
    }
    [a, b, c, d].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
  }
  return words(state, true);
}

/** Each with the bytes of its block. */
const HASHES = {
  sha256: [sha256, 64],
  sha512: [sha512, 128],
  sha1: [sha1, 64],
  md5: [md5, 64],
  sha224: [(bytes) => sha256(bytes, START_SHORT.map((word) => Number(word & 0xffffffffn) | 0), 7), 64],
  sha384: [(bytes) => sha512(bytes, START_SHORT, 48), 128],
  'sha512-224': [(bytes) => sha512(bytes, START_512_224, 28), 128],
  'sha512-256': [(bytes) => sha512(bytes, START_512_256, 32), 128],
};
/** A name as OpenSSL has it: `RSA-SHA256`, `SHA-256`, `SHA2-256` and `sha256` are one. */
const plainName = (name) => String(name).toLowerCase().replace(/^rsa-/, '').replace(/^sha2?-/, 'sha').replace('/', '-');
const algorithm = (name) => {
  const found = HASHES[plainName(name)];
  if (found === undefined) throw new Error(`Digest method not supported: ${name}; there are ${Object.keys(HASHES).join(', ')}`);
  return found;
};

/** The bytes of what is hashed. */
function dataOf(value, encoding) {
  if (typeof value === 'string') return Buffer.from(value, encoding);
  if (ArrayBuffer.isView(value)) return bytesOf('data', value);
  throw argumentError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView', value);
}

/** The bytes of a key. */
function keyOf(value) {
  if (value instanceof KeyObject) return value.export();
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytesOf('key', value);
  throw argumentError('The "key" argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey', value);
}

/** A key that is a secret; those that are pairs are refused. */
export class KeyObject {
  #bytes;
  constructor(type, bytes) {
    if (type !== 'secret') throw Object.assign(new TypeError(`The argument 'type' is invalid. Received ${String(type)}`), { code: 'ERR_INVALID_ARG_VALUE' });
    this.#bytes = Buffer.from(keyOf(bytes));
  }
  static from() { return refused('KeyObject.from'); }
  get type() { return 'secret'; }
  get symmetricKeySize() { return this.#bytes.length; }
  get [Symbol.toStringTag]() { return 'KeyObject'; }
  equals(other) { return other instanceof KeyObject && this.#bytes.equals(other.#bytes); }
  export({ format } = {}) { return format === 'jwk' ? { kty: 'oct', k: this.#bytes.toString('base64url') } : Buffer.from(this.#bytes); }
}
export const createSecretKey = (key, encoding) => new KeyObject('secret', typeof key === 'string' ? Buffer.from(key, encoding) : key);

const isFinal = () => Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });

class Hash {
  #run;
  #parts = [];
  #done = false;
  constructor(run) { this.#run = run; }
  update(value, encoding) {
    if (this.#done) throw isFinal();
    this.#parts.push(Buffer.from(dataOf(value, encoding)));
    return this;
  }
  copy() {
    if (this.#done) throw isFinal();
    const made = new Hash(this.#run);
    made.#parts = [...this.#parts];
    return made;
  }
  digest(encoding) {
    if (this.#done) throw isFinal();
    this.#done = true;
    const made = Buffer.from(this.#run(Buffer.concat(this.#parts)));
    return encoding === undefined || encoding === 'buffer' ? made : made.toString(encoding);
  }
}

export const createHash = (name) => new Hash(algorithm(name)[0]);
/** Data as a digest, in one go. */
export const hash = (name, data, encoding = 'hex') => createHash(name).update(data).digest(encoding);

/** The HMAC of a key, as a function of messages. */
function keyed([run, block], given) {
  const key = Buffer.alloc(block);
  key.set(given.length > block ? run(given) : given);
  const outer = key.map((byte) => byte ^ 0x5c);
  const inner = key.map((byte) => byte ^ 0x36);
  return (message) => run(Buffer.concat([outer, run(Buffer.concat([inner, message]))]));
}

/** Unlike hashes it gives nothing, and no error, when it is asked again. */
class Hmac extends Hash {
  #done = false;
  digest(encoding) {
    if (this.#done) return encoding === undefined || encoding === 'buffer' ? Buffer.alloc(0) : '';
    this.#done = true;
    return super.digest(encoding);
  }
}
export function createHmac(name, secret) {
  const key = keyOf(secret);
  return new Hmac(keyed(digestOf(name), key));
}
export const getHashes = () => Object.keys(HASHES);

const digestOf = (name) => {
  if (typeof name !== 'string') throw argumentError('The "digest" argument must be of type string', name);
  const found = HASHES[plainName(name)];
  if (found === undefined) throw Object.assign(new TypeError(`Invalid digest: ${name}`), { code: 'ERR_CRYPTO_INVALID_DIGEST' });
  return found;
};
/** The bytes of a password, a salt and the like. */
function secretOf(name, value) {
  if (value instanceof KeyObject) return value.export();
  if (typeof value === 'string') return Buffer.from(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Buffer.from(bytesOf(name, value));
  throw argumentError(`The "${name}" argument must be of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView`, value);
}
function checkNumber(name, value, least) {
  if (typeof value !== 'number') throw argumentError(`The "${name}" argument must be of type number`, value);
  if (!Number.isInteger(value)) throw rangeError(name, 'an integer', value);
  if (value < least || value > 2 ** 31 - 1) throw rangeError(name, `>= ${least} && <= 2147483647`, value);
}
const numbered = (number) => Buffer.from([number >>> 24, number >>> 16, number >>> 8, number]);

export function pbkdf2Sync(password, salt, iterations, length, digest) {
  const mac = keyed(digestOf(digest), secretOf('password', password));
  const bytes = secretOf('salt', salt);
  checkNumber('iterations', iterations, 1);
  checkNumber('keylen', length, 0);
  const blocks = [];
  for (let made = 0; made < length; made += blocks.at(-1).length) {
    let last = mac(Buffer.concat([bytes, numbered(blocks.length + 1)]));
    const block = Buffer.from(last);
    for (let round = 1; round < iterations; round++) {
      last = mac(last);
      for (let at = 0; at < block.length; at++) block[at] ^= last[at];
    }
    blocks.push(block);
  }
  return Buffer.concat(blocks, length);
}

export function hkdfSync(digest, key, salt, info, length) {
  const kind = digestOf(digest);
  const [secret, salted, told] = [secretOf('ikm', key), secretOf('salt', salt), secretOf('info', info)];
  checkNumber('length', length, 0);
  const extracted = keyed(kind, salted)(secret);
  if (length > 255 * extracted.length) throw Object.assign(new RangeError('Invalid key length'), { code: 'ERR_CRYPTO_INVALID_KEYLEN' });
  const mac = keyed(kind, extracted);
  const blocks = [];
  let last = Buffer.alloc(0);
  while (blocks.length * extracted.length < length) {
    last = mac(Buffer.concat([last, told, Buffer.from([blocks.length + 1])]));
    blocks.push(last);
  }
  return new Uint8Array(Buffer.concat(blocks, length)).buffer;
}

/** The same with a callback, which is the last of the values. */
const called = (make) => (...values) => {
  const callback = values[make.length];
  if (typeof callback !== 'function') throw argumentError('The "callback" argument must be of type function', callback);
  give(make(...values.slice(0, make.length)), callback);
};
export const pbkdf2 = called(pbkdf2Sync);
export const hkdf = called(hkdfSync);

/** The host gives no more at once. */
const MOST_RANDOM_BYTES = 65_536;
function fill(bytes) {
  for (let at = 0; at < bytes.length; at += MOST_RANDOM_BYTES) {
    const part = bytes.subarray(at, at + MOST_RANDOM_BYTES);
    part.set(host.randomBytes(part.length));
  }
}
/** Gives a value at once, or to a callback after everything that runs now. */
const give = (value, callback) => (callback === undefined ? value : void setImmediate(() => callback(null, value)));

export const randomBytes = (size, callback) => {
  const made = Buffer.alloc(size);
  fill(made);
  return give(made, callback);
};
export const randomFillSync = (target, offset = 0, size = undefined) => {
  const bytes = bytesOf('buf', target);
  const width = target.BYTES_PER_ELEMENT ?? 1;
  const length = bytes.length / width;
  if (!(offset >= 0 && offset <= length)) throw rangeError('offset', `>= 0 && <= ${length}`, offset);
  const count = size ?? length - offset;
  if (!(count >= 0 && count <= length - offset)) throw rangeError('size + offset', `<= ${length}`, count + offset);
  fill(bytes.subarray(offset * width, (offset + count) * width));
  return target;
};
export const randomFill = (target, ...more) => {
  const callback = more.pop();
  if (typeof callback !== 'function') throw argumentError('The "callback" argument must be of type function', callback);
  give(randomFillSync(target, ...more), callback);
};
export const randomUUID = () => crypto.randomUUID();
export const getRandomValues = (view) => crypto.getRandomValues(view);
export const randomInt = (least, most, callback) => {
  if (most === undefined || typeof most === 'function') return randomInt(0, least, most);
  const range = most - least;
  if (!Number.isSafeInteger(range) || range <= 0 || range > 2 ** 48) throw new RangeError('The range must be from 1 to 2^48');
  const limit = 2 ** 48 - (2 ** 48 % range);
  for (;;) {
    const drawn = host.randomBytes(6).reduce((sum, byte) => sum * 256 + byte, 0);
    if (drawn < limit) return give(least + (drawn % range), callback);
  }
};
export const timingSafeEqual = (one, other) => {
  const [left, right] = [bytesOf('buf1', one), bytesOf('buf2', other)];
  if (left.length !== right.length) throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' });
  return left.reduce((different, byte, at) => different | (byte ^ right[at]), 0) === 0;
};
export const webcrypto = globalThis.crypto;

/** What is not here, by name: packages take hold of it when they load, for keys that a resolver may never have. */
function refused(name) {
  throw Object.assign(new Error(`crypto.${name} is not available to resolvers, which have hashes, HMAC, PBKDF2, HKDF and random values`), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
}
export const sign = () => refused('sign');
export const verify = () => refused('verify');
export const createPrivateKey = () => refused('createPrivateKey');
export const createPublicKey = () => refused('createPublicKey');
export const createCipheriv = () => refused('createCipheriv');
export const createDecipheriv = () => refused('createDecipheriv');
export const publicEncrypt = () => refused('publicEncrypt');
export const privateDecrypt = () => refused('privateDecrypt');
export const diffieHellman = () => refused('diffieHellman');
export const generateKeyPair = () => refused('generateKeyPair');
export const generateKeyPairSync = () => refused('generateKeyPairSync');
export const scrypt = () => refused('scrypt');
export const scryptSync = () => refused('scryptSync');
export const getCiphers = () => [];
export const constants = {};

export default {
  createHash, createHmac, hash, getHashes, pbkdf2, pbkdf2Sync, hkdf, hkdfSync, scrypt, scryptSync, randomBytes, randomFill, randomFillSync, randomUUID, getRandomValues, randomInt, timingSafeEqual, webcrypto,
  KeyObject, createSecretKey, sign, verify, createPrivateKey, createPublicKey, createCipheriv, createDecipheriv, publicEncrypt, privateDecrypt,
  diffieHellman, generateKeyPair, generateKeyPairSync, getCiphers, constants,
};
