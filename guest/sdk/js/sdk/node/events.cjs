// Node's events: a function, so that it can be inherited from in every way, and the class of its own module.
const { argumentError } = require('./arguments.js');

const { inspect } = globalThis.__mayfly;

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
/** Where an emitter hears of errors beside its listeners. */
const errorMonitor = Symbol('events.errorMonitor');

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

/** Listeners to the listeners of an emitter are told of each, but not of themselves. */
const isHeard = (emitter, name) => listenersOf(emitter, name).length > 0;

function add(emitter, name, listener, isFirst) {
  if (typeof listener !== 'function') throw argumentError('The "listener" argument must be of type function', listener);
  if (isHeard(emitter, 'newListener')) emitter.emit('newListener', name, listener.listener ?? listener);
  const known = listenersOf(emitter, name);
  all(emitter).set(name, isFirst ? [listener, ...known] : [...known, listener]);
  return emitter;
}

function remove(emitter, name, at) {
  const known = listenersOf(emitter, name);
  all(emitter).set(name, known.toSpliced(at, 1));
  if (isHeard(emitter, 'removeListener')) emitter.emit('removeListener', name, known[at].listener ?? known[at]);
}

function onlyOnce(emitter, name, listener) {
  if (typeof listener !== 'function') return listener;
  const wrapped = (...values) => {
    emitter.off(name, wrapped);
    return listener.apply(emitter, values);
  };
  return Object.assign(wrapped, { listener });
}

/** What an emitter throws for an error that it has no listener for. */
function unheard(error) {
  if (error instanceof Error) return error;
  const shown = typeof error === 'string' ? inspect([error]).slice(2, -2) : inspect(error);
  return Object.assign(new Error(`Unhandled error. (${shown})`), { code: 'ERR_UNHANDLED_ERROR', context: error });
}

// Set one by one, they can be copied to other objects.
Object.assign(EventEmitter.prototype, {
  on(name, listener) { return add(this, name, listener, false); },
  prependListener(name, listener) { return add(this, name, listener, true); },
  once(name, listener) { return this.on(name, onlyOnce(this, name, listener)); },
  prependOnceListener(name, listener) { return this.prependListener(name, onlyOnce(this, name, listener)); },
  off(name, listener) {
    const at = listenersOf(this, name).findLastIndex((other) => other === listener || other.listener === listener);
    if (at >= 0) remove(this, name, at);
    return this;
  },
  emit(name, ...values) {
    if (name === 'error') for (const listener of listenersOf(this, errorMonitor)) listener.apply(this, values);
    const listeners = listenersOf(this, name);
    if (name === 'error' && listeners.length === 0) throw unheard(values[0]);
    for (const listener of listeners) capture(this, listener.apply(this, values), name, values);
    return listeners.length > 0;
  },
  removeAllListeners(name) {
    const names = name === undefined ? [...all(this).keys()].filter((other) => other !== 'removeListener') : [name];
    // The last that was added leaves first.
    if (isHeard(this, 'removeListener')) for (const other of names) while (isHeard(this, other)) remove(this, other, listenersOf(this, other).length - 1);
    if (name === undefined) all(this).clear();
    else all(this).delete(name);
    return this;
  },
  listeners(name) { return listenersOf(this, name).map((listener) => listener.listener ?? listener); },
  rawListeners(name) { return [...listenersOf(this, name)]; },
  listenerCount(name, listener) {
    const known = listenersOf(this, name);
    return listener === undefined ? known.length : known.filter((other) => other === listener || other.listener === listener).length;
  },
  eventNames() { return [...all(this)].filter(([, listeners]) => listeners.length > 0).map(([name]) => name); },
  setMaxListeners(count) {
    limits.set(this, count);
    return this;
  },
  getMaxListeners() { return limits.get(this) ?? EventEmitter.defaultMaxListeners; },
});
EventEmitter.prototype.addListener = EventEmitter.prototype.on;
EventEmitter.prototype.removeListener = EventEmitter.prototype.off;
/** What emitters were told of how many listeners they may have. Nothing is said of more. */
const limits = new WeakMap();

const abortError = ({ reason }) => Object.assign(new Error('The operation was aborted', { cause: reason }), { name: 'AbortError', code: 'ABORT_ERR' });

/** What an emitter emits by a name the next time, unless a signal ends the waiting. */
const once = (emitter, name, { signal } = {}) => new Promise((resolve, reject) => {
  const abort = () => fail(abortError(signal));
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

/** What an emitter emits by a name from now on, for `for await`, until it emits an error or a name that ends it. */
function on(emitter, name, { signal, close = [] } = {}) {
  if (signal?.aborted) throw abortError(signal);
  /** What was emitted and nobody took, and who waits for what is not emitted yet. */
  const emitted = [];
  const waiting = [];
  let failure;
  let isOver = false;
  const end = { value: undefined, done: true };
  const hear = (...values) => {
    const next = waiting.shift();
    if (next) next.resolve({ value: values, done: false });
    else emitted.push(values);
  };
  const fail = (error) => {
    const next = waiting.shift();
    if (next) next.reject(error);
    else failure = { error };
    finish();
  };
  const abort = () => fail(abortError(signal));
  function finish() {
    isOver = true;
    emitter.off(name, hear);
    emitter.off('error', fail);
    for (const other of close) emitter.off(other, finish);
    signal?.removeEventListener('abort', abort);
    for (const next of waiting.splice(0)) next.resolve(end);
    return Promise.resolve(end);
  }
  emitter.on(name, hear);
  if (name !== 'error') emitter.on('error', fail);
  for (const other of close) emitter.on(other, finish);
  signal?.addEventListener('abort', abort, { once: true });
  return {
    next() {
      if (emitted.length > 0) return Promise.resolve({ value: emitted.shift(), done: false });
      if (failure) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (isOver) return Promise.resolve(end);
      return new Promise((resolve, reject) => { waiting.push({ resolve, reject }); });
    },
    return: finish,
    throw(error) {
      fail(error);
      return Promise.resolve(end);
    },
    [Symbol.asyncIterator]() { return this; },
  };
}

module.exports = Object.assign(EventEmitter, {
  EventEmitter,
  defaultMaxListeners: 10,
  captureRejections: false,
  captureRejectionSymbol: rejection,
  errorMonitor,
  once,
  on,
  listenerCount: (emitter, name) => emitter.listenerCount(name),
  getEventListeners: (emitter, name) => emitter.listeners(name),
  getMaxListeners: (emitter) => emitter.getMaxListeners(),
  setMaxListeners(count = EventEmitter.defaultMaxListeners, ...emitters) {
    if (emitters.length === 0) EventEmitter.defaultMaxListeners = count;
    for (const emitter of emitters) emitter.setMaxListeners?.(count);
  },
});
