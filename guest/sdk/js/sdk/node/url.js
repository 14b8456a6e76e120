// Node's url: the global classes, and the common part of what was there before them.
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
export const format = (url) => (url instanceof URL ? url.href : `${url.protocol ? `${url.protocol}//` : ''}${url.host ?? `${url.hostname ?? ''}${url.port ? `:${url.port}` : ''}`}${url.pathname ?? ''}${url.search ?? ''}${url.hash ?? ''}`);
export const resolve = (from, to) => {
  const url = new URL(to, new URL(from, 'resolve://'));
  return url.protocol === 'resolve:' ? `${url.pathname}${url.search}${url.hash}` : url.href;
};
export default { URL, URLSearchParams, parse, format, resolve };
