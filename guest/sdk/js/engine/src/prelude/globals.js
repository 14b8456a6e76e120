// The globals of Node and of the web that QuickJS lacks. What is not available throws an error that says so.
(function (host, options, parts) {
  'use strict';

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });

  define('global', globalThis);

  // Randomness: the same numbers at the top level, which runs when the module is built; others in every invocation.
  let state = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  let seeded = false;
  function next() {
    if (!seeded && host.isInvoked()) {
      const bytes = host.randomBytes(16);
      state = [0, 4, 8, 12].map((at) => (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) | 0);
      seeded = true;
    }
    // xoshiro128**
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  }
  const rotate = (number, by) => (number << by) | (number >>> (32 - by));
  Math.random = function random() {
    return ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
  };

  const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
  define('crypto', {
    getRandomValues(view) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes.set(host.randomBytes(bytes.length));
      return view;
    },
    randomUUID() {
      const bytes = host.randomBytes(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = bytes.map((byte) => HEX[byte]).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  });

  // Text.
  define('TextEncoder', class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') {
      const source = String(text).toWellFormed();
      const bytes = [];
      for (let at = 0; at < source.length; at++) {
        const code = source.codePointAt(at);
        if (code > 0xffff) at++;
        if (code < 0x80) bytes.push(code);
        else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
        else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
        else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      }
      return new Uint8Array(bytes);
    }
    encodeInto(text, target) {
      const bytes = this.encode(text);
      let written = Math.min(bytes.length, target.length);
      // A character that does not fit as a whole is left out.
      while ((bytes[written] & 0xc0) === 0x80) written--;
      target.set(bytes.subarray(0, written));
      let read = 0;
      for (let at = 0; at < written; at++) {
        if ((bytes[at] & 0xc0) !== 0x80) read += bytes[at] >= 0xf0 ? 2 : 1;
      }
      return { read, written };
    }
  });
  const NO_BYTES = new Uint8Array();
  const viewOf = (input) => {
    if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    if (input instanceof ArrayBuffer) return new Uint8Array(input);
    throw Object.assign(new TypeError('The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.'), { code: 'ERR_INVALID_ARG_TYPE' });
  };
  define('TextDecoder', class TextDecoder {
    /** Of a stream: the bytes of a character that is not complete, and whether something came before them. */
    #kept = NO_BYTES;
    #hasBegun = false;
    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      if (!/^utf-?8$/i.test(label)) throw new RangeError(`TextDecoder supports only utf-8, not ${label}`);
      this.fatal = fatal;
      this.ignoreBOM = ignoreBOM;
    }
    get encoding() { return 'utf-8'; }
    decode(input = NO_BYTES, { stream = false } = {}) {
      const given = viewOf(input);
      const bytes = this.#kept.length === 0 ? given : new Uint8Array([...this.#kept, ...given]);
      const hasBegun = this.#hasBegun;
      this.#kept = NO_BYTES;
      this.#hasBegun = false;
      let text = '';
      let at = !hasBegun && !this.ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
      while (at < bytes.length) {
        const [code, length, isCut] = sequence(bytes, at);
        if (isCut && stream) break;
        if (code < 0 && this.fatal) throw Object.assign(new TypeError('The encoded data was not valid for encoding utf-8'), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
        text += code < 0 ? '\ufffd' : String.fromCodePoint(code);
        at += length;
      }
      if (stream) {
        this.#kept = bytes.slice(at);
        this.#hasBegun = hasBegun || at > 0;
      }
      return text;
    }
  });

  /** The code point that begins at a byte, or -1, how many bytes it takes, and whether the bytes end within it. */
  function sequence(bytes, at) {
    const first = bytes[at];
    if (first < 0x80) return [first, 1, false];
    const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
    if (more === 0) return [-1, 1, false];
    let code = first & (0x3f >> more);
    for (let index = 1; index <= more; index++) {
      const byte = bytes[at + index];
      let least = 0x80;
      let most = 0xbf;
      if (index === 1) {
        if (first === 0xe0) least = 0xa0;
        if (first === 0xed) most = 0x9f;
        if (first === 0xf0) least = 0x90;
        if (first === 0xf4) most = 0x8f;
      }
      if (byte === undefined) return [-1, index, true];
      if (byte < least || byte > most) return [-1, index, false];
      code = (code << 6) | (byte & 63);
    }
    return [code, more + 1, false];
  }

  // The engine frees what nothing refers to at once. Node keeps the target of a WeakRef at least until the turn ends; here it is kept with
  // the WeakRef, since nothing outlives an invocation.
  define('WeakRef', class WeakRef {
    #target;
    constructor(target) {
      const isHeld = (typeof target === 'object' && target !== null) || typeof target === 'function' || (typeof target === 'symbol' && Symbol.keyFor(target) === undefined);
      if (!isHeld) throw new TypeError('WeakRef: target must be an object');
      this.#target = target;
    }
    deref() { return this.#target; }
    get [Symbol.toStringTag]() { return 'WeakRef'; }
  });

  // The engine's own gives its error no message.
  Object.defineProperty(Promise, 'any', {
    value: function any(promises) {
      const { promise, resolve, reject } = Promise.withResolvers.call(this);
      const errors = [];
      let left = 1;
      const leave = () => {
        left--;
        if (left === 0) reject(new AggregateError(errors, 'All promises were rejected'));
      };
      const add = (item) => {
        const at = errors.push(undefined) - 1;
        let isCalled = false;
        left++;
        this.resolve(item).then(resolve, (error) => {
          if (isCalled) return;
          isCalled = true;
          errors[at] = error;
          leave();
        });
      };
      try {
        for (const item of promises) add(item);
        leave();
      } catch (error) {
        reject(error);
      }
      return promise;
    },
    writable: true,
    configurable: true,
  });

  // Copies.
  const UNCLONED = [Promise, WeakMap, WeakSet, WeakRef];
  const refuseToClone = (what) => { throw new DOMException(`${what} could not be cloned.`, 'DataCloneError'); };
  define('structuredClone', function structuredClone(value) {
    const copies = new Map();
    const copy = (original) => {
      if (typeof original === 'function' || typeof original === 'symbol') refuseToClone(String(original));
      if (original === null || typeof original !== 'object') return original;
      if (copies.has(original)) return copies.get(original);
      if (UNCLONED.some((type) => original instanceof type)) refuseToClone(`#<${original[Symbol.toStringTag]}>`);
      const made = shell(original, copy);
      copies.set(original, made);
      if (original instanceof Map) original.forEach((item, key) => made.set(copy(key), copy(item)));
      else if (original instanceof Set) original.forEach((item) => made.add(copy(item)));
      else if (!ArrayBuffer.isView(original) && !(original instanceof ArrayBuffer)) {
        for (const key of Object.keys(original)) made[key] = copy(original[key]);
      }
      return made;
    };
    return copy(value);
  });
  function shell(original, copy) {
    if (Array.isArray(original)) return new Array(original.length);
    if (original instanceof Date) return new Date(original.getTime());
    if (original instanceof RegExp) return new RegExp(original.source, original.flags);
    if (original instanceof Map) return new Map();
    if (original instanceof Set) return new Set();
    if (original instanceof ArrayBuffer) return original.slice(0);
    // By what it is, not by its class: a copy of a Buffer is a Uint8Array, and views of the same bytes stay that.
    if (original instanceof DataView) return new DataView(copy(original.buffer), original.byteOffset, original.byteLength);
    if (ArrayBuffer.isView(original)) return new globalThis[original[Symbol.toStringTag]](copy(original.buffer), original.byteOffset, original.length);
    if (original instanceof Error) {
      const made = Object.create(Object.getPrototypeOf(original));
      for (const key of ['name', 'message', 'stack', 'cause']) {
        if (Object.hasOwn(original, key)) Object.defineProperty(made, key, { value: original[key], writable: true, configurable: true });
      }
      return made;
    }
    return {};
  }

  // Events and their cancellation.
  define('Event', class Event {
    constructor(type, { cancelable = false } = {}) {
      Object.assign(this, { type, cancelable, defaultPrevented: false, target: null });
    }
    preventDefault() { this.defaultPrevented = this.cancelable; }
  });
  define('CustomEvent', class CustomEvent extends Event {
    #detail;
    constructor(type, options = {}) {
      super(type, options);
      this.#detail = options.detail ?? null;
    }
    get detail() { return this.#detail; }
  });
  define('EventTarget', class EventTarget {
    #listeners = new Map();
    addEventListener(type, listener, { once = false } = {}) {
      if (!this.#listeners.has(type)) this.#listeners.set(type, new Map());
      this.#listeners.get(type).set(listener, once);
    }
    removeEventListener(type, listener) { this.#listeners.get(type)?.delete(listener); }
    dispatchEvent(event) {
      event.target = this;
      for (const [listener, once] of [...(this.#listeners.get(event.type) ?? [])]) {
        if (once) this.removeEventListener(event.type, listener);
        if (typeof listener === 'function') listener.call(this, event);
        else listener.handleEvent(event);
      }
      return !event.defaultPrevented;
    }
  });
  define('AbortSignal', class AbortSignal extends EventTarget {
    aborted = false;
    reason = undefined;
    onabort = null;
    throwIfAborted() { if (this.aborted) throw this.reason; }
    static abort(reason) { return stop(new AbortSignal(), reason); }
    static timeout(ms) {
      const signal = new AbortSignal();
      setTimeout(() => stop(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref();
      return signal;
    }
    static any(signals) {
      const signal = new AbortSignal();
      for (const other of signals) {
        if (other.aborted) return stop(signal, other.reason);
        other.addEventListener('abort', () => stop(signal, other.reason), { once: true });
      }
      return signal;
    }
  });
  function stop(signal, reason = new DOMException('This operation was aborted', 'AbortError')) {
    if (signal.aborted) return signal;
    signal.aborted = true;
    signal.reason = reason;
    const event = new Event('abort');
    signal.onabort?.(event);
    signal.dispatchEvent(event);
    return signal;
  }
  define('AbortController', class AbortController {
    signal = new AbortSignal();
    abort(reason) { stop(this.signal, reason); }
  });

  /** A stream of the process: what is written to it are lines of the log. */
  const output = (fd, level) => ({
    fd,
    isTTY: false,
    writable: true,
    write(text, ...more) {
      const line = String(text).replace(/\n$/, '');
      if (line !== '') host.log(level, line, '');
      const done = more.find((value) => typeof value === 'function');
      if (done) queueMicrotask(() => done());
      return true;
    },
    end() {},
    on() { return this; },
    once() { return this; },
  });

  /** An environment, in which every value is a text: what is assigned becomes one. */
  const environment = (values) => new Proxy(values, {
    set(target, name, value) {
      target[`${name}`] = `${value}`;
      return true;
    },
    defineProperty: (target, name, descriptor) => Reflect.defineProperty(target, name, 'value' in descriptor ? { ...descriptor, value: `${descriptor.value}` } : descriptor),
  });

  /** Listeners to what happens to the process, by name. */
  const listeners = new Map();
  const listenersOf = (name) => listeners.get(name) ?? [];
  function listen(name, listener, { isFirst = false, isOnce = false } = {}) {
    if (typeof listener !== 'function') throw Object.assign(new TypeError('The "listener" argument must be of type function'), { code: 'ERR_INVALID_ARG_TYPE' });
    const entry = { listener, isOnce };
    listeners.set(name, isFirst ? [entry, ...listenersOf(name)] : [...listenersOf(name), entry]);
    return process;
  }
  function leave(name, listener) {
    const at = listenersOf(name).findLastIndex((entry) => entry.listener === listener);
    if (at >= 0) listeners.set(name, listenersOf(name).toSpliced(at, 1));
    return process;
  }
  /** The part of an EventEmitter. `unhandledRejection` and `uncaughtException` are emitted; the others only by who calls `emit`. */
  const events = {
    on: (name, listener) => listen(name, listener),
    addListener: (name, listener) => listen(name, listener),
    once: (name, listener) => listen(name, listener, { isOnce: true }),
    prependListener: (name, listener) => listen(name, listener, { isFirst: true }),
    prependOnceListener: (name, listener) => listen(name, listener, { isFirst: true, isOnce: true }),
    off: leave,
    removeListener: leave,
    removeAllListeners(name) {
      if (name === undefined) listeners.clear();
      else listeners.delete(name);
      return process;
    },
    emit(name, ...values) {
      const told = listenersOf(name);
      for (const { listener, isOnce } of told) {
        if (isOnce) leave(name, listener);
        listener.apply(process, values);
      }
      return told.length > 0;
    },
    listeners: (name) => listenersOf(name).map(({ listener }) => listener),
    rawListeners: (name) => listenersOf(name).map(({ listener }) => listener),
    listenerCount: (name) => listenersOf(name).length,
    eventNames: () => [...listeners.keys()].filter((name) => listenersOf(name).length > 0),
    setMaxListeners: () => process,
    getMaxListeners: () => 10,
  };

  // Node's process, as far as a resolver may look at it. Nothing of the environment of whoever builds is in it.
  define('process', {
    ...events,
    env: environment({ ...options.environment }),
    argv: [],
    execArgv: [],
    pid: 1,
    platform: 'linux',
    arch: 'wasm32',
    version: 'v20.0.0',
    versions: { node: '20.0.0' },
    release: { name: 'node' },
    exitCode: undefined,
    stdout: output(1, 'info'),
    stderr: output(2, 'error'),
    hrtime: Object.assign(() => [Math.floor(host.elapsedMs() / 1e3), Math.floor((host.elapsedMs() % 1e3) * 1e6)], {
      bigint: () => BigInt(Math.round(host.elapsedMs() * 1e6)),
    }),
    uptime: () => host.elapsedMs() / 1e3,
    cwd: () => '/',
    emitWarning: (warning) => console.warn(warning),
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    exit() { throw new Error('process.exit is not available: an instance ends when it has answered'); },
  });
  define('performance', { now: () => host.elapsedMs(), timeOrigin: 0, mark() {}, measure() {} });

  // What V8's frames say beside the engine's own, for packages that look at who called them.
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (error, frames) => frames;
  const [frame] = new Error().stack;
  Error.prepareStackTrace = prepareStackTrace;
  for (const [name, value] of Object.entries({
    isEval: () => false,
    isToplevel: () => true,
    isAsync: () => false,
    isPromiseAll: () => false,
    getPromiseIndex: () => null,
    getEvalOrigin: () => undefined,
    getThis: () => undefined,
    getTypeName: () => null,
    getMethodName: () => null,
    toString() {
      const place = `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
      const name = this.getFunctionName();
      return name ? `${name} (${place})` : place;
    },
  })) {
    Object.defineProperty(Object.getPrototypeOf(frame), name, { value, writable: true, configurable: true });
  }

  // As V8 names the one time zone there is.
  for (const name of ['toString', 'toTimeString']) {
    const plain = Date.prototype[name];
    const value = function () {
      const text = plain.call(this);
      return text.endsWith('+0000') ? `${text} (Coordinated Universal Time)` : text;
    };
    Object.defineProperty(value, 'name', { value: name });
    Object.defineProperty(Date.prototype, name, { value, writable: true, configurable: true });
  }

  // What needs the languages of the world. An answer that differs from Node's without a word would be worse than none.
  const refuse = (what) => function () {
    throw new Error(`${what} with a locale needs Intl, which this engine does not have; format by hand, or with a library that brings its own data`);
  };
  for (const [prototype, names] of [
    [Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
    [Number.prototype, ['toLocaleString']],
    [BigInt.prototype, ['toLocaleString']],
    [String.prototype, ['toLocaleLowerCase', 'toLocaleUpperCase']],
  ]) {
    for (const name of names) {
      const plain = name === 'toLocaleLowerCase' ? 'toLowerCase' : name === 'toLocaleUpperCase' ? 'toUpperCase' : undefined;
      const refused = refuse(name);
      Object.defineProperty(prototype, name, {
        value: plain ? function (locale) { return locale === undefined ? this[plain]() : refused(); } : refused,
        writable: true,
        configurable: true,
      });
    }
  }
})
