// How `util.inspect` shows what the web has and the language has not: what is in it, since it has no properties.
(function (host, options, parts) {
  'use strict';

  const { valueText: inspect } = parts;
  const CUSTOM = Symbol.for('nodejs.util.inspect.custom');
  const show = (type, value) => Object.defineProperty(type.prototype, CUSTOM, { value, writable: true, configurable: true });
  const nameOf = (value, type) => value.constructor?.name ?? type.name;
  const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash'];

  show(URL, function (depth, settings) {
    if (depth !== null && depth < 0) return this;
    return `${nameOf(this, URL)} ${inspect(Object.fromEntries(PARTS.map((part) => [part, this[part]])), settings)}`;
  });

  show(URLSearchParams, function (depth, settings) {
    if (depth !== null && depth < 0) return settings.stylize('[Object]', 'special');
    const pairs = Array.from(this, ([name, value]) => `${inspect(name, settings)} => ${inspect(value, settings)}`);
    const length = pairs.reduce((sum, pair) => sum + parts.width(pair) + 2, -2);
    const name = nameOf(this, URLSearchParams);
    if (pairs.length === 0) return `${name} {}`;
    return length > settings.breakLength ? `${name} {\n  ${pairs.join(',\n  ')} }` : `${name} { ${pairs.join(', ')} }`;
  });

  show(Headers, function (depth, settings) {
    return `${nameOf(this, Headers)} ${inspect(Object.fromEntries(this), settings)}`;
  });
})
