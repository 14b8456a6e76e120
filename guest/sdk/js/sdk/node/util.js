// Node's util, as far as it needs nothing of Node.
const { inspect: shown, format } = globalThis.__mayfly;

export { format };
export const formatWithOptions = (options, ...values) => format(...values);

/** Alone a text has quotes, too, which it has not in a line of the log. */
export const inspect = (value) => (typeof value === 'string' ? shown([value]).slice(2, -2) : shown(value));
inspect.custom = Symbol.for('nodejs.util.inspect.custom');

export const promisify = (original) => {
  if (typeof original !== 'function') throw new TypeError('The "original" argument must be of type function');
  if (original[promisify.custom]) return original[promisify.custom];
  return function (...values) {
    return new Promise((resolve, reject) => {
      original.call(this, ...values, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  };
};
promisify.custom = Symbol.for('nodejs.util.promisify.custom');

export const callbackify = (original) => function (...values) {
  const callback = values.pop();
  original.apply(this, values).then((answer) => callback(null, answer), (error) => callback(error ?? new Error('rejected without a reason')));
};

export const inherits = (constructor, parent) => {
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, parent.prototype);
};

export const deprecate = (original) => original;
export const debuglog = () => Object.assign(() => {}, { enabled: false });

export const isDeepStrictEqual = (one, other) => equal(one, other, []);

function equal(one, other, seen) {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (seen.some(([left, right]) => left === one && right === other)) return true;
  const inside = [...seen, [one, other]];
  if (one instanceof Date) return one.getTime() === other.getTime();
  if (one instanceof RegExp) return String(one) === String(other);
  if (one instanceof Map) {
    return one.size === other.size && [...one].every(([key, value]) => other.has(key) && equal(value, other.get(key), inside));
  }
  if (one instanceof Set) {
    return one.size === other.size && [...one].every((value) => other.has(value) || [...other].some((item) => equal(value, item, inside)));
  }
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && equal(one[key], other[key], inside));
}

const tag = (name) => (value) => Object.prototype.toString.call(value) === `[object ${name}]`;
export const types = {
  isDate: tag('Date'),
  isRegExp: tag('RegExp'),
  isMap: tag('Map'),
  isSet: tag('Set'),
  isPromise: (value) => value instanceof Promise,
  isNativeError: (value) => value instanceof Error,
  isArrayBuffer: (value) => value instanceof ArrayBuffer,
  isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isUint8Array: (value) => value instanceof Uint8Array,
  isAsyncFunction: tag('AsyncFunction'),
  isGeneratorFunction: tag('GeneratorFunction'),
};
export const isArray = Array.isArray;
const { TextEncoder, TextDecoder } = globalThis;
export { TextDecoder, TextEncoder };
export default { format, formatWithOptions, inspect, promisify, callbackify, inherits, deprecate, debuglog, isDeepStrictEqual, types, isArray, TextEncoder, TextDecoder };
