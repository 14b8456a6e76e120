// Timers. The engine waits for the one that is due first, beside calls of the host.
(function (host, options, parts) {
  'use strict';

  /** Those that were set: id, when they are due, and in which order. */
  let timers = [];
  let last = 0;

  const add = (callback, delay, values, every) => {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function');
    const wait = Math.max(0, Number(delay) || 0);
    const timer = { id: ++last, due: host.elapsedMs() + wait, wait, callback, values, every, isWaitedFor: true };
    timers.push(timer);
    return Object.assign(Object.create(handle), { id: timer.id });
  };
  const refer = (id, isWaitedFor) => {
    for (const timer of timers) if (timer.id === id) timer.isWaitedFor = isWaitedFor;
  };
  const handle = {
    ref() { refer(this.id, true); return this; },
    unref() { refer(this.id, false); return this; },
    hasRef() { return timers.some((timer) => timer.id === this.id && timer.isWaitedFor); },
    refresh() {
      for (const timer of timers) if (timer.id === this.id) timer.due = host.elapsedMs() + timer.wait;
      return this;
    },
    [Symbol.toPrimitive]() { return this.id; },
  };
  const remove = (timer) => {
    const id = typeof timer === 'object' && timer !== null ? timer.id : Number(timer);
    timers = timers.filter((other) => other.id !== id);
  };
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  define('setTimeout', function setTimeout(callback, delay, ...values) { return add(callback, delay, values, false); });
  define('setInterval', function setInterval(callback, delay, ...values) { return add(callback, delay, values, true); });
  define('setImmediate', function setImmediate(callback, ...values) { return add(callback, 0, values, false); });
  define('clearTimeout', remove);
  define('clearInterval', remove);
  define('clearImmediate', remove);

  /**
   * Runs the timer that is due first, if one is, and gives -1; otherwise the milliseconds until one is, infinite if none is waited for.
   * With calls under way all are waited for; without, only those that keep an invocation going, as in Node.
   */
  parts.runTimer = (hasCalls) => {
    if (timers.length === 0) return Infinity;
    const now = host.elapsedMs();
    const due = timers.reduce((one, two) => (two.due < one.due || (two.due === one.due && two.id < one.id) ? two : one));
    if (due.due > now) {
      const waited = hasCalls ? timers : timers.filter((timer) => timer.isWaitedFor);
      return waited.reduce((least, timer) => Math.min(least, timer.due - now), Infinity);
    }
    if (due.every) due.due = now + Math.max(1, due.wait);
    else remove(due.id);
    try {
      due.callback(...due.values);
    } catch (error) {
      // At once: what comes after may never end.
      host.log('error', `a timer failed: ${parts.inspect(error)}`, '');
      parts.thrownInTimer(error);
    }
    return -1;
  };
})
