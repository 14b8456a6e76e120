// Node's url: the global classes, and the common part of what was there before them.
import { stringify } from './querystring.js';

const { URL, URLSearchParams } = globalThis;
export { URL, URLSearchParams };

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
/** Schemes whose addresses have slashes also when nothing says so. */
const SLASHED = ['http:', 'https:', 'ftp:', 'gopher:', 'file:'];

/** An address of its parts, or of a URL, with the parts of it that the options leave. */
export function format(url, options = {}) {
  if (typeof url === 'string') return format(parse(url));
  if (url instanceof URL) return withoutParts(url, options).href;
  const protocol = url.protocol ? `${url.protocol}`.replace(/:?$/, ':') : '';
  const auth = url.auth ? `${encodeURIComponent(url.auth).replace(/%3A/i, ':')}@` : '';
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
export default { URL, URLSearchParams, parse, format, resolve };
