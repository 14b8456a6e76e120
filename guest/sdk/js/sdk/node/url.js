// Node's url: the global classes, and what was there before them, which reads and writes addresses in its own way.
import { argumentError } from './arguments.js';
import { parse as parseQuery, stringify } from './querystring.js';

const { URL, URLSearchParams } = globalThis;
export { URL, URLSearchParams };

/** Schemes whose addresses have slashes also when nothing says so. */
const SLASHED = ['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:'];
/** The one whose addresses are code: nothing of it is escaped. */
const CODE = 'javascript:';

/** An address in parts, each null where it is not there. */
export class Url {
  protocol = null;
  slashes = null;
  auth = null;
  host = null;
  port = null;
  hostname = null;
  hash = null;
  search = null;
  query = null;
  pathname = null;
  path = null;
  href = null;
  format() { return format(this); }
  resolve(relative) { return resolve(format(this), relative); }
}

const invalid = (input) => Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input });

/** Where the host ends in what follows the slashes, and what is before it: `user:password@`. */
function authority(text) {
  const end = text.search(/[/?#]/);
  const before = end < 0 ? text : text.slice(0, end);
  const at = before.lastIndexOf('@');
  const stop = before.slice(at + 1).search(/[\t\n\r "%';<>\\^`{|}]/);
  const length = stop < 0 ? before.length : at + 1 + stop;
  return { auth: at < 0 ? null : decodeURIComponent(text.slice(0, at)), host: text.slice(at + 1, length), rest: text.slice(length) };
}

/** The name of a host as it is sent. */
function named(host, input) {
  if (/^\[.*\]$/.test(host)) return host.toLowerCase();
  if (/[\0\t\n\r #%/:<>?@[\\\]^|]/.test(host)) throw invalid(input);
  if (/^[\x21-\x7e]*$/.test(host)) return host.toLowerCase();
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    throw invalid(input);
  }
}

const escaped = (text) => text.replace(/[\t\n\r "'<>\\^`{|}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** Backslashes before the query and the fragment are slashes. */
const slashed = (text) => text.replace(/^[^?#]*/, (before) => before.replaceAll('\\', '/'));

function readHost(url, text, input) {
  const { auth, host, rest } = authority(text);
  const [, port] = /:(\d*)$/.exec(host) ?? [];
  const name = port === undefined ? host : host.slice(0, -port.length - 1);
  const isNumeric = /^\[.*\]$/.test(name);
  // What cannot be in a name begins the path.
  const end = isNumeric ? -1 : name.search(':');
  const hostname = named(end < 0 ? name : name.slice(0, end), input);
  url.auth = auth;
  url.port = port || null;
  url.host = hostname + (port ? `:${port}` : '');
  url.hostname = isNumeric ? hostname.slice(1, -1) : hostname;
  if (end >= 0) return `/${name.slice(end)}${rest}`;
  return isNumeric && !rest.startsWith('/') ? `/${rest}` : rest;
}

function readPath(url, text, withQuery) {
  const [, pathname, search, hash] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(text);
  url.hash = hash ?? null;
  url.search = search ?? (withQuery ? '' : null);
  url.query = withQuery ? parseQuery(search?.slice(1)) : search?.slice(1) ?? null;
  url.pathname = pathname || (SLASHED.includes(url.protocol) && url.hostname ? '/' : null);
  if (search === undefined && withQuery) url.search = null;
  if (url.pathname !== null || url.search !== null) url.path = (url.pathname ?? '') + (url.search ?? '');
}

export function parse(address, withQuery = false, slashesDenoteHost = false) {
  if (address instanceof Url) return address;
  if (typeof address !== 'string') throw argumentError('The "url" argument must be of type string', address);
  const url = new Url();
  let rest = slashed(address.replace(/^[\s\ufeff]+|[\s\ufeff]+$/g, ''));
  const [protocol] = /^[a-z\d.+-]+:/i.exec(rest) ?? [];
  url.protocol = protocol?.toLowerCase() ?? null;
  rest = rest.slice(protocol?.length ?? 0);
  const isCode = url.protocol === CODE;
  if ((slashesDenoteHost || protocol || /^\/\/[^@/]+@[^@/]+/.test(rest)) && rest.startsWith('//') && !isCode) {
    url.slashes = true;
    rest = rest.slice(2);
  }
  if (!isCode && (url.slashes || (protocol && !SLASHED.includes(url.protocol)))) rest = readHost(url, rest, address);
  const isPlain = isCode || (!slashesDenoteHost && /^\/\/?(?!\/)[^?#@\s]*(\?[^#@\s]*)?$/.test(rest) && !protocol);
  readPath(url, isPlain ? rest : escaped(rest), withQuery);
  url.href = format(url);
  return url;
}

/** An address of its parts, or of a URL, with the parts of it that the options leave. */
export function format(url, options = {}) {
  if (typeof url === 'string') return format(parse(url));
  if (url instanceof URL) return withoutParts(url, options).href;
  const protocol = url.protocol ? `${url.protocol}`.replace(/:?$/, ':') : '';
  const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/g, ':')}@` : '';
  const hostname = `${url.hostname ?? ''}`.includes(':') ? `[${url.hostname}]` : url.hostname;
  const host = url.host || (hostname && `${hostname}${url.port ? `:${url.port}` : ''}`);
  const isSlashed = url.slashes || SLASHED.includes(protocol);
  const slashes = (isSlashed && (host || protocol === 'file:')) || (url.slashes && host !== undefined) ? '//' : '';
  const path = `${url.pathname ?? ''}`.replace(/[?#]/g, encodeURIComponent);
  const query = url.query !== null && typeof url.query === 'object' ? stringify(url.query) : '';
  const search = `${url.search || (query && `?${query}`)}`.replace(/^(?=[^?])/, '?').replaceAll('#', '%23');
  const hash = url.hash ? `${url.hash}`.replace(/^(?=[^#])/, '#') : '';
  return `${protocol}${slashes}${host ? `${auth}${host}` : ''}${slashes && path && !path.startsWith('/') ? '/' : ''}${path}${search}${hash}`;
}

function withoutParts(url, { auth = true, fragment = true, search = true }) {
  const kept = new URL(url);
  if (!auth) Object.assign(kept, { username: '', password: '' });
  if (!fragment) kept.hash = '';
  if (!search) kept.search = '';
  return kept;
}

export const resolve = (from, to) => {
  const url = new URL(to, new URL(from, 'resolve://'));
  return url.protocol === 'resolve:' ? `${url.pathname}${url.search}${url.hash}` : url.href;
};

const failed = (code, message) => Object.assign(new TypeError(message), { code });

/** The path of an address of a file. */
export function fileURLToPath(address) {
  if (typeof address !== 'string' && !(address instanceof URL)) throw argumentError('The "path" argument must be of type string or an instance of URL', address);
  const url = new URL(address);
  if (url.protocol !== 'file:') throw failed('ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (url.hostname !== '') throw failed('ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(url.pathname)) throw failed('ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  return decodeURIComponent(url.pathname);
}

/** The address of a file. A resolver is in `/`. */
export function pathToFileURL(path) {
  const url = new URL('file:///');
  const whole = `/${path}`.replace(/^\/+/, '/').replaceAll('%', '%25').replaceAll('\\', '%5C').replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('\t', '%09');
  url.pathname = whole.replaceAll('?', '%3F').replaceAll('#', '%23');
  return url;
}

/** An address as the options of a request. */
export function urlToHttpOptions(url) {
  const { hostname, pathname, search, port, username, password } = url;
  return {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname}${search}`,
    href: url.href,
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username || password ? { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` } : {}),
  };
}

export const domainToASCII = (domain) => {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return '';
  }
};

export default { URL, URLSearchParams, Url, parse, format, resolve, fileURLToPath, pathToFileURL, urlToHttpOptions, domainToASCII };
