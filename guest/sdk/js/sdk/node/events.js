// Node's events.
export class EventEmitter {
  #listeners = new Map();
  #all(name) {
    return this.#listeners.get(name) ?? [];
  }
  on(name, listener) {
    if (typeof listener !== 'function') throw new TypeError('The "listener" argument must be of type function');
    this.#listeners.set(name, [...this.#all(name), listener]);
    return this;
  }
  prependListener(name, listener) {
    this.#listeners.set(name, [listener, ...this.#all(name)]);
    return this;
  }
  once(name, listener) {
    const wrapped = (...values) => {
      this.off(name, wrapped);
      listener.apply(this, values);
    };
    wrapped.listener = listener;
    return this.on(name, wrapped);
  }
  off(name, listener) {
    const at = this.#all(name).findLastIndex((other) => other === listener || other.listener === listener);
    if (at >= 0) this.#listeners.set(name, this.#all(name).toSpliced(at, 1));
    return this;
  }
  emit(name, ...values) {
    const listeners = this.#all(name);
    if (name === 'error' && listeners.length === 0) throw values[0] instanceof Error ? values[0] : new Error(`Unhandled error. (${values[0]})`);
    for (const listener of listeners) listener.apply(this, values);
    return listeners.length > 0;
  }
  removeAllListeners(name) {
    if (name === undefined) this.#listeners.clear();
    else this.#listeners.delete(name);
    return this;
  }
  listeners(name) {
    return this.#all(name).map((listener) => listener.listener ?? listener);
  }
  listenerCount(name) {
    return this.#all(name).length;
  }
  eventNames() {
    return [...this.#listeners].filter(([, all]) => all.length > 0).map(([name]) => name);
  }
  setMaxListeners() {
    return this;
  }
  getMaxListeners() {
    return 0;
  }
}
EventEmitter.prototype.addListener = EventEmitter.prototype.on;
EventEmitter.prototype.removeListener = EventEmitter.prototype.off;
EventEmitter.EventEmitter = EventEmitter;
EventEmitter.defaultMaxListeners = 10;

export const once = (emitter, name) => new Promise((resolve, reject) => {
  const failed = (error) => {
    emitter.off(name, done);
    reject(error);
  };
  const done = (...values) => {
    emitter.off('error', failed);
    resolve(values);
  };
  emitter.once(name, done);
  if (name !== 'error') emitter.once('error', failed);
});
EventEmitter.once = once;
export default EventEmitter;
