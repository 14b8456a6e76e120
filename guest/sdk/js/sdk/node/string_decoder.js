// Node's string_decoder: texts of bytes that come in pieces, which may end within a character.
import { Buffer } from './buffer.js';

/** How many bytes at the end belong to a character that is not complete. */
const INCOMPLETE = {
  utf8: (bytes) => {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return length > back ? back : 0;
    }
    return 0;
  },
  utf16le: (bytes) => {
    const odd = bytes.length % 2;
    const last = bytes[bytes.length - odd - 1];
    return last >= 0xd8 && last <= 0xdb ? odd + 2 : odd;
  },
  base64: (bytes) => bytes.length % 3,
  base64url: (bytes) => bytes.length % 3,
};
const SAME = { 'utf-8': 'utf8', ucs2: 'utf16le', 'ucs-2': 'utf16le', 'utf-16le': 'utf16le' };

export class StringDecoder {
  #kept = Buffer.alloc(0);
  constructor(encoding = 'utf8') {
    const name = String(encoding).toLowerCase();
    if (!Buffer.isEncoding(name)) throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: 'ERR_UNKNOWN_ENCODING' });
    this.encoding = SAME[name] ?? name;
  }
  write(bytes) {
    if (typeof bytes === 'string') return bytes;
    const joined = Buffer.concat([this.#kept, Buffer.from(bytes)]);
    const whole = joined.length - (INCOMPLETE[this.encoding]?.(joined) ?? 0);
    this.#kept = joined.subarray(whole);
    return joined.toString(this.encoding, 0, whole);
  }
  end(bytes) {
    const text = bytes === undefined ? '' : this.write(bytes);
    const rest = this.#kept.toString(this.encoding);
    this.#kept = Buffer.alloc(0);
    return text + rest;
  }
}
export default { StringDecoder };
