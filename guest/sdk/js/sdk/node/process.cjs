// Node's process: the global, as it is.
module.exports = globalThis.process;
