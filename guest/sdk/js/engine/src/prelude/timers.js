// Timers. Nothing but a call of the host can be waited for, so a timer fires when it is due and others are being waited for.
(function (host, options, parts) {
  'use strict';

  /** Those that were set: id, when they are due, and in which order. */
  let timers = [];
  let last = 0;

  const add = (callback, delay, values, every) => {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function');
    const wait = Math.max(0, Number(delay) || 0);
    const timer = { id: ++last, due: host.elapsedMs() + wait, wait, callback, values, every };
    timers.push(timer);
    return Object.assign(Object.create(handle), { id: timer.id });
  };
  const handle = {
    ref() { return this; },
    unref() { return this; },
    hasRef: () => true,
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

  /** Runs the timer that is due first, if one is. */
  parts.runTimer = () => {
    if (timers.length === 0) return false;
    const now = host.elapsedMs();
    const due = timers.filter((timer) => timer.due <= now).sort((one, two) => one.due - two.due || one.id - two.id)[0];
    if (due === undefined) return false;
    if (due.every) due.due = now + Math.max(1, due.wait);
    else remove(due.id);
    try {
      due.callback(...due.values);
    } catch (error) {
      host.log('error', `a timer failed: ${parts.inspect(error)}`, '');
    }
    return true;
  };

  /** The delay of a timer that somebody may be waiting for. */
  parts.waitingFor = () => timers.find((timer) => !timer.every)?.wait;
})
