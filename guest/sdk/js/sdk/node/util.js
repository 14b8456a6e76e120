// Node's util, as far as it needs nothing of Node. How values are shown is the engine's, as for `console`.
import { argumentError } from './arguments.js';
import { setImmediate as nextRound, setTimeout as wait } from './timers_promises.js';

const { inspect, format, formatWithOptions: formatWith, types } = globalThis.__mayfly.util;

export { format, inspect, types };
export function formatWithOptions(options, ...values) {
  if (options === null || typeof options !== 'object') throw argumentError('The "inspectOptions" argument must be of type object', options);
  return formatWith(options, ...values);
}

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
export { debuglog as debug };

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

// What terminals do not print: colors, and where the cursor goes.
const CONTROLS = /[\u001b\u009b][[\]()#;?]*(?:(?:(?:(?:;[-a-zA-Z\d/#&.:=?%@~_]+)*|[a-zA-Z\d]+(?:;[-a-zA-Z\d/#&.:=?%@~_]*)*)?(?:\u0007|\u001b\u005c|\u009c))|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]))/g;
export function stripVTControlCharacters(text) {
  if (typeof text !== 'string') throw argumentError('The "str" argument must be of type string', text);
  return text.replace(CONTROLS, '');
}

export const toUSVString = (value) => `${value}`.toWellFormed();

/** Colors are for terminals, which the log is not: they are left out, as Node does, unless that is not to be looked at. */
export function styleText(format, text, { validateStream = true } = {}) {
  if (typeof text !== 'string') throw argumentError('The "text" argument must be of type string', text);
  const styles = Array.isArray(format) ? format : [format];
  const codes = styles.map((style) => {
    if (Object.hasOwn(inspect.colors, style)) return inspect.colors[style];
    throw invalidValue(`The argument 'format' must be the name of a color. Received ${inspect(style)}`);
  });
  if (validateStream && !Array.isArray(format)) return text;
  return codes.reduceRight((inner, [begin, end]) => `\u001b[${begin}m${inner}\u001b[${end}m`, text);
}
const invalidValue = (message) => Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' });

// Arguments of a command line. A resolver has none, but may be given some.
const parseError = (code, message) => Object.assign(new TypeError(message), { code: `ERR_PARSE_ARGS_${code}` });

export function parseArgs({ args = [], options = {}, strict = true, allowPositionals = !strict, tokens: hasTokens = false } = {}) {
  checkOptions(options);
  const result = { values: Object.create(null), positionals: [] };
  const tokens = [...tokensOf(args, options)];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) throw parseError('UNEXPECTED_POSITIONAL', `Unexpected argument '${token.value}'. This command does not take positional arguments`);
      result.positionals.push(token.value);
    } else if (token.kind === 'option') {
      if (strict) checkOption(token, options, allowPositionals);
      keepOption(token, options[token.name], result.values);
    }
  }
  for (const [name, { default: value }] of Object.entries(options)) {
    if (value !== undefined && result.values[name] === undefined) result.values[name] = value;
  }
  return hasTokens ? { ...result, tokens } : result;
}

function checkOptions(options) {
  for (const [name, { type, short }] of Object.entries(options)) {
    if (type !== 'string' && type !== 'boolean') throw argumentError(`The "options.${name}.type" property must be ('string|boolean')`, type);
    if (short !== undefined && short.length !== 1) throw invalidValue(`The property 'options.${name}.short' must be a single character. Received ${inspect(short)}`);
  }
}

function* tokensOf(args, options) {
  const left = [...args];
  const longOf = (letter) => Object.keys(options).find((name) => options[name].short === letter) ?? letter;
  const takesValue = (name) => Object.hasOwn(options, name) && options[name].type === 'string';
  /** What else was in the argument that has been taken apart: letters of options are not counted. */
  let index = -1;
  let group = 0;
  while (left.length > 0) {
    const argument = left.shift();
    if (group > 0) group--;
    else index++;
    if (argument === '--') {
      yield { kind: 'option-terminator', index };
      for (const value of left) yield { kind: 'positional', index: ++index, value };
      return;
    }
    const letters = /^-([^-]+)$/s.exec(argument)?.[1];
    if (letters !== undefined && letters.length > 1 && !takesValue(longOf(letters[0]))) {
      // -abc, of which the last that is reached may take the rest as its value.
      const taking = [...letters].findIndex((letter) => takesValue(longOf(letter)));
      const single = [...letters].slice(0, taking < 0 ? undefined : taking);
      const expanded = [...single.map((letter) => `-${letter}`), ...(taking < 0 ? [] : [`-${letters.slice(taking)}`])];
      left.unshift(...expanded);
      group = expanded.length;
      if (group > 0) group--;
      yield* optionToken(left.shift());
      continue;
    }
    if (letters !== undefined || /^--./.test(argument)) yield* optionToken(argument);
    else yield { kind: 'positional', index, value: argument };
  }

  function* optionToken(argument) {
    const at = index;
    const [, long, given] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const name = long ?? longOf(argument[1]);
    const rawName = long === undefined ? argument.slice(0, 2) : `--${long}`;
    let value = long === undefined ? argument.slice(2) || undefined : given;
    const inlineValue = value !== undefined ? true : undefined;
    if (value === undefined && takesValue(name) && left.length > 0) {
      value = left.shift();
      index++;
      yield { kind: 'option', name, rawName, index: at, value, inlineValue: false };
      return;
    }
    yield { kind: 'option', name, rawName, index: at, value, inlineValue };
  }
}

function checkOption({ name, rawName, value, inlineValue }, options, allowsPositionals) {
  if (!Object.hasOwn(options, name)) {
    const hint = allowsPositionals ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${JSON.stringify(rawName)}` : '';
    throw parseError('UNKNOWN_OPTION', `Unknown option '${rawName}'${hint}`);
  }
  const { type, short } = options[name];
  const shown = `${short ? `-${short}, ` : ''}--${name}`;
  if (type === 'string' && value === undefined) throw parseError('INVALID_OPTION_VALUE', `Option '${shown} <value>' argument missing`);
  if (type === 'boolean' && value !== undefined) throw parseError('INVALID_OPTION_VALUE', `Option '${shown}' does not take an argument`);
  if (inlineValue === false && value.length > 1 && value.startsWith('-')) {
    const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
    throw parseError('INVALID_OPTION_VALUE', `Option '${rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${rawName}'?\nTo specify an option argument starting with a dash use ${example}.`);
  }
}

function keepOption({ name, value = true }, option, values) {
  if (name === '__proto__') return;
  if (option?.multiple) (values[name] ??= []).push(value);
  else values[name] = value;
}

// What Node has no longer recommended for long, and older packages use.
export const isArray = Array.isArray;
export const isBoolean = (value) => typeof value === 'boolean';
export const isNull = (value) => value === null;
export const isNullOrUndefined = (value) => value === null || value === undefined;
export const isNumber = (value) => typeof value === 'number';
export const isString = (value) => typeof value === 'string';
export const isSymbol = (value) => typeof value === 'symbol';
export const isUndefined = (value) => value === undefined;
export const isRegExp = types.isRegExp;
export { isObject };
export const isDate = types.isDate;
export const isError = (value) => types.isNativeError(value) || value instanceof Error;
export const isFunction = (value) => typeof value === 'function';
export const isPrimitive = (value) => value === null || (typeof value !== 'object' && typeof value !== 'function');
export const _extend = (target, source) => (isObject(source) ? Object.assign(target, source) : target);

const { TextEncoder, TextDecoder } = globalThis;
export { TextDecoder, TextEncoder };
export default {
  format, formatWithOptions, inspect, promisify, callbackify, inherits, deprecate, debuglog, debug: debuglog, isDeepStrictEqual, types, stripVTControlCharacters, toUSVString, styleText,
  parseArgs, isArray, isBoolean, isNull, isNullOrUndefined, isNumber, isString, isSymbol, isUndefined, isRegExp, isObject, isDate, isError, isFunction, isPrimitive, _extend,
  TextEncoder, TextDecoder,
};
