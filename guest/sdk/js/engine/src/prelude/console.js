// `console`: lines of the host's log. Nothing that is logged makes a module fail.
(function (host, options, parts) {
  'use strict';

  const { valueText: inspect, format } = parts;

  /** What cannot be shown, because code of the module for showing it throws, is said to be so. */
  function safely(show) {
    try {
      return show();
    } catch (error) {
      parts.endOutOfMemory?.(error);
      let reason = '';
      try {
        reason = `: ${error?.message ?? error}`;
      } catch {
        // It cannot be shown either.
      }
      return `[a value that cannot be shown${reason}]`;
    }
  }

  /** A value for the log, where a text alone has no quotes. */
  parts.inspect = (value) => (typeof value === 'string' ? value : safely(() => inspect(value)));

  /** The methods of a console whose lines are written by a function of their level and text. */
  function methods(writeLine) {
    const counts = new Map();
    const timers = new Map();
    let indentation = '';
    const write = (level, text) => writeLine(level, indentation === '' ? text : `${indentation}${text.replaceAll('\n', `\n${indentation}`)}`);
    const log = (level) => (...values) => write(level, safely(() => format(...values)));
    const nameOf = (label) => safely(() => `${label}`);
    const passed = (name) => `${name}: ${(host.elapsedMs() - timers.get(name)).toFixed(3)}ms`;

    const console = {
      log: log('info'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      debug: log('debug'),
      dir: (value, settings) => write('info', safely(() => inspect(value, { customInspect: false, ...settings }))),
      dirxml: log('info'),
      table: (value, columns) => write('info', safely(() => parts.table(value, columns))),
      trace: (...values) => write('debug', `${safely(() => format(...values))}\n${new Error().stack.replace(/^.*\n/, '')}`),
      assert(holds, ...values) {
        if (holds) return;
        const [first, ...rest] = values;
        write('error', safely(() => format(values.length === 0 ? 'Assertion failed' : `Assertion failed: ${first}`, ...rest)));
      },
      count(label = 'default') {
        const name = nameOf(label);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        write('info', `${name}: ${counts.get(name)}`);
      },
      countReset: (label = 'default') => void counts.delete(nameOf(label)),
      time: (label = 'default') => void timers.set(nameOf(label), host.elapsedMs()),
      timeEnd(label = 'default') {
        const name = nameOf(label);
        if (timers.has(name)) write('info', passed(name));
        timers.delete(name);
      },
      timeLog(label = 'default', ...values) {
        const name = nameOf(label);
        if (timers.has(name)) log('info')(...(values.length > 0 ? ['%s', passed(name), ...values] : [passed(name)]));
      },
      timeStamp() {},
      profile() {},
      profileEnd() {},
      group(...values) {
        if (values.length > 0) console.log(...values);
        indentation += '  ';
      },
      groupEnd: () => void (indentation = indentation.slice(2)),
    };
    console.groupCollapsed = console.group;
    return console;
  }

  /** A console whose lines go to streams; as Node's, also without `new`. */
  function Console(stdout, stderr) {
    if (new.target === undefined) return new Console(stdout, stderr);
    const streams = typeof stdout?.write === 'function' ? { stdout, stderr } : { ...stdout };
    if (typeof streams.stdout?.write !== 'function') throw Object.assign(new TypeError('Console expects a writable stream instance for stdout'), { code: 'ERR_CONSOLE_WRITABLE_STREAM' });
    const errors = streams.stderr ?? streams.stdout;
    const isError = (level) => level === 'warn' || level === 'error';
    Object.assign(this, methods((level, text) => void (isError(level) ? errors : streams.stdout).write(`${text}\n`)));
  }

  globalThis.console = methods((level, text) => host.log(level, text, ''));
  Object.defineProperty(globalThis.console, 'Console', { value: Console, writable: true, configurable: true, enumerable: true });
})
