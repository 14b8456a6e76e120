// What Node says of an argument that is not what it takes.

function received(value) {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'Object'}`;
  return `type ${typeof value} (${typeof value === 'string' ? `'${value}'` : String(value)})`;
}

const typeError = (message) => Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });

export const argumentError = (problem, value) => typeError(`${problem}. Received ${received(value)}`);

/** Digits in groups of three, as Node shows large numbers in messages. */
const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, '_');

function shown(value) {
  if (typeof value === 'bigint') return `${value > 2n ** 32n || value < -(2n ** 32n) ? grouped(String(value)) : value}n`;
  return Number.isInteger(value) && Math.abs(value) > 2 ** 32 ? grouped(String(value)) : String(value);
}

export const rangeError = (name, range, value) =>
  Object.assign(new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${shown(value)}`), { code: 'ERR_OUT_OF_RANGE' });

/** The bytes of a buffer or a view of one. */
export function bytesOf(name, value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw typeError(`The "${name}" argument must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.`);
}
