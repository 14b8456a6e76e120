// Errors as `util.inspect` shows them: by their stacks, without what their cause repeats.
(function (host, options, parts) {
  'use strict';

  const FRAMES = '\n    at';
  /** Frames in a row that a cause repeats are left out from this many on. */
  const REPEATED = 4;

  const textOf = (value) => {
    try {
      return String(value);
    } catch {
      return '';
    }
  };
  const stackOf = (error) => (error.stack ? textOf(error.stack).trimEnd() : textOf(Error.prototype.toString.call(error)));

  /** Where a stack's frames begin, behind the message: a message may look like frames. */
  function startOfFrames(stack, { message }) {
    const at = typeof message === 'string' && message !== '' ? stack.indexOf(message) : -1;
    return stack.indexOf(FRAMES, at < 0 ? 0 : at + message.length);
  }

  /** A stack that begins with the class of the error, where that is not its name. */
  function withClass(stack, type, name, tag) {
    const isUsual = name.endsWith('Error') && stack.startsWith(name) && [undefined, ':', '\n'].includes(stack[name.length]);
    if (type !== null && !isUsual) return stack;
    let { length } = name;
    let fallback = 'Error';
    if (type === null) {
      const found = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n {4}at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
      length = found?.[1].length ?? 0;
      fallback = found?.[1] || 'Error';
    }
    const known = parts.errorPrefix(type, tag, fallback).slice(0, -1);
    if (known === name) return stack;
    if (!known.includes(name)) return `${known} [${name}]${stack.slice(length)}`;
    return length === 0 ? `${known}: ${stack}` : `${known}${stack.slice(length)}`;
  }

  function framesWithoutCause(settings, error, frames) {
    const cause = Object.getOwnPropertyDescriptor(error, 'cause')?.value;
    if (!parts.isError(cause)) return frames;
    const stack = stackOf(cause);
    const start = stack.indexOf(FRAMES);
    if (start < 0) return frames;
    const causes = stack.slice(start + 1).split('\n');
    for (let at = 0; at <= frames.length - REPEATED; at++) {
      const from = causes.indexOf(frames[at]);
      if (from < 0) continue;
      let count = 1;
      while (at + count < frames.length && from + count < causes.length && frames[at + count] === causes[from + count]) count++;
      if (count >= REPEATED) return frames.toSpliced(at + 1, count - 2, settings.stylize(`    ... ${count - 2} lines matching cause stack trace ...`, 'undefined'));
    }
    return frames;
  }

  /** What is shown of an error before its properties; takes out of `keys` what that says already, and adds what is hidden. */
  parts.errorText = (settings, object) => {
    const { value: error, type, tag } = object;
    const name = error.name === undefined || error.name === null ? 'Error' : textOf(error.name);
    const given = stackOf(error);
    const isSaid = (key) => ['name', 'message', 'stack'].includes(key) && given.includes(textOf(error[key]));
    if (!settings.showHidden) object.keys = object.keys.filter((key) => !isSaid(key));
    const { keys } = object;
    if ('cause' in error && !keys.includes('cause')) keys.push('cause');
    if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');

    const stack = withClass(given, type, name, tag);
    const start = startOfFrames(stack, error);
    let text = `[${stack}]`;
    if (start >= 0) text = [stack.slice(0, start), ...framesWithoutCause(settings, error, stack.slice(start + 1).split('\n'))].join('\n');
    return text.replaceAll('\n', `\n${' '.repeat(settings.indentation)}`);
  };
})
