// Timers, immediates and ticks: what runs when no promise is left to run. The engine waits for the timer that is due first, beside calls of
// the host.
//
// Rounds are as in Node: immediates, then timers that are due, then calls are asked for. Before each of them and after each of their callbacks
// all ticks run, and then the promises that they settled.
(function (host, options, parts) {
  'use strict';

  /** Timers that were set. */
  let timers = [];
  let last = 0;
  /** What `setImmediate` was given since the round began. */
  let immediates = [];
  /** What `process.nextTick` was given. */
  let ticks = [];
  /** The immediates of this round that are left, and by which time its timers are due; none before a round. */
  let round = null;
  /** When calls were asked for while immediates were left. */
  let askedMs = 0;

  /** The longest that Node waits, in milliseconds. What is longer or shorter is 1 ms there, too. */
  const MAX_WAIT_MS = 2 ** 31 - 1;

  function checkCallback(callback) {
    if (typeof callback === 'function') return;
    throw Object.assign(new TypeError('The "callback" argument must be of type function'), { code: 'ERR_INVALID_ARG_TYPE' });
  }

  const add = (callback, delay, values, every) => {
    checkCallback(callback);
    const wait = delay >= 1 && delay <= MAX_WAIT_MS ? Math.trunc(delay) : 1;
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

  class Immediate {
    #callback;
    #values;
    constructor(callback, values) {
      checkCallback(callback);
      this.#callback = callback;
      this.#values = values;
    }
    static run(immediate) { immediate.#callback?.(...immediate.#values); }
    static clear(immediate) { if (#callback in Object(immediate)) immediate.#callback = undefined; }
    ref() { return this; }
    unref() { return this; }
    hasRef() { return this.#callback !== undefined; }
  }

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  define('setTimeout', function setTimeout(callback, delay, ...values) { return add(callback, delay, values, false); });
  define('setInterval', function setInterval(callback, delay, ...values) { return add(callback, delay, values, true); });
  define('setImmediate', function setImmediate(callback, ...values) {
    const immediate = new Immediate(callback, values);
    immediates.push(immediate);
    return immediate;
  });
  define('clearTimeout', remove);
  define('clearInterval', remove);
  define('clearImmediate', Immediate.clear);
  // What a job of the engine throws, nobody hears of.
  const { queueMicrotask: enqueue } = globalThis;
  define('queueMicrotask', function queueMicrotask(callback) {
    checkCallback(callback);
    enqueue(() => attempt('a microtask', callback));
  });
  process.nextTick = function nextTick(callback, ...values) {
    checkCallback(callback);
    // The top level has no rounds: it runs promises alone.
    if (host.isInvoked()) ticks.push(() => callback(...values));
    else queueMicrotask(() => callback(...values));
  };

  function attempt(what, run) {
    try {
      run();
    } catch (error) {
      if (parts.tellOfException(error, 'uncaughtException')) return;
      // At once: what comes after may never end.
      host.log('error', `${what} failed: ${parts.inspect(error)}`, '');
      parts.thrownInTimer(error);
    }
  }

  /** Runs all ticks, with those that they add, and says whether there were any. */
  function runTicks() {
    if (ticks.length === 0) return false;
    while (ticks.length > 0) {
      const batch = ticks;
      ticks = [];
      for (const tick of batch) attempt('a callback of process.nextTick', tick);
    }
    return true;
  }

  /** The timer of this round that is due first. */
  function dueTimer() {
    round.now ??= host.elapsedMs();
    const earlier = (one, two) => (one !== undefined && (one.due < two.due || (one.due === two.due && one.id < two.id)) ? one : two);
    return timers.filter((timer) => timer.due <= round.now).reduce(earlier, undefined);
  }

  function runTimer(timer) {
    if (timer.every) timer.due = host.elapsedMs() + timer.wait;
    else remove(timer.id);
    attempt('a timer', () => timer.callback(...timer.values));
  }

  /** Runs what comes next in this round and says whether there was something. */
  function runNext() {
    if (runTicks() || parts.tellOfRejections()) return true;
    round ??= { immediates: immediates.splice(0), now: undefined };
    const immediate = round.immediates.shift();
    const timer = immediate === undefined ? dueTimer() : undefined;
    if (immediate !== undefined) attempt('an immediate', () => Immediate.run(immediate));
    else if (timer !== undefined) runTimer(timer);
    else return false;
    runTicks();
    return true;
  }

  /**
   * Runs what comes next and gives -1; otherwise for how many milliseconds calls may be waited for, infinite if no timer is waited for.
   * With calls under way all timers are waited for; without, only those that keep an invocation going, as in Node.
   */
  parts.runTimer = (hasCalls) => {
    if (runNext()) return -1;
    round = null;
    const now = host.elapsedMs();
    if (immediates.length > 0) {
      // Asking is a call of the host, of which there is a limit: one in a millisecond will do.
      if (!hasCalls || now - askedMs < 1) return -1;
      askedMs = now;
      return 0;
    }
    const waited = hasCalls ? timers : timers.filter((timer) => timer.isWaitedFor);
    return waited.reduce((least, timer) => Math.min(least, Math.max(0, timer.due - now)), Infinity);
  };
})
