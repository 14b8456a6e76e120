// Node's events: a function, so that it can be inherited from in every way, and the class of its own module.
const { argumentError } = require('./arguments.js');

/** Listeners by emitter: objects can be emitters that never ran the constructor, as in Node. */
const emitters = new WeakMap();
function all(emitter) {
  if (!emitters.has(emitter)) emitters.set(emitter, new Map());
  return emitters.get(emitter);
}
const listenersOf = (emitter, name) => all(emitter).get(name) ?? [];

/** Whether an emitter hears of listeners whose promises are rejected; of those that were not told, the class says. */
const captures = new WeakMap();
const rejection = Symbol.for('nodejs.rejection');

function EventEmitter(options) {
  if (options?.captureRejections !== undefined) captures.set(this, Boolean(options.captureRejections));
}

/** Tells an emitter of the rejection of what a listener answered with. */
function capture(emitter, answer, name, values) {
  if (typeof answer?.then !== 'function' || !(captures.get(emitter) ?? EventEmitter.captureRejections)) return;
  answer.then(undefined, (error) => process.nextTick(() => {
    if (typeof emitter[rejection] === 'function') return emitter[rejection](error, name, ...values);
    // What the listeners of errors reject with is nobody's: it would go on for ever.
    const before = captures.get(emitter);
    captures.set(emitter, false);
    try {
      emitter.emit('error', error);
    } finally {
      if (before === undefined) captures.delete(emitter);
      else captures.set(emitter, before);
    }
  }));
}

function add(emitter, name, listener, isFirst) {
  if (typeof listener !== 'function') throw argumentError('The "listener" argument must be of type function', listener);
  const known = listenersOf(emitter, name);
  all(emitter).set(name, isFirst ? [listener, ...known] : [...known, listener]);
  return emitter;
}

function onlyOnce(emitter, name, listener) {
  if (typeof listener !== 'function') return listener;
  const wrapped = (...values) => {
    emitter.off(name, wrapped);
    return listener.apply(emitter, values);
  };
  return Object.assign(wrapped, { listener });
}

// Set one by one, they can be copied to other objects.
Object.assign(EventEmitter.prototype, {
  on(name, listener) { return add(this, name, listener, false); },
  prependListener(name, listener) { return add(this, name, listener, true); },
  once(name, listener) { return this.on(name, onlyOnce(this, name, listener)); },
  prependOnceListener(name, listener) { return this.prependListener(name, onlyOnce(this, name, listener)); },
  off(name, listener) {
    const known = listenersOf(this, name);
    const at = known.findLastIndex((other) => other === listener || other.listener === listener);
    if (at >= 0) all(this).set(name, known.toSpliced(at, 1));
    return this;
  },
  emit(name, ...values) {
    const listeners = listenersOf(this, name);
    if (name === 'error' && listeners.length === 0) throw values[0] instanceof Error ? values[0] : new Error(`Unhandled error. (${values[0]})`);
    for (const listener of listeners) capture(this, listener.apply(this, values), name, values);
    return listeners.length > 0;
  },
  removeAllListeners(name) {
    if (name === undefined) all(this).clear();
    else all(this).delete(name);
    return this;
  },
  listeners(name) { return listenersOf(this, name).map((listener) => listener.listener ?? listener); },
  rawListeners(name) { return [...listenersOf(this, name)]; },
  listenerCount(name) { return listenersOf(this, name).length; },
  eventNames() { return [...all(this)].filter(([, listeners]) => listeners.length > 0).map(([name]) => name); },
  setMaxListeners() { return this; },
  getMaxListeners() { return EventEmitter.defaultMaxListeners; },
});
EventEmitter.prototype.addListener = EventEmitter.prototype.on;
EventEmitter.prototype.removeListener = EventEmitter.prototype.off;

/** What an emitter emits by a name the next time, unless a signal ends the waiting. */
const once = (emitter, name, { signal } = {}) => new Promise((resolve, reject) => {
  const abort = () => fail(Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' }));
  const leave = () => {
    emitter.off(name, done);
    emitter.off('error', fail);
    signal?.removeEventListener('abort', abort);
  };
  const fail = (error) => {
    leave();
    reject(error);
  };
  const done = (...values) => {
    leave();
    resolve(values);
  };
  if (signal?.aborted) return abort();
  signal?.addEventListener('abort', abort);
  emitter.once(name, done);
  if (name !== 'error') emitter.once('error', fail);
});

module.exports = Object.assign(EventEmitter, { EventEmitter, defaultMaxListeners: 10, captureRejections: false, captureRejectionSymbol: rejection, once });
