// Node's console: the global, as it is.
module.exports = globalThis.console;
