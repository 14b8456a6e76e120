// Node's util, as far as it needs nothing of Node.
import { argumentError } from './arguments.js';
import { setImmediate as nextRound, setTimeout as wait } from './timers_promises.js';

const { inspect: shown, format } = globalThis.__mayfly;

export { format };
export const formatWithOptions = (options, ...values) => format(...values);

/** Alone a text has quotes, too, which it has not in a line of the log. */
export const inspect = (value) => (typeof value === 'string' ? shown([value]).slice(2, -2) : shown(value));
inspect.custom = Symbol.for('nodejs.util.inspect.custom');

export const promisify = (original) => {
  if (typeof original !== 'function') throw argumentError('The "original" argument must be of type function', original);
  if (original[promisify.custom]) return original[promisify.custom];
  return function (...values) {
    return new Promise((resolve, reject) => {
      original.call(this, ...values, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  };
};
promisify.custom = Symbol.for('nodejs.util.promisify.custom');
// Their callback comes first, and is given no error.
for (const [timer, promised] of [[setTimeout, wait], [setImmediate, nextRound]]) {
  Object.defineProperty(timer, promisify.custom, { value: promised, configurable: true });
}

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

export const isDeepStrictEqual = (one, other) => equal(one, other, false, []);
/** What `assert.deepEqual` asks: values that are no objects compare with `==`, and prototypes do not matter. */
export const isDeepLooseEqual = (one, other) => equal(one, other, true, []);

const isObject = (value) => typeof value === 'object' && value !== null;
const kind = (value) => Object.prototype.toString.call(value);
const isBoxed = (value) => [Number, String, Boolean, BigInt, Symbol].some((type) => value instanceof type);

function equal(one, other, isLoose, seen) {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other)) return isLoose && !isObject(one) && !isObject(other) && one == other;
  if (kind(one) !== kind(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  if (!isLoose && Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (seen.some(([left, right]) => left === one && right === other)) return true;
  const inside = [...seen, [one, other]];
  const same = (left, right) => equal(left, right, isLoose, inside);
  if (one instanceof Date && one.getTime() !== other.getTime()) return false;
  if (one instanceof RegExp && (String(one) !== String(other) || one.lastIndex !== other.lastIndex)) return false;
  if (one instanceof Error && (one.message !== other.message || one.name !== other.name)) return false;
  if (isBoxed(one) && !Object.is(one.valueOf(), other.valueOf())) return false;
  if (one instanceof ArrayBuffer && !same(new Uint8Array(one), new Uint8Array(other))) return false;
  if (one instanceof Map && !equalMaps(one, other, same)) return false;
  if (one instanceof Set && !equalSets(one, other, same)) return false;
  if (Array.isArray(one) && one.length !== other.length) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && same(one[key], other[key]));
}

const equalSets = (one, other, same) =>
  one.size === other.size && arePairs([...one].filter((value) => !other.has(value)), [...other].filter((value) => !one.has(value)), same);

function equalMaps(one, other, same) {
  if (one.size !== other.size) return false;
  const isFound = (from) => ([key, value]) => from.has(key) && same(value, from.get(key));
  return arePairs([...one].filter((entry) => !isFound(other)(entry)), [...other].filter((entry) => !isFound(one)(entry)), same);
}

/** Whether each of some values is the same as one of the others, and no two as the same one. */
function arePairs(values, others, same) {
  const left = [...others];
  return values.length === left.length && values.every((value) => {
    const at = left.findIndex((other) => same(value, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
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
  isKeyObject: tag('KeyObject'),
  isCryptoKey: tag('CryptoKey'),
};
export const isArray = Array.isArray;
const { TextEncoder, TextDecoder } = globalThis;
export { TextDecoder, TextEncoder };
export default { format, formatWithOptions, inspect, promisify, callbackify, inherits, deprecate, debuglog, isDeepStrictEqual, types, isArray, TextEncoder, TextDecoder };
