// Values as text, as Node's `util.inspect` shows them. Getters and traps of proxies are not called; `nodejs.util.inspect.custom` is.
//
// Nothing tells whether a promise is settled, or what an iterator has left: both are shown without it.
(function (host, options, parts) {
  'use strict';

  const { types, isError, proxyOf, typeOfView, laidOut } = parts;
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, hasOwn } = Object;
  const { propertyIsEnumerable } = Object.prototype;
  const call = Function.prototype.call.bind(Function.prototype.call);

  const CUSTOM = Symbol.for('nodejs.util.inspect.custom');
  const DEFAULTS = {
    showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000, breakLength: 80, compact: 3,
    sorted: false, getters: false, numericSeparator: false,
  };
  /** Texts that are no longer than this stay in one line. */
  const SHORT_TEXT = 16;
  /** What is longer than this, in characters, has what is left of it shown without depth. */
  const MOST_TEXT = 2 ** 27;

  /** The codes that begin and end a color: those of letters, and ten and more further those of what is behind them. */
  const COLORS = {
    reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27], hidden: [8, 28], strikethrough: [9, 29],
    doubleunderline: [21, 24], framed: [51, 54], overlined: [53, 55], gray: [90, 39], bgGray: [100, 49],
  };
  ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'].forEach((name, at) => {
    const capital = `${name[0].toUpperCase()}${name.slice(1)}`;
    COLORS[name] = [30 + at, 39];
    COLORS[`bg${capital}`] = [40 + at, 49];
    COLORS[`${name}Bright`] = [90 + at, 39];
    COLORS[`bg${capital}Bright`] = [100 + at, 49];
  });
  for (const [alias, name] of [['grey', 'gray'], ['bgGrey', 'bgGray'], ['faint', 'dim'], ['crossedout', 'strikethrough'], ['conceal', 'hidden'], ['swapcolors', 'inverse']]) {
    Object.defineProperty(COLORS, alias, { value: COLORS[name], writable: true, configurable: true });
  }
  const STYLES = {
    special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold', string: 'green', symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
  };
  const plain = (text) => text;
  function colored(text, kind) {
    const color = inspect.colors[inspect.styles[kind]];
    return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
  }

  function inspect(value, given, ...legacy) {
    const settings = { ...inspect.defaultOptions, stylize: plain };
    if (typeof given === 'boolean') {
      settings.showHidden = given;
    } else if (given) {
      settings.given = given;
      for (const name of Object.keys(given)) if (name in DEFAULTS || name === 'stylize') settings[name] = given[name];
    }
    if (legacy[0] !== undefined) settings.depth = legacy[0];
    if (legacy[1] !== undefined) settings.colors = legacy[1];
    return shownWith(settings, value);
  }
  inspect.custom = CUSTOM;
  inspect.defaultOptions = { ...DEFAULTS };
  inspect.colors = COLORS;
  inspect.styles = STYLES;

  function shownWith(settings, value) {
    if (settings.colors) settings.stylize = colored;
    if (settings.maxArrayLength === null) settings.maxArrayLength = Infinity;
    if (settings.maxStringLength === null) settings.maxStringLength = Infinity;
    if (settings.depth === null) settings.depth = Infinity;
    // What is being shown, objects that are in themselves, how far lines are indented, how deep the last object was, and texts by indentation.
    Object.assign(settings, { seen: [], circular: new Map(), indentation: 0, innermost: 0, lengths: [] });
    return shown(settings, value, 0);
  }

  /** A value inside of another. */
  function shown(settings, value, depth, isInView = false) {
    if (value === null) return settings.stylize('null', 'null');
    if (typeof value !== 'object' && typeof value !== 'function') return primitive(settings, value);
    const proxy = proxyOf(value);
    if (proxy === undefined) return shownObject(settings, value, value, depth, isInView);
    if (proxy.target === null) return settings.stylize('<Revoked Proxy>', 'special');
    if (settings.showProxy) return shownProxy(settings, proxy, depth);
    let { target } = proxy;
    for (let inner = proxyOf(target); inner !== undefined; inner = proxyOf(target)) {
      if (inner.target === null) return settings.stylize('<Revoked Proxy>', 'special');
      target = inner.target;
    }
    return shownObject(settings, target, value, depth, isInView);
  }

  function shownProxy(settings, { target, handler }, depth) {
    if (depth > settings.depth) return settings.stylize('Proxy [Array]', 'special');
    const entries = indented(settings, 2, () => [target, handler].map((value) => shown(settings, value, depth + 1)));
    return laidOut(settings, entries, { open: 'Proxy [', close: ']', isList: true, depth: depth + 1 });
  }

  function indented(settings, by, run) {
    settings.indentation += by;
    const result = run();
    settings.indentation -= by;
    return result;
  }

  /** An object; `given` is the proxy, if there is one, for which it stands. */
  function shownObject(settings, value, given, depth, isInView) {
    if (settings.customInspect) {
      const custom = value[CUSTOM];
      if (typeof custom === 'function' && custom !== inspect && !(value.constructor && value.constructor.prototype === value)) {
        const left = settings.depth === Infinity ? null : settings.depth - depth;
        const made = call(custom, given, left, forCustom(settings, left), inspect);
        if (made !== given) return typeof made === 'string' ? made.replaceAll('\n', `\n${' '.repeat(settings.indentation)}`) : shown(settings, made, depth);
      }
    }
    if (settings.seen.includes(value)) {
      if (!settings.circular.has(value)) settings.circular.set(value, settings.circular.size + 1);
      return settings.stylize(`[Circular *${settings.circular.get(value)}]`, 'special');
    }
    return describe(settings, value, depth, isInView);
  }

  function forCustom(settings, depth) {
    const chosen = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, settings[name]]));
    return { stylize: settings.stylize, ...chosen, depth: settings.depth === Infinity ? null : settings.depth, ...settings.given };
  }

  // Primitives.
  const ESCAPED = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const ESCAPED_IN_OTHER_QUOTES = /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const SHORT_ESCAPES = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\', "'": "\\'" };
  const escape = (character) => {
    const code = character.charCodeAt(0);
    return SHORT_ESCAPES[character] ?? (code < 256 ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}` : `\\u${code.toString(16)}`);
  };
  function quoted(text) {
    let quote = "'";
    if (text.includes("'")) {
      if (!text.includes('"')) quote = '"';
      else if (!text.includes('`') && !text.includes('${')) quote = '`';
    }
    return `${quote}${text.replace(quote === "'" ? ESCAPED : ESCAPED_IN_OTHER_QUOTES, escape)}${quote}`;
  }

  const plural = (count, what) => `${count} ${what}${count > 1 ? 's' : ''}`;
  const rest = (count, what = 'item') => `... ${count} more ${what}${count > 1 ? 's' : ''}`;

  function textOf(settings, value) {
    const kept = value.slice(0, Math.max(0, settings.maxStringLength));
    const more = value.length > kept.length ? rest(value.length - kept.length, 'character') : '';
    const isLong = settings.compact !== true && kept.length > SHORT_TEXT && kept.length > settings.breakLength - settings.indentation - 4;
    const lines = isLong ? kept.split(/(?<=\n)/) : [kept];
    return lines.map((line) => settings.stylize(quoted(line), 'string')).join(` +\n${' '.repeat(settings.indentation + 2)}`) + more;
  }

  const separated = (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, '_');
  function numberOf(number, hasSeparators) {
    if (Object.is(number, -0) && !hasSeparators) return '-0';
    const text = String(number);
    if (!hasSeparators || !Number.isFinite(number) || text.includes('e')) return text;
    const [whole, fraction] = text.split('.');
    return fraction === undefined ? separated(whole) : `${separated(whole)}.${fraction.replace(/\d{3}(?=\d)/g, '$&_')}`;
  }
  const bigintOf = (value, hasSeparators) => `${hasSeparators ? separated(String(value)) : value}n`;

  function primitive(settings, value) {
    const { stylize, numericSeparator } = settings;
    switch (typeof value) {
      case 'string': return textOf(settings, value);
      case 'number': return stylize(numberOf(value, numericSeparator), 'number');
      case 'bigint': return stylize(bigintOf(value, numericSeparator), 'bigint');
      case 'symbol': return stylize(Symbol.prototype.toString.call(value), 'symbol');
      default: return stylize(String(value), typeof value);
    }
  }

  // Objects.

  /** The name of the class whose instance a value is, or null where it has no prototype. */
  function classOf(value, settings, depth) {
    let prototype = value;
    while (prototype !== null && proxyOf(prototype) === undefined) {
      const type = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
      const name = typeof type === 'function' && proxyOf(type) === undefined ? getOwnPropertyDescriptor(type, 'name')?.value : undefined;
      if (typeof name === 'string' && name !== '' && isInstance(value, type)) return name;
      prototype = getPrototypeOf(prototype);
    }
    const first = getPrototypeOf(value);
    if (first === null) return null;
    const own = typeof value === 'function' ? 'Function' : Array.isArray(value) ? 'Array' : 'Object';
    if (depth > settings.depth) return `${own} <Complex prototype>`;
    const outer = proxyOf(first) === undefined ? classOf(first, settings, depth + 1) : 'Object';
    return `${own} <${outer ?? inspect(first, { ...settings.given, customInspect: false, depth: -1 })}>`;
  }
  function isInstance(value, type) {
    try {
      return value instanceof type;
    } catch {
      return false;
    }
  }

  /** What stands before the braces of a value, with a space behind it. */
  function prefix(type, tag, fallback, size = '') {
    if (type === null) return `[${fallback}${size}: null prototype] ${tag !== '' && tag !== fallback ? `[${tag}] ` : ''}`;
    return `${type}${size} ${tag !== '' && tag !== type ? `[${tag}] ` : ''}`;
  }

  const KINDS = ['Map', 'Set', 'Date', 'RegExp', 'Promise', 'WeakMap', 'WeakSet'];
  const fallbackOf = (value, tag) => {
    const found = typeof value === 'function' ? 'Function' : Array.isArray(value) ? 'Array' : KINDS.find((name) => types[`is${name}`](value)) ?? 'Object';
    return found === tag ? 'Object' : found;
  };
  const objectPrefix = ({ value, type, tag }) => prefix(type, tag, type === null ? fallbackOf(value, tag) : '');

  function tagOf(settings, value) {
    const tag = value[Symbol.toStringTag];
    if (typeof tag !== 'string' || tag === '') return '';
    return (settings.showHidden ? hasOwn(value, Symbol.toStringTag) : call(propertyIsEnumerable, value, Symbol.toStringTag)) ? '' : tag;
  }

  function keysOf(settings, value) {
    const symbols = getOwnPropertySymbols(value);
    if (settings.showHidden) return [...getOwnPropertyNames(value), ...symbols];
    return [...Object.keys(value), ...symbols.filter((symbol) => call(propertyIsEnumerable, value, symbol))];
  }
  const INDEX = /^(?:0|[1-9]\d*)$/;
  const isIndex = (key) => typeof key === 'string' && INDEX.test(key) && +key < 2 ** 32 - 1;

  /** How values of a kind are shown: what their braces and `base` are, and what entries they have beside their properties. */
  function shapeOf(settings, object, depth, isInView) {
    const { value, type, tag, keys } = object;
    const isBare = type === null;
    if (typeof value === 'function') return { base: functionBase(object), style: 'special', isWhole: true };
    if (Symbol.iterator in value || isBare) {
      const shape = collectionShape(settings, object);
      if (shape !== undefined) return shape;
    }
    if (type === 'Object') {
      const open = types.isArgumentsObject(value) ? '[Arguments] {' : tag !== '' ? `${prefix(type, tag, 'Object')}{` : '{';
      return { open, emptyText: `${open}}` };
    }
    if (types.isRegExp(value)) return { base: `${named(object, 'RegExp')}${RegExp.prototype.toString.call(isBare ? new RegExp(value) : value)}`, style: 'regexp', isWhole: true, isFlat: true };
    if (types.isDate(value)) {
      const time = Date.prototype.getTime.call(value);
      return { base: `${named(object, 'Date')}${Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value)}`, style: 'date', isWhole: true };
    }
    if (isError(value)) return { base: parts.errorText(settings, object), isWhole: true };
    if (types.isAnyArrayBuffer(value)) return bufferShape(settings, object, isInView);
    if (types.isDataView(value)) return { open: `${prefix(type, tag, 'DataView')}{`, added: ['byteLength', 'byteOffset', 'buffer'] };
    if (types.isPromise(value)) return { open: `${prefix(type, tag, 'Promise')}{`, entries: () => [settings.stylize('<pending>', 'special')] };
    for (const name of ['WeakSet', 'WeakMap']) {
      if (types[`is${name}`](value)) return { open: `${prefix(type, tag, name)}{`, entries: () => [settings.stylize('<items unknown>', 'special')] };
    }
    if (types.isModuleNamespaceObject(value)) return { open: `${prefix(type, tag, 'Module')}{` };
    if (types.isBoxedPrimitive(value)) return boxedShape(settings, object);
    if (type === 'URL' && typeof value.href === 'string' && value instanceof URL && depth <= settings.depth) return { base: value.href, isWhole: true };
    const open = `${objectPrefix(object)}{`;
    return { open, emptyText: keys.length === 0 ? `${open}}` : undefined };
  }

  const named = ({ type, tag }, usual) => {
    const text = prefix(type, tag, usual);
    return text === `${usual} ` ? '' : text;
  };

  function collectionShape(settings, object) {
    const { value, type, tag, keys } = object;
    if (Array.isArray(value)) {
      object.keys = keys.filter((key) => !isIndex(key));
      const open = `${type !== 'Array' || tag !== '' ? prefix(type, tag, 'Array', `(${value.length})`) : ''}[`;
      return { open, close: ']', isList: true, emptyText: value.length === 0 ? `${open}]` : undefined, entries: (depth) => arrayEntries(settings, value, depth) };
    }
    if (types.isSet(value)) {
      const size = parts.sizeOfSet(value);
      const text = prefix(type, tag, 'Set', `(${size})`);
      return { open: `${text}{`, emptyText: size === 0 ? `${text}{}` : undefined, entries: (depth) => itemEntries(settings, Set.prototype.values.call(value), size, (item) => shown(settings, item, depth)) };
    }
    if (types.isMap(value)) {
      const size = parts.sizeOfMap(value);
      const text = prefix(type, tag, 'Map', `(${size})`);
      const entry = (depth) => ([key, item]) => `${shown(settings, key, depth)} => ${shown(settings, item, depth)}`;
      return { open: `${text}{`, emptyText: size === 0 ? `${text}{}` : undefined, entries: (depth) => itemEntries(settings, Map.prototype.entries.call(value), size, entry(depth)) };
    }
    if (types.isTypedArray(value)) {
      object.keys = keys.filter((key) => !isIndex(key));
      const open = `${prefix(type, tag, typeOfView(value), `(${value.length})`)}[`;
      const emptyText = value.length === 0 && !settings.showHidden ? `${open}]` : undefined;
      return { open, close: ']', isList: true, emptyText, entries: (depth) => viewEntries(settings, value, depth) };
    }
    return undefined;
  }

  function bufferShape(settings, { value, type, tag }, isInView) {
    const text = prefix(type, tag, types.isArrayBuffer(value) ? 'ArrayBuffer' : 'SharedArrayBuffer');
    if (isInView) return { open: `${text}{`, added: ['byteLength'] };
    const entries = () => {
      const bytes = new Uint8Array(value);
      const shownBytes = Array.from(bytes.subarray(0, Math.max(0, Math.min(settings.maxArrayLength, bytes.length))), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
      const left = bytes.length - settings.maxArrayLength;
      return [`${settings.stylize('[Uint8Contents]', 'special')}: <${shownBytes}${left > 0 ? ` ${rest(left, 'byte')}` : ''}>`];
    };
    return { open: `${text}{`, added: ['byteLength'], entries };
  }

  function boxedShape(settings, object) {
    const { value, type, tag } = object;
    const name = ['Number', 'String', 'Boolean', 'BigInt', 'Symbol'].find((kind) => types[`is${kind}Object`](value));
    const inner = globalThis[name].prototype.valueOf.call(value);
    if (name === 'String') object.keys = object.keys.filter((key) => !isIndex(key));
    const of = type === name ? '' : type === null ? ' (null prototype)' : ` (${type})`;
    const base = `[${name}${of}: ${primitive({ ...settings, stylize: plain }, inner)}]${tag !== '' && tag !== type ? ` [${tag}]` : ''}`;
    return { base, style: object.keys.length === 0 ? name.toLowerCase() : undefined, isWhole: true };
  }

  function functionBase({ value, type, tag }) {
    const more = tag !== '' && tag !== type ? ` [${tag}]` : '';
    const name = getOwnPropertyDescriptor(value, 'name')?.value;
    const source = Function.prototype.toString.call(value);
    if (/^class(?![\w$(])/.test(source) && source.endsWith('}')) {
      const parent = type === null ? '[null prototype]' : getOwnPropertyDescriptor(getPrototypeOf(value), 'name')?.value;
      const of = type !== 'Function' && type !== null ? ` [${type}]` : '';
      return `[class ${name || '(anonymous)'}${of}${more}${parent ? ` extends ${parent}` : ''}]`;
    }
    let kind = types.isGeneratorFunction(value) ? 'GeneratorFunction' : 'Function';
    if (types.isAsyncFunction(value)) kind = `Async${kind}`;
    const bare = type === null ? ' (null prototype)' : '';
    const called = (name ?? value.name) ? `: ${String(name ?? value.name)}` : ' (anonymous)';
    return `[${kind}${bare}${called}]${type !== kind && type !== null ? ` ${type}` : ''}${more}`;
  }

  function describe(settings, value, depth, isInView) {
    const type = classOf(value, settings, depth);
    const object = { value, type, tag: tagOf(settings, value), keys: keysOf(settings, value) };
    const shape = shapeOf(settings, object, depth, isInView);
    const { base = '', open = '{', close = '}', style, added = [], entries, isList = false } = shape;
    const { keys } = object;
    const isTooDeep = depth > settings.depth;
    if (keys.length === 0 && shape.isWhole || shape.isFlat && isTooDeep) return style === undefined ? base : settings.stylize(base, style);
    if (keys.length === 0 && shape.emptyText !== undefined) return shape.emptyText;
    if (keys.length === 0 && isInView && added.length > 0) return `${open} byteLength: ${primitive(settings, value.byteLength)} }`;
    if (isTooDeep) {
      const text = objectPrefix(object).slice(0, -1);
      return settings.stylize(type === null ? text : `[${text}]`, 'special');
    }
    const { indentation } = settings;
    settings.seen.push(value);
    settings.innermost = depth + 1;
    let output;
    try {
      output = entries?.(depth + 1) ?? [];
      for (const key of [...added, ...keys]) output.push(property(settings, value, depth + 1, key));
    } catch (error) {
      if (!(error instanceof RangeError && /call stack/.test(error.message))) throw error;
      settings.indentation = indentation;
      settings.seen.pop();
      return settings.stylize(`[${objectPrefix(object).slice(0, -1)}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`, 'special');
    }
    settings.seen.pop();
    const whole = { base, open, close, isList, depth: depth + 1, value };
    const reference = settings.circular.get(value);
    if (reference !== undefined) refer(settings, whole, settings.stylize(`<ref *${reference}>`, 'special'));
    if (settings.sorted) sort(settings, output, isList ? output.length - keys.length : 0);
    const text = laidOut(settings, output, whole);
    settings.lengths[indentation] = (settings.lengths[indentation] ?? 0) + text.length;
    if (settings.lengths[indentation] > MOST_TEXT) settings.depth = -1;
    return text;
  }

  function refer(settings, whole, reference) {
    if (settings.compact === true) whole.open = `${reference} ${whole.open}`;
    else whole.base = whole.base === '' ? reference : `${reference} ${whole.base}`;
  }

  function sort({ sorted }, entries, from) {
    const sortedEntries = entries.slice(from).sort(sorted === true ? undefined : sorted);
    entries.splice(from, entries.length, ...sortedEntries);
  }

  // Entries.
  function arrayEntries(settings, value, depth) {
    const most = Math.min(Math.max(0, settings.maxArrayLength), value.length);
    const entries = [];
    let index = 0;
    while (index < value.length && entries.length < most) {
      if (hasOwn(value, index)) {
        entries.push(property(settings, value, depth, index, true));
        index++;
        continue;
      }
      const from = index;
      // A sparse array may be much longer than what is in it.
      index = value.length - from > 1000 ? nextIndex(value, from) : index + 1;
      while (index < value.length && !hasOwn(value, index)) index++;
      entries.push(settings.stylize(`<${plural(index - from, 'empty item')}>`, 'undefined'));
    }
    if (index < value.length) entries.push(rest(value.length - index));
    return entries;
  }
  const nextIndex = (value, from) => +(Object.keys(value).find((key) => isIndex(key) && +key > from) ?? value.length);

  function itemEntries(settings, items, size, entry) {
    const most = Math.min(Math.max(0, settings.maxArrayLength), size);
    return indented(settings, 2, () => {
      const entries = [];
      while (entries.length < most) entries.push(entry(items.next().value));
      if (size > most) entries.push(rest(size - most));
      return entries;
    });
  }

  const VIEW_PROPERTIES = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];
  function viewEntries(settings, value, depth) {
    const most = Math.min(Math.max(0, settings.maxArrayLength), value.length);
    const entries = [];
    for (let at = 0; at < most; at++) entries.push(primitive(settings, value[at]));
    if (value.length > most) entries.push(rest(value.length - most));
    if (settings.showHidden) {
      indented(settings, 2, () => {
        for (const name of VIEW_PROPERTIES) entries.push(`[${name}]: ${shown(settings, value[name], depth, true)}`);
      });
    }
    return entries;
  }

  const NAME = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
  function keyText(settings, key, isEnumerable) {
    if (typeof key === 'symbol') return `[${settings.stylize(Symbol.prototype.toString.call(key).replace(ESCAPED, escape), 'symbol')}]`;
    if (key === '__proto__') return "['__proto__']";
    if (!isEnumerable) return `[${key.replace(ESCAPED, escape)}]`;
    return NAME.test(key) ? settings.stylize(key, 'name') : settings.stylize(quoted(key), 'string');
  }

  function property(settings, value, depth, key, isItem = false) {
    const descriptor = getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
    const text = propertyValue(settings, value, depth, descriptor, isItem);
    if (isItem) return text;
    const isBelow = settings.compact === true && settings.breakLength < parts.width(text);
    return `${keyText(settings, key, descriptor.enumerable)}:${isBelow ? `\n${' '.repeat(settings.indentation + 3)}` : ' '}${text}`;
  }

  function propertyValue(settings, object, depth, { value, get, set }, isItem) {
    const special = (text) => settings.stylize(text, 'special');
    if (get === undefined) {
      if (set !== undefined) return special('[Setter]');
      return indented(settings, settings.compact === true && !isItem ? 3 : 2, () => shown(settings, value, depth));
    }
    const label = set === undefined ? 'Getter' : 'Getter/Setter';
    const { getters } = settings;
    if (!getters || (getters === 'get' && set !== undefined) || (getters === 'set' && set === undefined)) return special(`[${label}]`);
    try {
      const got = call(get, object);
      return indented(settings, 2, () => {
        if (got !== null && typeof got === 'object') return `${special(`[${label}]`)} ${shown(settings, got, depth)}`;
        return `${special(`[${label}:`)} ${got === null ? settings.stylize('null', 'null') : typeof got === 'function' ? shown(settings, got, depth) : primitive(settings, got)}${special(']')}`;
      });
    } catch (error) {
      return `${special(`[${label}:`)} <Inspection threw (${error?.message})>${special(']')}`;
    }
  }

  const sizeGetter = (type) => {
    const { get } = getOwnPropertyDescriptor(type.prototype, 'size');
    return (value) => call(get, value);
  };
  parts.sizeOfMap = sizeGetter(Map);
  parts.sizeOfSet = sizeGetter(Set);
  parts.errorPrefix = prefix;
  parts.valueText = inspect;
  parts.numberOf = numberOf;
  parts.bigintOf = bigintOf;
})
