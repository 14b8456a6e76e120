// Node's assert: a function with the others as its properties.
const { inspect, isDeepStrictEqual, isDeepLooseEqual } = require('./util.js');

class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message ?? `${inspect(actual, 1)} ${operator} ${inspect(expected, 1)}`);
    Object.assign(this, { actual, expected, operator, code: 'ERR_ASSERTION', generatedMessage: message === undefined });
  }
  get name() { return 'AssertionError'; }
}

function check(holds, message, actual, expected, operator) {
  if (holds) return;
  if (message instanceof Error) throw message;
  throw new AssertionError({ message, actual, expected, operator });
}

function assert(value, message) {
  check(value, message ?? 'The expression evaluated to a falsy value', value, true, '==');
}

/** Whether an error is what is expected of it. */
function matches(error, expected) {
  if (expected === undefined || typeof expected === 'string') return true;
  if (expected instanceof RegExp) return expected.test(String(error));
  if (typeof expected === 'function') return expected.prototype !== undefined && error instanceof expected ? true : Error.isPrototypeOf(expected) ? false : expected(error) === true;
  return Object.keys(expected).every((key) => (expected[key] instanceof RegExp ? expected[key].test(error[key]) : isDeepStrictEqual(error[key], expected[key])));
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
  match: (text, pattern, message) => check(pattern.test(text), message, text, pattern, 'match'),
  doesNotMatch: (text, pattern, message) => check(!pattern.test(text), message, text, pattern, 'doesNotMatch'),
  fail: (message = 'Failed') => check(false, message),
  ifError: (value) => { if (value !== null && value !== undefined) throw value; },
  throws(run, expected, message) {
    let thrown;
    try { run(); } catch (error) { thrown = { error }; }
    check(thrown !== undefined, message ?? 'Missing expected exception.', undefined, expected, 'throws');
    if (!matches(thrown.error, expected)) throw thrown.error;
  },
  async rejects(run, expected, message) {
    let thrown;
    try { await (typeof run === 'function' ? run() : run); } catch (error) { thrown = { error }; }
    check(thrown !== undefined, message ?? 'Missing expected rejection.', undefined, expected, 'rejects');
    if (!matches(thrown.error, expected)) throw thrown.error;
  },
});

/** The same, in which what compares with `==` compares with `Object.is`. */
assert.strict = Object.assign((value, message) => assert(value, message), assert, {
  equal: assert.strictEqual,
  notEqual: assert.notStrictEqual,
  deepEqual: assert.deepStrictEqual,
  notDeepEqual: assert.notDeepStrictEqual,
});
assert.strict.strict = assert.strict;
module.exports = assert;
