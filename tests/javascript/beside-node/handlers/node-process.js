// What Node tells of errors and promises that nobody caught, of emitters, addresses, assertions and keys.
const assert = require('assert');
const buffer = require('buffer');
const crypto = require('crypto');
const EventEmitter = require('events');
const path = require('path');
const url = require('url');
const { promisify } = require('util');

const settled = (run) => {
  try {
    return run() ?? null;
  } catch (error) {
    return [error.name, error.code ?? null, error.message];
  }
};
const rejected = (promise) => promise.then((value) => ['resolved', value ?? null], (error) => [error.name, error.code ?? null, error.message]);
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What the listeners of the process hear while something runs. */
async function heard(names, run) {
  const told = [];
  const listeners = names.map((name) => [name, (error, more) => told.push([name, error?.message ?? error, error?.code ?? null, more instanceof Promise ? 'promise' : more])]);
  for (const [name, listener] of listeners) process.on(name, listener);
  await run();
  await wait(3);
  for (const [name, listener] of listeners) process.off(name, listener);
  return told;
}
const both = ['unhandledRejection', 'uncaughtException'];
const fail = (message) => () => { throw new Error(message); };

const told = (emitter, names) => {
  const all = [];
  for (const name of names) emitter.on(name, (event, listener) => all.push([name, event, listener.name, emitter.listenerCount(event)]));
  return all;
};
function first() {}
function second() {}

const parts = (address, ...more) => settled(() => ({ ...url.parse(address, ...more) }));
const error = new Error('abc');

const PARTS = {
  rejections: async () => [
    await heard(both, () => { Promise.reject(error); Promise.reject('text'); Promise.reject(undefined); }),
    await heard(['uncaughtException'], () => { Promise.reject(error); Promise.reject('text'); Promise.reject({ a: 1 }); }),
    await heard(both, () => { const late = Promise.reject(error); setImmediate(() => late.catch(() => {})); }),
    await heard(both, () => { const soon = Promise.reject(error); process.nextTick(() => soon.catch(() => {})); }),
    await heard(both, async () => { await Promise.reject(error).catch(() => {}); }),
  ],
  exceptions: async () => [
    await heard(['uncaughtException'], () => {
      process.nextTick(fail('tick'));
      queueMicrotask(fail('microtask'));
      setImmediate(fail('immediate'));
    }),
    await heard(['uncaughtException'], () => { setTimeout(fail('timer'), 1); }),
  ],
  listeners: () => {
    const all = [];
    const listener = (value) => all.push(value);
    process.once('own', listener).prependListener('own', () => all.push('first'));
    const count = process.listenerCount('own');
    return [process.emit('own', 1), process.emit('own', 2), all, count, process.removeAllListeners('own').listenerCount('own'), process.emit('own')];
  },
  environment: () => {
    Object.assign(process.env, { FLAG: false, PORT: 80, NONE: undefined, NULL: null });
    const { FLAG, PORT, NONE, NULL } = process.env;
    delete process.env.PORT;
    return [FLAG, PORT, NONE, NULL, process.env.PORT ?? null, process.env.absent ?? null, 'FLAG' in process.env, Object.keys(process.env).includes('NULL'), { ...process.env }.FLAG, process.env.TABLE, settled(() => { process.env.SYMBOL = Symbol('s'); })[0]];
  },
  emitters: () => {
    const emitter = new EventEmitter();
    const all = told(emitter, ['newListener', 'removeListener']);
    emitter.on('a', first).once('d', second).prependListener('b', first).emit('d');
    emitter.off('a', first).on('c', first).on('c', second).removeAllListeners('c');
    const errors = [undefined, null, 'text', { a: 1 }, new TypeError('x')].map((value) => settled(() => new EventEmitter().emit('error', value)));
    const watched = new EventEmitter().on(EventEmitter.errorMonitor, ({ message }) => all.push(message));
    return [all, errors, settled(() => watched.emit('error', error)), EventEmitter.listenerCount(emitter, 'b'), EventEmitter.getEventListeners(emitter, 'b').length, emitter.setMaxListeners(3).getMaxListeners(), new EventEmitter().getMaxListeners()];
  },
  iterators: async () => {
    const taken = async (emit, options, most = 9) => {
      const emitter = new EventEmitter();
      const all = [];
      setImmediate(() => emit(emitter));
      try {
        for await (const values of EventEmitter.on(emitter, 'a', options)) if (all.push(values) === most) break;
      } catch ({ name, message }) {
        all.push([name, message]);
      }
      return [all, emitter.eventNames()];
    };
    return [
      await taken((emitter) => { emitter.emit('a', 1, 2); emitter.emit('a'); emitter.emit('end'); }, { close: ['end'] }),
      await taken((emitter) => { emitter.emit('a', 1); emitter.emit('error', new Error('bad')); }),
      await taken((emitter) => { for (let count = 0; count < 3; count++) emitter.emit('a', count); }, {}, 2),
      await taken(() => {}, { signal: AbortSignal.abort() }),
    ];
  },
  addresses: () => [
    'https://u:p@host.com:8080/p/a?x=1&x=2#h', '/only?x=1&x=2&y', 'http://h', 'http://h:80/../a b', '?a', '#h', '//h/p', 'mailto:a@b.c', 'HTTP://H.EX/ä', 'http://[::1]:80/x', 'javascript:alert("x")', 'arn:aws:s3:::bucket/key', 's3://bucket/key', 'localhost:3000/a', '', 'http:\\\\h\\p', 'http://h/a"b', 'http://a@b@c/', 'http://h/%zz',
  ].map((address) => [parts(address), parts(address, true), parts(address, false, true)]).concat([
    [5, undefined, null].map((address) => parts(address)), ['/a b', '/ü?#%', '/x'].map((file) => url.pathToFileURL(file).href), ['file:///a%20b', 'http://h/a', 'file://host/a', 'file:///a%2fb', 5].map((file) => settled(() => url.fileURLToPath(file))),
    ['https://u%40:p@h:8080/a?b#c', 'http://[::1]/'].map((address) => ({ ...url.urlToHttpOptions(new URL(address)) })), url.domainToASCII('Host.Example'),
  ]),
  paths: () => [path.basename('a', ''), path.dirname('//'), path.format({ name: 'a', ext: 'b' }), path.toNamespacedPath('/a'), settled(() => path.join('a', 1)), settled(() => path.resolve('a', null)), settled(() => path.basename({}))],
  thrown: () => [
    [fail('abc'), /abd/], [fail('abc'), /abc/], [fail('abc'), /abd/, 'mine'], [fail('abc'), TypeError], [fail('abc'), Error], [fail('abc'), () => false], [fail('abc'), function check() { return 0; }], [fail('abc'), { message: 'abc' }], [fail('abc'), { message: 'x' }, 'mine'], [fail('abc'), 'abc'], [fail('abc'), 'other'],
    [fail('abc'), 5], [fail('abc'), {}], [() => {}], [() => {}, TypeError], [() => {}, TypeError, 'mine'], [() => {}, 'mine'], [5], [() => { throw 'abc'; }, /abd/],
  ].map((values) => settled(() => assert.throws(...values))).concat([
    [fail('abc')], [fail('abc'), 'mine'], [fail('abc'), TypeError], [fail('abc'), Error, 'mine'], [fail('abc'), /abc/], [() => 1], [fail('abc'), {}],
  ].map((values) => settled(() => assert.doesNotThrow(...values)))),
  asserted: () => [
    () => assert.strictEqual(1, 2), () => assert.strictEqual('a', 'b'), () => assert.notStrictEqual(1, 1), () => assert.equal(1, 2), () => assert.match('a', /b/), () => assert.match(5, /b/), () => assert.doesNotMatch('a', /a/), () => assert.match('a', /b/, 'mine'), () => assert.fail(), () => assert.fail('mine'),
    () => assert.ifError(null), () => assert.ifError(new Error('x')), () => assert.ifError('text'), () => assert(), () => assert.ok(false, 'mine'),
  ].map(settled),
  awaited: () => Promise.all([
    [assert.rejects, Promise.resolve(1)], [assert.rejects, Promise.resolve(1), TypeError], [assert.rejects, Promise.resolve(1), 'mine'], [assert.rejects, async () => { throw error; }, /abd/], [assert.rejects, Promise.reject(error), TypeError], [assert.rejects, Promise.reject(error), Error], [assert.rejects, () => 5], [assert.rejects, 5], [assert.rejects, fail('abc')],
    [assert.doesNotReject, Promise.reject(error)], [assert.doesNotReject, Promise.reject(error), 'mine'], [assert.doesNotReject, Promise.resolve(1)], [assert.doesNotReject, Promise.reject(error), TypeError], [assert.doesNotReject, async () => { throw error; }, /abc/],
  ].map(([run, ...values]) => rejected(run(...values)))),
  promises: async () => {
    const any = (...values) => Promise.any(values).then((value) => value, ({ name, message, errors }) => [name, message, errors]);
    const order = [];
    await Promise.all([Promise.any([1]).then(() => order.push('any')), Promise.resolve().then(() => order.push(1)).then(() => order.push(2)).then(() => order.push(3))]);
    const weak = new WeakRef({ a: 1 });
    const again = weak.deref()?.a;
    await null;
    const event = new CustomEvent('a', { detail: { b: 1 } });
    return [await any(), await any(Promise.reject(1), Promise.reject(2)), await any(Promise.reject(1), 2), await any(wait(2).then(() => 'late'), Promise.reject(0)), order, again, String(weak), settled(() => new WeakRef(1))[0], event.type, event.detail, event instanceof Event, new CustomEvent('b').detail];
  },
  keys: async () => [
    crypto.pbkdf2Sync('pw', 'salt', 10, 50, 'sha512').toString('hex'), crypto.pbkdf2Sync('x'.repeat(200), Buffer.from('s'), 3, 20, 'sha1').toString('hex'), (await promisify(crypto.pbkdf2)('p', 's', 2, 40, 'sha256')).toString('hex'),
    Buffer.from(crypto.hkdfSync('sha512', 'key', 'salt', 'info', 100)).toString('hex'), (await promisify(crypto.hkdf)('sha256', 'key', '', '', 10)).byteLength, crypto.hash('sha1', 'abc'), crypto.hash('md5', Buffer.from('abc'), 'base64'), buffer.kMaxLength > 5,
    ...[
      () => crypto.pbkdf2Sync('a', 'b', 0, 1, 'sha1'), () => crypto.pbkdf2Sync('a', 'b', 1, 1, 'nope'), () => crypto.pbkdf2Sync('a', 'b', 1, 1), () => crypto.pbkdf2Sync('a', 5, 1, 1, 'sha1'), () => crypto.pbkdf2('a', 'b', 1, 1, 'sha1'), () => crypto.hkdfSync('sha1', 'k', 's', 'i', 21 * 255),
      () => crypto.timingSafeEqual(Buffer.from('a'), Buffer.from('ab')), () => { const made = crypto.createHash('sha1'); made.digest(); made.update('x'); }, () => { const made = crypto.createHmac('sha1', 'k'); made.digest(); return made.digest('hex'); }, () => crypto.createHmac('nope', 'k'),
    ].map(settled),
  ],
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
