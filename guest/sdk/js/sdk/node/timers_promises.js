// Node's timers/promises.

const aborted = (signal) =>
  Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' });

/** A promise that a timer settles: `start` sets it, and gives what clears it. A signal clears it before. */
function after(start, value, { signal, ref = true } = {}) {
  if (signal?.aborted) return Promise.reject(aborted(signal));
  let stop;
  const promise = new Promise((resolve, reject) => {
    const [timer, clear] = start(() => resolve(value));
    if (!ref) timer.unref();
    stop = () => {
      clear(timer);
      reject(aborted(signal));
    };
  });
  if (!signal) return promise;
  signal.addEventListener('abort', stop);
  return promise.finally(() => signal.removeEventListener('abort', stop));
}

export const setTimeout = (ms, value, options) => after((done) => [globalThis.setTimeout(done, ms), clearTimeout], value, options);
export const setImmediate = (value, options) => after((done) => [globalThis.setImmediate(done), clearImmediate], value, options);
export async function* setInterval(ms, value, options) {
  for (;;) yield setTimeout(ms, value, options);
}
export const scheduler = { wait: (ms, options) => setTimeout(ms, undefined, options), yield: () => setImmediate() };
export default { setTimeout, setImmediate, setInterval, scheduler };
