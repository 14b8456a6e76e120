// Stacks of errors begin with what happened and name the sources, as Node's do; QuickJS's are the frames in the bundle alone.
(function (host) {
  'use strict';

  const { get: framesOf } = Object.getOwnPropertyDescriptor(Error.prototype, 'stack');
  const { captureStackTrace: capture } = Error;

  const headOf = ({ name = 'Error', message = '' }) => (message === '' ? String(name) : `${name}: ${message}`);
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
