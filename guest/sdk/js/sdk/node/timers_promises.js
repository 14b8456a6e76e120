// Node's timers/promises.
export const setTimeout = (ms, value) => new Promise((resolve) => { globalThis.setTimeout(resolve, ms, value); });
export const setImmediate = (value) => new Promise((resolve) => { globalThis.setImmediate(resolve, value); });
export async function* setInterval(ms, value) {
  for (;;) yield setTimeout(ms, value);
}
export const scheduler = { wait: (ms) => setTimeout(ms), yield: () => setImmediate() };
export default { setTimeout, setImmediate, setInterval, scheduler };
