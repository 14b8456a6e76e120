// What `console.log` and `util.format` make of their arguments.
(function (host, options, parts) {
  'use strict';

  const { valueText: inspect, numberOf, bigintOf, types, proxyOf } = parts;
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, hasOwn } = Object;

  /** Types of the language: those of the web are made by the prelude. */
  const isOfTheEngine = (value) => typeof value === 'function' && Function.prototype.toString.call(value).includes('[native code]');
  const BUILT_IN = new Set(getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name) && isOfTheEngine(globalThis[name])));
  const isBuiltIn = (type) => typeof type === 'function' && BUILT_IN.has(type.name);

  /** Whether an object would become a text by what its built-in type has for it. */
  function hasBuiltInText(given) {
    const value = proxyOf(given) === undefined ? given : proxyOf(given).target;
    if (value === null || proxyOf(value) !== undefined) return true;
    const names = ['toString', Symbol.toPrimitive].filter((name) => typeof value[name] === 'function');
    if (names.length === 0) return true;
    for (let holder = value; holder !== null; holder = getPrototypeOf(holder)) {
      if (!names.some((name) => hasOwn(holder, name))) continue;
      return holder !== value && isBuiltIn(getOwnPropertyDescriptor(holder, 'constructor')?.value);
    }
    return true;
  }

  const number = (value, settings) => numberOf(value, settings?.numericSeparator);
  const bigint = (value, settings) => bigintOf(value, settings?.numericSeparator);

  function string(value, settings) {
    if (typeof value === 'number') return number(value, settings);
    if (typeof value === 'bigint') return bigint(value, settings);
    if (typeof value !== 'object' || value === null || !hasBuiltInText(value)) return String(value);
    return inspect(value, { ...settings, compact: 3, colors: false, depth: 0 });
  }

  function json(value) {
    try {
      return JSON.stringify(value);
    } catch (error) {
      if (error instanceof TypeError && /circular/i.test(error.message)) return '[Circular]';
      throw error;
    }
  }

  const numeric = (read) => (value, settings) => (typeof value === 'symbol' ? 'NaN' : number(read(value), settings));
  const orBigint = (shown) => (value, settings) => (typeof value === 'bigint' ? bigint(value, settings) : shown(value, settings));
  const PLACES = {
    s: string,
    j: json,
    d: orBigint(numeric(Number)),
    i: orBigint(numeric((value) => Number.parseInt(value, 10))),
    f: numeric(Number.parseFloat),
    o: (value, settings) => inspect(value, { ...settings, showHidden: true, showProxy: true, depth: 4 }),
    O: inspect,
    c: () => '',
  };

  parts.formatWithOptions = (settings, ...values) => {
    const [first] = values;
    let used = 0;
    let text = '';
    if (typeof first === 'string') {
      used = 1;
      text = values.length === 1 ? first : first.replace(/%([sjdifoOc%])/g, (place, kind) => {
        if (kind === '%') return '%';
        return used === values.length ? place : PLACES[kind](values[used++], settings);
      });
    }
    const rest = values.slice(used).map((value) => (typeof value === 'string' ? value : inspect(value, settings)));
    return (used === 0 ? rest : [text, ...rest]).join(' ');
  };
  parts.format = (...values) => parts.formatWithOptions(undefined, ...values);

  /** For the SDK's `util`. */
  parts.util = { inspect, format: parts.format, formatWithOptions: parts.formatWithOptions, types };
})
