// URL and URLSearchParams for addresses of the web, and the common part of Node's url.
const encode = (text) => encodeURIComponent(text).replaceAll('%20', '+').replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
const decode = (text) => {
  const plain = text.replaceAll('+', ' ');
  try { return decodeURIComponent(plain); } catch { return plain; }
};

export class URLSearchParams {
  #pairs = [];
  #changed = () => {};
  constructor(init = '', changed) {
    if (typeof changed === 'function') this.#changed = changed;
    if (typeof init === 'string') {
      const text = init.startsWith('?') ? init.slice(1) : init;
      this.#pairs = text.split('&').filter(Boolean).map((part) => {
        const at = part.indexOf('=');
        return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
      });
    } else {
      const entries = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      this.#pairs = Array.from(entries, ([name, value]) => [String(name), String(value)]);
    }
  }
  get size() { return this.#pairs.length; }
  append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(); }
  delete(name) { this.#pairs = this.#pairs.filter(([other]) => other !== String(name)); this.#changed(); }
  get(name) { return this.#pairs.find(([other]) => other === String(name))?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter(([other]) => other === String(name)).map(([, value]) => value); }
  has(name) { return this.#pairs.some(([other]) => other === String(name)); }
  set(name, value) {
    const at = this.#pairs.findIndex(([other]) => other === String(name));
    if (at < 0) return this.append(name, value);
    this.#pairs = this.#pairs.filter(([other], index) => other !== String(name) || index === at);
    this.#pairs[at][1] = String(value);
    this.#changed();
  }
  sort() { this.#pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)); this.#changed(); }
  forEach(callback) { for (const [name, value] of this.#pairs) callback(value, name, this); }
  keys() { return this.#pairs.map(([name]) => name).values(); }
  values() { return this.#pairs.map(([, value]) => value).values(); }
  entries() { return this.#pairs.map((pair) => [...pair]).values(); }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'); }
}

const PORTS = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21' };
const PATTERN = /^([a-z][a-z\d+.-]*:)(?:\/\/(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?)?([^?#]*)(\?[^#]*)?(#.*)?$/i;
const escaped = (text, kept) => Array.from(text, (character) => (kept.test(character) ? character : encodeURIComponent(character))).join('');
const PATH = /[\w\-.~!$&'()*+,;=:@/%|[\]^]/;
const QUERY = /[\w\-.~!$&()*+,;=:@/?%|[\]^`{}\\]/;

export class URL {
  #parts;
  #params;
  constructor(address, base) {
    const parts = read(String(address).trim(), base);
    if (parts === undefined) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(address) });
    this.#parts = parts;
    this.#params = new URLSearchParams(parts.search, () => {
      const text = this.#params.toString();
      this.#parts.search = text === '' ? '' : `?${text}`;
    });
  }
  static canParse(address, base) {
    try { return Boolean(new URL(address, base)); } catch { return false; }
  }
  get protocol() { return this.#parts.protocol; }
  get username() { return this.#parts.username; }
  get password() { return this.#parts.password; }
  get hostname() { return this.#parts.hostname; }
  get port() { return this.#parts.port; }
  get host() { return this.port === '' ? this.hostname : `${this.hostname}:${this.port}`; }
  get origin() { return this.protocol in PORTS ? `${this.protocol}//${this.host}` : 'null'; }
  get pathname() { return this.#parts.pathname; }
  get search() { return this.#parts.search; }
  get hash() { return this.#parts.hash; }
  get searchParams() { return this.#params; }
  get href() {
    const { protocol, username, password, pathname, search, hash, authority } = this.#parts;
    const user = username === '' && password === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
    return `${protocol}${authority ? `//${user}${this.host}` : ''}${pathname}${search}${hash}`;
  }
  set pathname(path) { this.#parts.pathname = escaped(path.startsWith('/') ? path : `/${path}`, PATH); }
  set search(text) {
    const plain = String(text).replace(/^\?/, '');
    this.#parts.search = plain === '' ? '' : `?${escaped(plain, QUERY)}`;
    this.#params = new URLSearchParams(plain, () => { this.#parts.search = this.#params.size === 0 ? '' : `?${this.#params}`; });
  }
  set hash(text) { this.#parts.hash = text === '' ? '' : `#${String(text).replace(/^#/, '')}`; }
  toString() { return this.href; }
  toJSON() { return this.href; }
}

function read(address, base) {
  const match = PATTERN.exec(address);
  if (match === null) return base === undefined ? undefined : relativeTo(address, new URL(String(base)));
  const [, scheme, username = '', password = '', host, port = '', path, search = '', hash = ''] = match;
  const protocol = scheme.toLowerCase();
  const known = protocol in PORTS;
  if (known && (host === undefined || host === '')) return undefined;
  if (port !== '' && Number(port) > 65535) return undefined;
  const hostname = (host ?? '').toLowerCase();
  if (known && /[\s<>^|\\]/.test(hostname)) return undefined;
  return {
    protocol,
    username,
    password,
    hostname,
    authority: host !== undefined,
    port: PORTS[protocol] === port ? '' : port,
    pathname: known ? flat(escaped(path === '' ? '/' : path, PATH)) : path,
    search: search === '?' ? '' : search && `?${escaped(search.slice(1), QUERY)}`,
    hash: hash === '#' ? '' : hash,
  };
}

function relativeTo(address, base) {
  const [, path, search = '', hash = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(address);
  const user = base.username === '' ? '' : `${base.username}${base.password === '' ? '' : `:${base.password}`}@`;
  const before = `${base.protocol}//${user}${base.host}`;
  if (path.startsWith('//')) return read(`${base.protocol}${address}`);
  if (path.startsWith('/')) return read(`${before}${address}`);
  if (path === '') return read(`${before}${base.pathname}${search === '' ? base.search : search}${hash}`);
  return read(`${before}${base.pathname.replace(/[^/]*$/, '')}${address}`);
}

/** A path without `.` and `..`. */
function flat(path) {
  const parts = [];
  const all = path.split('/').slice(1);
  all.forEach((part, at) => {
    const last = at === all.length - 1;
    if (part === '..') { parts.pop(); if (last) parts.push(''); } else if (part === '.') { if (last) parts.push(''); } else parts.push(part);
  });
  return `/${parts.join('/')}`;
}

export const parse = (address, withQuery) => {
  const url = new URL(address, 'http://relative.invalid');
  const relative = url.hostname === 'relative.invalid';
  const query = url.search.slice(1);
  return {
    protocol: relative ? null : url.protocol,
    slashes: !relative,
    auth: url.username === '' ? null : `${url.username}:${url.password}`,
    host: relative ? null : url.host,
    port: url.port === '' ? null : url.port,
    hostname: relative ? null : url.hostname,
    hash: url.hash === '' ? null : url.hash,
    search: url.search === '' ? null : url.search,
    query: withQuery ? Object.fromEntries(url.searchParams) : query === '' ? null : query,
    pathname: url.pathname,
    path: `${url.pathname}${url.search}`,
    href: relative ? address : url.href,
  };
};
export const format = (url) => (url instanceof URL ? url.href : `${url.protocol ? `${url.protocol}//` : ''}${url.host ?? `${url.hostname ?? ''}${url.port ? `:${url.port}` : ''}`}${url.pathname ?? ''}${url.search ?? ''}${url.hash ?? ''}`);
export default { URL, URLSearchParams, parse, format };
