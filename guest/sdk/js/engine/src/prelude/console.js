// `console`, and what it makes of values.
(function (host, options, parts) {
  'use strict';

  const MAX_DEPTH = 4;
  const MAX_ENTRIES = 100;
  const CUSTOM = Symbol.for('nodejs.util.inspect.custom');

  /** A value as text, about as Node shows it. */
  function inspect(value, depth = 0, seen = []) {
    if (typeof value === 'string') return depth === 0 ? value : `'${value.replaceAll("'", "\\'")}'`;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'symbol') return value.toString();
    if (typeof value === 'function') return `[Function: ${value.name || '(anonymous)'}]`;
    if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : String(value);
    if (seen.includes(value)) return '[Circular *1]';
    if (typeof value[CUSTOM] === 'function') return inspectCustom(value, depth, seen);
    if (value instanceof Error) return describeError(value, depth, seen);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (value instanceof RegExp) return String(value);
    if (depth > MAX_DEPTH) return Array.isArray(value) ? '[Array]' : '[Object]';
    const inside = [...seen, value];
    const show = (inner) => inspect(inner, depth + 1, inside);
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return list(value, show);
    if (value instanceof Map) {
      const entries = Array.from(value, ([key, item]) => `${show(key)} => ${show(item)}`);
      return wrap(`Map(${value.size}) {`, entries, '}');
    }
    if (value instanceof Set) return wrap(`Set(${value.size}) {`, Array.from(value, show), '}');
    if (value instanceof Promise) return 'Promise { … }';
    const entries = Object.keys(value).map((key) => `${/^[\w$]+$/.test(key) ? key : `'${key}'`}: ${show(value[key])}`);
    const name = value.constructor?.name;
    return wrap(name && name !== 'Object' ? `${name} {` : '{', entries, '}');
  }

  /** As a value shows itself, perhaps by another value that is shown in its place. */
  function inspectCustom(value, depth, seen) {
    const shown = value[CUSTOM](MAX_DEPTH - depth, { depth: MAX_DEPTH - depth, stylize: String }, parts.inspect);
    return typeof shown === 'string' ? shown : inspect(shown, depth + 1, [...seen, value]);
  }

  function list(value, show) {
    const shown = Array.from(Array.prototype.slice.call(value, 0, MAX_ENTRIES), show);
    if (value.length > MAX_ENTRIES) shown.push(`… ${value.length - MAX_ENTRIES} more items`);
    return wrap(Array.isArray(value) ? '[' : `${value.constructor.name}(${value.length}) [`, shown, ']');
  }

  function wrap(open, entries, close) {
    return entries.length === 0 ? `${open}${close}` : `${open} ${entries.join(', ')} ${close}`;
  }

  function describeError(error, depth, seen) {
    const stack = String(error.stack ?? '').trimEnd();
    const head = `${error.name}: ${error.message}`;
    const more = Object.keys(error).filter((key) => !['name', 'message', 'stack'].includes(key));
    const shown = more.map((key) => `${key}: ${inspect(error[key], depth + 1, [...seen, error])}`);
    let text = stack.startsWith(head) ? stack : `${head}${stack && `\n${stack}`}`;
    if (shown.length > 0) text += ` ${wrap('{', shown, '}')}`;
    if (error.cause !== undefined) text += `\ncaused by ${inspect(error.cause, depth + 1, [...seen, error])}`;
    return text;
  }

  /** What `console.log` and `util.format` make of their arguments. */
  function format(...values) {
    if (typeof values[0] !== 'string' || !values[0].includes('%')) return values.map((value) => inspect(value)).join(' ');
    const rest = values.slice(1);
    const text = values[0].replace(/%[sdifjoOc%]/g, (place) => {
      if (place === '%%') return '%';
      if (rest.length === 0) return place;
      const value = rest.shift();
      switch (place) {
        case '%s': return typeof value === 'object' ? inspect(value, 1) : String(value);
        case '%d': return String(Number(value));
        case '%i': return String(Number.parseInt(value, 10));
        case '%f': return String(Number.parseFloat(value));
        case '%j': return JSON.stringify(value);
        case '%c': return '';
        default: return inspect(value, 1);
      }
    });
    return [text, ...rest.map((value) => inspect(value))].join(' ');
  }

  const counts = new Map();
  const timers = new Map();
  let indentation = '';
  const write = (level) => (...values) => host.log(level, indentation + format(...values), '');

  const console = {
    log: write('info'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    debug: write('debug'),
    dir: (value) => host.log('info', indentation + inspect(value, 1), ''),
    table: write('info'),
    trace: (...values) => host.log('debug', `${format(...values)}\n${new Error().stack.replace(/^.*\n/, '')}`, ''),
    assert: (holds, ...values) => holds || host.log('error', `Assertion failed: ${format(...values)}`, ''),
    count(label = 'default') {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      host.log('info', `${label}: ${counts.get(label)}`, '');
    },
    countReset: (label = 'default') => void counts.delete(label),
    time: (label = 'default') => void timers.set(label, host.elapsedMs()),
    timeEnd(label = 'default') {
      if (timers.has(label)) host.log('info', `${label}: ${(host.elapsedMs() - timers.get(label)).toFixed(3)}ms`, '');
      timers.delete(label);
    },
    group(...values) {
      if (values.length > 0) console.log(...values);
      indentation += '  ';
    },
    groupEnd: () => void (indentation = indentation.slice(2)),
  };
  console.groupCollapsed = console.group;
  console.timeLog = (label = 'default') => host.log('info', `${label}: ${(host.elapsedMs() - (timers.get(label) ?? 0)).toFixed(3)}ms`, '');

  globalThis.console = console;
  parts.inspect = inspect;
  parts.format = format;
})
