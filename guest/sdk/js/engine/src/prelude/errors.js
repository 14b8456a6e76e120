// Stacks of errors begin with what happened and name the sources, as Node's do; QuickJS's are the frames in the bundle alone.
(function (host, options, parts) {
  'use strict';

  /** What `mayfly build` calls globals of Node that are not there, so that it can say where they are used. */
  const MISSING = /\b__mayfly_missing_(\w+) is not defined/;
  const REMEDIES = { Intl: 'format by hand, or with a library that brings its own data' };

  /** A message about a global that is not there, with the name that the source has for it. */
  parts.named = (message) => message.replace(MISSING, (_, name) => `resolvers have no \`${name}\`: ${REMEDIES[name] ?? '`mayfly build` tells where it is used, and what to use instead'}`);

  const { get: framesOf } = Object.getOwnPropertyDescriptor(Error.prototype, 'stack');
  const { captureStackTrace: capture } = Error;

  const headOf = ({ name = 'Error', message = '' }) => (message === '' ? String(name) : `${name}: ${parts.named(String(message))}`);
  const whole = (error, frames) => (typeof frames === 'string' ? `${headOf(error)}\n${host.translate(frames).trimEnd()}` : frames);
  const keep = (target, value) => Object.defineProperty(target, 'stack', { value, writable: true, configurable: true });

  Object.defineProperty(Error.prototype, 'stack', {
    configurable: true,
    get() { return whole(this, framesOf.call(this)); },
    set(value) { keep(this, value); },
  });

  Object.defineProperty(Error, 'captureStackTrace', {
    writable: true,
    configurable: true,
    value: function captureStackTrace(target, after = captureStackTrace) {
      capture(target, after);
      keep(target, whole(target, Object.getOwnPropertyDescriptor(target, 'stack')?.value));
    },
  });
})
