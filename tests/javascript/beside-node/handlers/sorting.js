// The order of sorting by comparators, of which many never answer 0: which values they are given, in which order, and what comes of it.
const LENGTHS = [0, 1, 2, 3, 5, 13, 32, 33, 63, 64, 65, 100, 129, 257, 600];
const FEW_LENGTHS = LENGTHS.slice(0, 12);

let state = 7;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >>> 8) % below;
};

const SHAPES = {
  random: (length) => Array.from({ length }, () => random(length)),
  ascending: (length) => Array.from({ length }, (_, at) => at),
  descending: (length) => Array.from({ length }, (_, at) => length - at),
  ties: (length) => Array.from({ length }, () => random(3)),
  saw: (length) => Array.from({ length }, (_, at) => at % (random(50) + 1)),
  runs: (length) => {
    let value = 0;
    return Array.from({ length }, () => (value += random(33) > 0 ? 1 : -random(length)));
  },
  nearly: (length) => Array.from({ length }, (_, at) => (random(20) > 0 ? at : random(length))),
  holes: (length) => {
    const values = Array.from({ length }, () => (random(10) > 0 ? random(length) : undefined));
    for (let at = 0; at < length; at++) if (random(10) === 0) delete values[at];
    return values;
  },
  like: (length) => {
    const object = { length };
    for (let at = 0; at < length; at++) if (random(5) > 0) object[at] = random(50);
    return object;
  },
};

/** Comparators, made anew for each sort. */
const COMPARATORS = {
  ascending: () => (one, two) => one - two,
  descending: () => (one, two) => two - one,
  neverZero: () => (one, two) => (one < two ? -1 : 1),
  neverZeroBack: () => (one, two) => (one > two ? 1 : -1),
  booleans: () => (one, two) => one > two,
  booleansBack: () => (one, two) => one < two,
  notNumbers: () => () => NaN,
  atTimesNaN: () => (one, two) => (one % 3 === 0 ? NaN : one - two),
  always: () => () => 1,
  alwaysLess: () => () => -1,
  nothing: () => () => undefined,
  texts: () => (one, two) => String(one - two),
  digits: () => (one, two) => (one % 10) - (two % 10),
  random: () => {
    let seed = 7;
    return () => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return ((seed >>> 16) & 3) - 1;
    };
  },
  throws: () => {
    let calls = 0;
    return (one, two) => {
      if (++calls > 50) throw new Error('after 50');
      return one - two;
    };
  },
};

/** A number for a sequence of values. */
const mixed = (hash, value) => {
  const number = value === undefined ? 77 : typeof value === 'string' ? value.length : Number(value);
  return Math.imul(hash ^ (number * 31 + 17), 0x01000193) >>> 0;
};
const shown = (value) => (value instanceof Error ? value.message : `${value?.length} ${Object.keys(value).map((key) => `${key}:${value[key]}`).join()}`);

/** What a method calls its comparator with, and what it leaves, as one number. */
function told(values, method, comparator) {
  let hash = 0;
  let calls = 0;
  const compare = (one, two) => {
    calls++;
    hash = mixed(mixed(hash, one), two);
    return comparator(one, two);
  };
  let answer;
  try {
    answer = method.call(values, compare);
  } catch (error) {
    answer = error;
  }
  for (const text of [shown(answer), shown(values)]) for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at));
  return `${calls}:${hash}`;
}

function sequences(method, make = (values) => values, lengths = LENGTHS) {
  state = 7;
  return Object.entries(SHAPES).map(([shape, fill]) => [shape, lengths.map((length) => {
    const filled = fill(length);
    // Typed arrays have no like.
    if (shape === 'like' && lengths === FEW_LENGTHS) return '';
    return Object.values(COMPARATORS).map((comparator) => told(make(Array.isArray(filled) ? filled.slice() : { ...filled }), method, comparator())).join();
  })]);
}

const settled = (run) => {
  try {
    return run();
  } catch (error) {
    return [error.name, error.message];
  }
};
const { sort, toSorted } = Array.prototype;
const typed = Object.getPrototypeOf(Int8Array.prototype);
const up = (one, two) => one - two;

const traced = () => {
  const seen = [];
  const note = (name) => (target, key, ...more) => {
    seen.push(`${name} ${String(key)}`);
    return Reflect[name](target, key, ...more);
  };
  const target = [3, , 1, undefined];
  new Proxy(target, { get: note('get'), has: note('has'), deleteProperty: note('deleteProperty'), set: (object, key, value) => { seen.push(`set ${key}`); object[key] = value; return true; } }).sort(up);
  return seen;
};

const byLocale = ['b', 'a', 'B', 'A', 'b'].map((name, at) => ({ name, at }));

const PARTS = {
  arrays: () => sequences(sort),
  copies: () => sequences(toSorted),
  typedArrays: () => [Int8Array, Float64Array, Uint16Array].map((type) => ['sort', 'toSorted'].map((name) => sequences(typed[name], (values) => type.from(values), FEW_LENGTHS))),
  long: () => {
    state = 7;
    return Object.values(SHAPES).map((fill) => [COMPARATORS.neverZero, COMPARATORS.random].map((comparator) => told(fill(2000), sort, comparator())));
  },
  shapes: () => [sort, toSorted, typed.sort, typed.toSorted].map((method) => [method.name, method.length, 'prototype' in method, Object.hasOwn(method, 'name')]).concat(Object.entries(Object.getOwnPropertyDescriptor(Array.prototype, 'sort')).filter(([, value]) => typeof value === 'boolean')),
  refused: () => [5, null, 'text', {}].flatMap((compare) => [sort, toSorted, typed.sort].map((method) => settled(() => method.call(method === typed.sort ? new Int8Array(2) : [2, 1], compare))))
    .concat([() => sort.call(null, up), () => sort.call(undefined, 5), () => toSorted.call(null, up), () => new sort(), () => [2, 1].sort(() => 1n), () => [2, 1].sort(() => Symbol('x'))].map((run) => settled(run)?.[0])),
  frozen: () => [settled(() => Object.freeze([2, 1]).sort(up))[0], settled(() => Object.freeze([2]).sort(up)), settled(() => Object.freeze([1, 2]).toSorted((one, two) => two - one)), settled(() => Object.seal([2, , 1]).sort(up))[0]],
  changing: () => [
    (values) => { values.length = 0; }, (values) => { values.push(9); }, (values) => { values[0] = 99; }, (values) => { values.reverse(); }, (values) => { delete values[1]; },
  ].map((change) => {
    const values = [5, 3, 4, 1];
    values.sort((one, two) => { change(values); return one - two; });
    return shown(values);
  }),
  inherited: () => {
    const values = [3, , 1];
    Object.setPrototypeOf(values, Object.create(Array.prototype, { 1: { value: 2, writable: true, configurable: true } }));
    values.sort(up);
    return [shown(values), values.length];
  },
  likes: () => [{ length: 2, 0: 5, 1: 1 }, { length: '2', 0: 5, 1: 1 }, { length: -5 }, { length: NaN, 0: 1 }, 'ab', 5].map((value) => settled(() => JSON.stringify(sort.call(value, up)))?.toString().slice(0, 9)),
  traced,
  calls: () => {
    const calls = [];
    [3, 1, 2].sort(function (one, two) { 'use strict'; calls.push([arguments.length, this === undefined]); return one - two; });
    const values = [2, 1];
    return [calls, values.sort(up) === values, values.toSorted(up) === values];
  },
  ties: () => [
    byLocale.toSorted((one, two) => (one.name.toLowerCase() < two.name.toLowerCase() ? -1 : 1)), byLocale.toSorted((one, two) => one.name > two.name), byLocale.toSorted((one, two) => one.name.localeCompare(two.name)),
  ],
  withoutComparator: () => [[10, 9, 1, undefined, 'a', , null].sort(), [3, 20, 100].sort(undefined), [3, 1].toSorted(), [...new Int16Array([10, 9, -1]).sort()]],
  nested: () => [[3, 1], [2, 0], [1]].sort((one, two) => one.toSorted(up)[0] - two.toSorted(up)[0]),
};

exports.handler = async (event) => PARTS[event.arguments.part]();
