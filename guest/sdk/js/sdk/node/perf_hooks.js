// Node's perf_hooks: the global clock.
export const { performance } = globalThis;
export default { performance };
