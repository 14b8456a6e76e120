// Node's assert: a function with the others as its properties.
const { argumentError } = require('./arguments.js');
const { inspect, isDeepStrictEqual, isDeepLooseEqual } = require('./util.js');

class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message === undefined ? generated(actual, expected, operator) : String(message));
    Object.assign(this, { actual, expected, operator, code: 'ERR_ASSERTION', generatedMessage: message === undefined });
  }
  get name() { return 'AssertionError'; }
}

const isSimple = (value) => (typeof value !== 'object' || value === null) && typeof value !== 'function';

/** What is said of values where nothing else is. Node draws what differs between objects; here both are shown. */
function generated(actual, expected, operator) {
  const [left, right] = [inspect(actual), inspect(expected)];
  if (operator === 'notStrictEqual' && isSimple(actual)) return `Expected "actual" to be strictly unequal to: ${right}`;
  if (operator === 'strictEqual' && isSimple(actual) && isSimple(expected)) return `Expected values to be strictly equal:\n\n${left} !== ${right}\n`;
  return `${left} ${operator} ${right}`;
}

/** Throws an error of an assertion with a message that is the assertion's own, or the caller's. */
function fail(own, message, actual, expected, operator) {
  if (message instanceof Error) throw message;
  throw Object.assign(new AssertionError({ message: message ?? own, actual, expected, operator }), { generatedMessage: message === undefined });
}

function check(holds, message, actual, expected, operator) {
  if (!holds) fail(undefined, message, actual, expected, operator);
}

function assert(...values) {
  const [value, message] = values;
  if (value) return;
  fail(values.length === 0 ? 'No value argument passed to `assert.ok()`' : 'The expression evaluated to a falsy value', message, value, true, '==');
}

/** What a function throws, or what a promise of it is rejected with: `{ error }`, or none. */
function thrownBy(run) {
  if (typeof run !== 'function') throw argumentError('The "fn" argument must be of type function', run);
  try {
    run();
  } catch (error) {
    return { error };
  }
  return undefined;
}
const isPromise = (value) => typeof value?.then === 'function' && typeof value.catch === 'function';
async function rejectedBy(run) {
  const promise = typeof run === 'function' ? run() : run;
  if (!isPromise(promise)) {
    if (run !== promise) throw Object.assign(new TypeError(`Expected instance of Promise to be returned from the "promiseFn" function but got ${told(promise)}.`), { code: 'ERR_INVALID_RETURN_VALUE' });
    throw argumentError('The "promiseFn" argument must be of type function or an instance of Promise', run);
  }
  try {
    await promise;
  } catch (error) {
    return { error };
  }
  return undefined;
}
const told = (value) => /Received (.*)$/s.exec(argumentError('', value).message)[1];

/** Of a class of errors, whether an error is one; of another function, undefined. */
function isOfClass(error, expected) {
  if (expected.prototype !== undefined && error instanceof expected) return true;
  return Error.isPrototypeOf(expected) || expected === Error ? false : undefined;
}

function checkPattern(error, expected, message, operator) {
  if (!expected.test(String(error))) fail(`The input did not match the regular expression ${expected}. Input:\n\n${inspect(String(error))}\n`, message, error, expected, operator);
}

function checkFunction(error, expected, message, operator) {
  const isRight = isOfClass(error, expected);
  if (isRight === true) return;
  if (isRight === false) {
    const found = error instanceof Error ? `Received "${error.constructor?.name ?? error.name}"\n\nError message:\n\n${error.message}` : `Received "${inspect(error)}"`;
    fail(`The error is expected to be an instance of "${expected.name}". ${found}`, message, error, expected, operator);
  }
  const answer = expected.call({}, error);
  if (answer === true) return;
  const name = expected.name === '' ? '' : `"${expected.name}" `;
  const caught = error instanceof Error ? `\n\nCaught error:\n\n${error}` : '';
  fail(`The ${name}validation function is expected to return "true". Received ${inspect(answer)}${caught}`, message, error, expected, operator);
}

/** The properties of an error that are compared, as Node shows them. */
class Comparison {
  constructor(from, keys) { for (const key of keys) if (from !== null && key in Object(from)) this[key] = from[key]; }
}

function checkProperties(error, expected, message, operator) {
  const keys = Object.keys(expected);
  if (expected instanceof Error) keys.push('name', 'message');
  else if (keys.length === 0) throw Object.assign(new TypeError("The argument 'error' may not be an empty object. Received {}"), { code: 'ERR_INVALID_ARG_VALUE' });
  const fits = (key) => (expected[key] instanceof RegExp && typeof error[key] === 'string' ? expected[key].test(error[key]) : isDeepStrictEqual(error[key], expected[key]));
  if (typeof error === 'object' && error !== null && keys.every(fits)) return;
  const [left, right] = [new Comparison(error, keys), new Comparison(expected, keys)];
  fail(`Expected values to be strictly deep-equal:\n${inspect(typeof error === 'object' ? left : error)}\n\nshould strictly deep-equal\n\n${inspect(right)}`, message, error, expected, operator);
}

/** Throws unless something was thrown, and was what is expected of it. */
function expectThrown(thrown, [expected, message], operator) {
  const isText = typeof expected === 'string';
  if (!isText && expected !== undefined && (expected === null || !['object', 'function'].includes(typeof expected))) {
    throw argumentError('The "error" argument must be of type function or an instance of Error, RegExp, or Object', expected);
  }
  if (thrown === undefined) {
    const name = !isText && expected?.name ? ` (${expected.name})` : '';
    const said = isText ? expected : message;
    fail(undefined, `Missing expected ${operator === 'rejects' ? 'rejection' : 'exception'}${name}${said === undefined ? '.' : `: ${said}`}`, undefined, isText ? undefined : expected, operator);
  }
  const { error } = thrown;
  if (isText && (error?.message ?? error) === expected) {
    throw Object.assign(new TypeError(`The "error/message" argument is ambiguous. The error${error?.message === undefined ? '' : ' message'} "${expected}" is identical to the message.`), { code: 'ERR_AMBIGUOUS_ARGUMENT' });
  }
  if (isText || expected === undefined) return;
  if (expected instanceof RegExp) checkPattern(error, expected, message, operator);
  else if (typeof expected === 'function') checkFunction(error, expected, message, operator);
  else checkProperties(error, expected, message, operator);
}

/** Throws what was thrown, as an error of the assertion where it is what was not wanted. */
function expectNothing(thrown, [expected, message], operator) {
  if (thrown === undefined) return;
  const { error } = thrown;
  const said = typeof expected === 'string' ? expected : message;
  if (typeof expected === 'object' && expected !== null && !(expected instanceof RegExp)) throw argumentError('The "expected" argument must be of type function or an instance of RegExp', expected);
  const isUnwanted = typeof expected === 'function' ? isOfClass(error, expected) ?? expected.call({}, error) === true : expected instanceof RegExp ? expected.test(String(error)) : true;
  if (!isUnwanted) throw error;
  const what = operator === 'doesNotReject' ? 'rejection' : 'exception';
  fail(undefined, `Got unwanted ${what}${said === undefined ? '.' : `: ${said}`}\nActual message: "${error?.message}"`, error, expected, operator);
}

function checkMatch(text, pattern, message, operator) {
  if (typeof text === 'string' && pattern.test(text) === (operator === 'match')) return;
  const what = operator === 'match' ? 'did not match' : 'was expected to not match';
  fail(typeof text === 'string' ? `The input ${what} the regular expression ${pattern}. Input:\n\n${inspect(text)}\n` : `The "string" argument must be of type string. Received ${told(text)}`, message, text, pattern, operator);
}

Object.assign(assert, {
  AssertionError,
  ok: assert,
  equal: (actual, expected, message) => check(actual == expected || (actual !== actual && expected !== expected), message, actual, expected, '=='),
  notEqual: (actual, expected, message) => check(actual != expected && (actual === actual || expected === expected), message, actual, expected, '!='),
  strictEqual: (actual, expected, message) => check(Object.is(actual, expected), message, actual, expected, 'strictEqual'),
  notStrictEqual: (actual, expected, message) => check(!Object.is(actual, expected), message, actual, expected, 'notStrictEqual'),
  deepEqual: (actual, expected, message) => check(isDeepLooseEqual(actual, expected), message, actual, expected, 'deepEqual'),
  notDeepEqual: (actual, expected, message) => check(!isDeepLooseEqual(actual, expected), message, actual, expected, 'notDeepEqual'),
  deepStrictEqual: (actual, expected, message) => check(isDeepStrictEqual(actual, expected), message, actual, expected, 'deepStrictEqual'),
  notDeepStrictEqual: (actual, expected, message) => check(!isDeepStrictEqual(actual, expected), message, actual, expected, 'notDeepStrictEqual'),
  match: (text, pattern, message) => checkMatch(text, pattern, message, 'match'),
  doesNotMatch: (text, pattern, message) => checkMatch(text, pattern, message, 'doesNotMatch'),
  fail: (message) => fail('Failed', message, undefined, undefined, 'fail'),
  ifError(value) {
    if (value === null || value === undefined) return;
    const said = value instanceof Error || typeof value?.message === 'string' ? value.message || value.constructor.name : inspect(value);
    fail(undefined, `ifError got unwanted exception: ${said}`, value, null, 'ifError');
  },
  throws: (run, ...expected) => expectThrown(thrownBy(run), expected, 'throws'),
  doesNotThrow: (run, ...expected) => expectNothing(thrownBy(run), expected, 'doesNotThrow'),
  rejects: async (run, ...expected) => expectThrown(await rejectedBy(run), expected, 'rejects'),
  doesNotReject: async (run, ...expected) => expectNothing(await rejectedBy(run), expected, 'doesNotReject'),
});

/** The same, in which what compares with `==` compares with `Object.is`. */
assert.strict = Object.assign((...values) => assert(...values), assert, {
  equal: assert.strictEqual,
  notEqual: assert.notStrictEqual,
  deepEqual: assert.deepStrictEqual,
  notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict.strict = assert.strict;
module.exports = assert;
