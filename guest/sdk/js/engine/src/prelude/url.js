// URL and URLSearchParams. The engine reads and writes addresses as the URL Standard says; names of hosts are ASCII.
(function (host, options, parts) {
  'use strict';

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const text = (value) => `${value}`.toWellFormed();

  /** What is called when the parameters of an address change. */
  const owners = new WeakMap();
  let replace;

  function pairsOf(init) {
    if (init === null || typeof init !== 'object') {
      const query = text(init);
      const flat = host.formRead(query.startsWith('?') ? query.slice(1) : query);
      return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]);
    }
    if (typeof init[Symbol.iterator] !== 'function') return Object.keys(init).map((name) => [text(name), text(init[name])]);
    return Array.from(init, (pair) => {
      const [name, value, ...more] = pair;
      if (more.length > 0 || value === undefined) throw new TypeError('Each query pair must be an iterable [name, value] tuple');
      return [text(name), text(value)];
    });
  }

  class URLSearchParams {
    #pairs;
    constructor(init = '') { this.#pairs = pairsOf(init); }
    static {
      replace = (params, query) => { params.#pairs = pairsOf(query); };
    }
    #changed() { owners.get(this)?.(this.toString()); }
    get size() { return this.#pairs.length; }
    append(name, value) {
      this.#pairs.push([text(name), text(value)]);
      this.#changed();
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== text(name) || (value !== undefined && pair[1] !== text(value)));
      this.#changed();
    }
    get(name) { return this.#pairs.find((pair) => pair[0] === text(name))?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter((pair) => pair[0] === text(name)).map((pair) => pair[1]); }
    has(name, value) { return this.#pairs.some((pair) => pair[0] === text(name) && (value === undefined || pair[1] === text(value))); }
    set(name, value) {
      const first = this.#pairs.findIndex((pair) => pair[0] === text(name));
      if (first < 0) return this.append(name, value);
      this.#pairs = this.#pairs.filter((pair, at) => pair[0] !== text(name) || at === first);
      this.#pairs[first] = [text(name), text(value)];
      this.#changed();
    }
    sort() {
      this.#pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
      this.#changed();
    }
    forEach(callback, self) { for (const [name, value] of this.#pairs) callback.call(self, value, name, this); }
    keys() { return this.#pairs.map(([name]) => name).values(); }
    values() { return this.#pairs.map(([, value]) => value).values(); }
    entries() { return this.#pairs.map((pair) => [...pair]).values(); }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return host.formWrite(this.#pairs.flat()); }
    get [Symbol.toStringTag]() { return 'URLSearchParams'; }
  }

  /** In the order in which the engine gives them. */
  const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
  const SEARCH = PARTS.indexOf('search');

  class URL {
    #parts;
    #params;
    constructor(address, base) {
      const read = base === undefined ? host.urlRead(text(address)) : host.urlRead(text(address), text(base));
      if (!read) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: text(address) });
      this.#parts = read;
    }
    static {
      PARTS.forEach((part, at) => {
        const get = function () { return this.#parts[at]; };
        const set = function (value) { this.#change(part, text(value)); };
        Object.defineProperty(this.prototype, part, { get, set: part === 'origin' ? undefined : set, enumerable: true, configurable: true });
      });
    }
    static canParse(address, base) { return URL.parse(address, base) !== null; }
    static parse(address, base) {
      try { return new URL(address, base); } catch { return null; }
    }
    #change(part, value) {
      if (part === 'href') this.#parts = new URL(value).#parts;
      else this.#parts = host.urlChange(this.#parts[0], part, value);
      if (this.#params) replace(this.#params, this.#parts[SEARCH]);
    }
    get searchParams() {
      if (!this.#params) {
        this.#params = new URLSearchParams(this.#parts[SEARCH]);
        owners.set(this.#params, (query) => { this.#parts = host.urlChange(this.#parts[0], 'search', query); });
      }
      return this.#params;
    }
    toString() { return this.#parts[0]; }
    toJSON() { return this.#parts[0]; }
    get [Symbol.toStringTag]() { return 'URL'; }
  }

  define('URLSearchParams', URLSearchParams);
  define('URL', URL);
})
