// Arguments of Node's modules and globals that change what is answered.
const assert = require('assert');
const crypto = require('crypto');
const EventEmitter = require('events');
const util = require('util');
const timers = require('timers/promises');

const settled = (run) => {
  try {
    return run();
  } catch (error) {
    return [error.name, error.code ?? null, error.message];
  }
};
const rejected = (promise) => promise.then((value) => ['resolved', value], (error) => [error.name, error.code, error.message, error.cause?.name ?? error.cause ?? null]);
const holds = (run) => settled(() => { run(); return true; }) === true;

const decodeParts = (parts, options) => {
  const decoder = new TextDecoder('utf-8', options);
  return settled(() => [...parts.map((part) => decoder.decode(new Uint8Array(part), { stream: true })), decoder.decode()]);
};

const written = (name, values) => values.map((value) => settled(() => {
  const bytes = Buffer.alloc(8);
  return [bytes[`write${name}`](value), bytes.toString('hex'), String(bytes[`read${name}`]())];
}));
const sized = (name, bytes, value) => settled(() => {
  const buffer = Buffer.alloc(7);
  return [buffer[`write${name}`](value, 1, bytes), buffer.toString('hex'), buffer[`read${name}`](1, bytes)];
});

const random = (bytes) => bytes.some((byte) => byte !== 0);
const called = (run) => new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));

/** What an emitter hears of a listener that answers with a promise. */
const heard = async (emitter, listener, ...more) => {
  const errors = [];
  emitter.on('error', (error) => errors.push(error.message));
  emitter.on('event', listener).emit('event', ...more);
  await timers.setTimeout(2);
  return errors;
};
class Told extends EventEmitter {
  constructor() { super({ captureRejections: true }); this.told = []; }
  [EventEmitter.captureRejectionSymbol](error, name, ...values) { this.told.push([error.message, name, values]); }
}

const pairs = [
  [1, '1'], [1, true], [null, undefined], [NaN, NaN], [0, -0], [[1, 2], ['1', '2']], [{ a: 1 }, { a: '1' }], [{ a: 1 }, { b: 1 }], [[1], { 0: 1 }], [new Set([1, 2]), new Set(['1', '2'])],
  [new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }])], [new Map([['a', 1]]), new Map([['a', '1']])], [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])], [new Date(1), new Date(1)], [new Date(1), new Date(2)],
  [/a/g, /a/i], [new Error('a'), new Error('b')], [new Error('a'), new TypeError('a')], [Object.create(null), {}], [Object(1), Object(2)], [Buffer.from('a'), Buffer.from('b')], [new Uint8Array([1]).buffer, new Uint8Array([2]).buffer], ['a', {}], [[undefined], [,]],
];

const PARTS = {
  streams: () => [
    decodeParts([[0xe2, 0x82], [0xac, 0x61], [0xf0], [0x9f, 0x98], [0x80]]), decodeParts([[0xe2, 0x82], [0x61]]), decodeParts([[0x61, 0xe2, 0x82]]), decodeParts([[0xe2, 0x82]], { fatal: true }), decodeParts([[0xff], [0x61]], { fatal: true }),
    decodeParts([[0xef, 0xbb], [0xbf, 0x61], [0xef, 0xbb, 0xbf]]), decodeParts([[0xef, 0xbb, 0xbf, 0x61]], { ignoreBOM: true }), decodeParts([[], [0xef], [0xbb, 0xbf]]), settled(() => new TextDecoder().decode('text')),
  ],
  encodesInto: () => [['aé€😀z', 20], ['aé€😀z', 9], ['aé€😀z', 2], ['😀', 3], ['€', 0], ['\ud800a', 3], ['', 3]].map(([text, room]) => {
    const target = new Uint8Array(room);
    return [new TextEncoder().encodeInto(text, target), [...target]];
  }),
  waits: async () => {
    const [stopped, stopping, ticking] = [AbortSignal.abort('why'), new AbortController(), timers.setInterval(1, 'value')];
    setTimeout(() => stopping.abort(), 2);
    return [
      await timers.setTimeout(1, 'value'), await timers.setImmediate('at once'), await rejected(timers.setTimeout(1, 'value', { signal: stopped })), await rejected(timers.setTimeout(60000, 'value', { signal: stopping.signal })),
      await rejected(timers.setImmediate('value', { signal: stopped })), await rejected(timers.setTimeout(1, 'value', { signal: new AbortController().signal })), await rejected(timers.scheduler.wait(1, { signal: stopped })),
      await rejected(timers.setInterval(1, 'value', { signal: stopped }).next()), await ticking.next(), await ticking.return(),
    ];
  },
  asserts: () => pairs.map(([one, other]) => [
    ...['equal', 'notEqual', 'deepEqual', 'notDeepEqual', 'deepStrictEqual', 'notDeepStrictEqual'].map((name) => [assert, assert.strict].map((from) => holds(() => from[name](one, other)))), util.isDeepStrictEqual(one, other),
  ].flat()).concat([[require('assert/strict') === assert.strict, assert.strict.strict === assert.strict, assert.strict === assert, holds(() => assert.strict(0))]]),
  integers: () => [
    ['UInt8', [0, 255, 256, -1, 1.5, 255.5, NaN, '7']], ['Int8', [127, 128, -128, -129]], ['UInt16LE', [65535, 65536]], ['Int16BE', [-32768, 32768]], ['UInt32BE', [4294967295, 4294967296, -1]], ['Int32LE', [2147483648, -2147483649, -5]],
    ['BigUInt64LE', [18446744073709551615n, 18446744073709551616n, -1n]], ['BigInt64BE', [-9223372036854775808n, 9223372036854775808n]], ['DoubleBE', [1e300, '2']], ['FloatLE', [0.5]],
  ].map(([name, values]) => written(name, values)),
  sizes: () => [1, 2, 3, 4, 5, 6].flatMap((bytes) => ['UIntBE', 'UIntLE', 'IntBE', 'IntLE'].flatMap((name) => [5, -5, 2 ** (8 * bytes) - 2, -(2 ** (8 * bytes - 1)), 2 ** (8 * bytes)].map((value) => sized(name, bytes, value))))
    .concat([0, 7, undefined, 'x', 1.5].map((bytes) => sized('UIntBE', bytes, 1))),
  places: () => [6, 9, -1, 1.5, '1', null, undefined].flatMap((offset) => [settled(() => Buffer.alloc(8).readUInt16LE(offset)), settled(() => Buffer.alloc(8).writeInt32BE(1, offset)), settled(() => Buffer.alloc(1).readDoubleBE(offset))])
    .concat([settled(() => Buffer.from([1, 2, 3]).readUintBE(0, 3)), settled(() => Buffer.from([255, 2]).readUint8())]),
  swaps: () => [2, 4, 8].flatMap((bytes) => [8, 3].map((length) => settled(() => Buffer.from([1, 2, 3, 4, 5, 6, 7, 8].slice(0, length))[`swap${8 * bytes}`]().toString('hex')))),
  shown: () => [util.inspect(Buffer.from('abc')), util.format('%o', { deep: [Buffer.from('hi')] }).includes('<Buffer 68 69>'), util.inspect(Buffer.alloc(0)), util.inspect(Buffer.alloc(60)), util.inspect(Buffer.alloc(51)), Buffer.name,
    util.inspect({ [util.inspect.custom]: () => 'mine' }), util.inspect([{ [util.inspect.custom]: () => ({ a: 1 }) }])],
  rejections: async () => {
    const failing = async (value) => { throw new Error(`no ${value}`); };
    const told = new Told();
    const all = [await heard(new EventEmitter({ captureRejections: true }), failing, 1), await heard(new EventEmitter({ captureRejections: true }), () => 5), await heard(told, failing, 2, 3), told.told];
    EventEmitter.captureRejections = true;
    all.push(await heard(new EventEmitter(), failing, 4));
    EventEmitter.captureRejections = false;
    const once = new EventEmitter({ captureRejections: true });
    const caught = new Promise((resolve) => once.on('error', (error) => resolve(error.message)));
    once.once('event', failing).emit('event', 5);
    return [...all, await caught];
  },
  once: async () => {
    const emitter = new EventEmitter();
    const [stopped, stopping] = [AbortSignal.abort(), new AbortController()];
    setTimeout(() => stopping.abort(), 2);
    setTimeout(() => emitter.emit('told', 1, 2), 2);
    return [await rejected(EventEmitter.once(emitter, 'never', { signal: stopped })), await rejected(EventEmitter.once(emitter, 'never', { signal: stopping.signal })), await EventEmitter.once(emitter, 'told', { signal: new AbortController().signal }), emitter.eventNames()];
  },
  slices: () => [[], ['utf8', 1, 3], ['utf8', -1, 3], ['utf8', 9, 10], ['utf8', 3, 1], ['hex', 2], ['utf8', 0, -1]].map((values) => Buffer.from('hello').toString(...values)).concat([Buffer.from({ length: 2, 0: 5, 1: 6 }).toString('hex')]),
  clones: () => [
    Promise.resolve(), new WeakMap(), new WeakSet(), new WeakRef({}), Symbol('a'), () => 1, { deep: [Promise.resolve()] }, new Map([[1, () => 2]]),
  ].map((value) => settled(() => structuredClone(value))).map(([name, , message]) => [name, message]).concat([settled(() => {
    const bytes = Buffer.from('abc');
    const [copy, view] = structuredClone([bytes, new DataView(bytes.buffer, bytes.byteOffset, 2)]);
    bytes[0] = 0;
    return [copy.constructor.name, [...copy], view.getUint8(0), view.byteLength, copy.buffer === view.buffer];
  })]),
  hashes: () => ['sha224', 'sha384', 'sha512-224', 'sha512-256', 'SHA512-256', 'RSA-SHA256', 'rsa-sha1', 'RSA-SHA512/256', 'sha-256', 'SHA2-384', 'RSA-MD5', 'sha512', 'sha1'].map((name) => {
    const hash = crypto.createHash(name).update('a');
    const copy = hash.copy().update('b'.repeat(200));
    return [hash.digest('hex'), copy.digest('base64'), crypto.createHmac(name, 'k'.repeat(130)).update('x').digest('hex'), settled(() => hash.copy()).slice(0, 1)];
  }),
  draws: async () => {
    const [bytes, part, floats] = [Buffer.alloc(70_000), new Uint8Array(40), new Float64Array(4)];
    const sync = [crypto.randomFillSync(bytes) === bytes, random(bytes.subarray(69_000)), crypto.randomFillSync(part, 10, 20) === part, random(part.subarray(0, 10)), random(part.subarray(10, 30)), random(part.subarray(30)), random(crypto.randomFillSync(floats, 2).subarray(0, 2))];
    const later = [
      (await called((done) => crypto.randomFill(part, done))) === part, random(part.subarray(30)), (await called((done) => crypto.randomFill(floats, 1, 2, done))) === floats, await called((done) => crypto.randomInt(3, 4, done)), await called((done) => crypto.randomInt(1, done)),
      (await called((done) => crypto.randomBytes(70_000, done))).length, await util.promisify(crypto.randomInt)(5, 6),
    ];
    return [sync, later, settled(() => crypto.randomFillSync(part, 41)), settled(() => crypto.randomFillSync(part, 30, 11)), settled(() => crypto.randomFillSync('text'))[1], settled(() => crypto.randomFill(part))[1]];
  },
  keys: () => {
    const key = crypto.createSecretKey(Buffer.from('secret'));
    return [key.type, key.symmetricKeySize, key.export().toString(), key.export({ format: 'jwk' }), util.types.isKeyObject(key), key instanceof crypto.KeyObject, key.equals(crypto.createSecretKey('736563726574', 'hex')), crypto.createHmac('sha256', key).update('x').digest('hex'), settled(() => util.promisify(undefined))];
  },
  frames: () => {
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (error, frames) => frames;
    const [frame] = new Error('here').stack;
    const target = {};
    Error.captureStackTrace(target);
    const both = [frame, target.stack[0]];
    Error.prepareStackTrace = prepareStackTrace;
    return both.map((each) => [each.isEval(), each.isNative(), each.isConstructor(), each.getFunctionName(), typeof each.getFileName(), typeof each.getLineNumber(), each.getEvalOrigin() ?? null, each.isAsync(), /:\d+:\d+/.test(String(each))]);
  },
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
