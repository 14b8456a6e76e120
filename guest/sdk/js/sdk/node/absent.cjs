// Stands for what a package asks for and resolvers do not have. What is used of it fails, with a reason.
'use strict';

/** What looks at a module, and does not use it, finds that it is CommonJS, and no promise. */
const isAsked = (key) => typeof key === 'symbol' || key === '__esModule' || key === 'then';

/** A part that can be named, inherited from and handed on: only a call of it fails. Its parts are parts as well. */
function part(name, reason) {
  const fail = () => { throw Object.assign(new Error(`${reason} (\`${name}\` was used)`), { code: 'ERR_METHOD_NOT_IMPLEMENTED' }); };
  const standIn = function () { fail(); };
  const parts = new Map();
  Object.setPrototypeOf(standIn, new Proxy(Object.create(null), {
    get(_, key) {
      if (isAsked(key)) return undefined;
      if (key === 'call' || key === 'apply' || key === 'bind') return Function.prototype[key];
      if (!parts.has(key)) parts.set(key, part(`${name}.${key}`, reason));
      return parts.get(key);
    },
  }));
  return standIn;
}

/** Old classes inherit from `stream` itself, which emits events and no more. */
function stream(name, reason) {
  const EventEmitter = require('./events.cjs');
  function Stream(options) { EventEmitter.call(this, options); }
  Object.setPrototypeOf(Stream.prototype, EventEmitter.prototype);
  Object.setPrototypeOf(Stream, part(name, reason));
  return Object.assign(Stream, { Stream });
}

/** Loggers write to the two files that are open. */
function fs(name, reason) {
  const files = part(name, reason);
  const { writeSync: refused } = files;
  const write = (fd, data) => {
    const output = { 1: process.stdout, 2: process.stderr }[fd] ?? refused();
    const text = typeof data === 'string' ? data : Buffer.from(data).toString();
    output.write(text);
    return Buffer.byteLength(text);
  };
  return Object.assign(files, {
    writeSync: write,
    write(fd, data, ...more) {
      const bytes = write(fd, data);
      queueMicrotask(() => more.at(-1)(null, bytes, data));
    },
  });
}

/** A package that is not installed is not found. */
function absentPackage(name, reason) {
  throw Object.assign(new Error(`Cannot find module '${name}': ${reason}`), { code: 'MODULE_NOT_FOUND' });
}

module.exports = { part, stream, fs, package: absentPackage };
