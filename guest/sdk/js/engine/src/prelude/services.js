// Services over HTTP by address: which service and which granted route an address means, and what to write where it means none.
//
// An address means a service when its host is the name of one in mayfly.toml, or when it begins with the `base` of one that the module
// is granted. The rest of its path is matched with the routes that the module is granted.
(function (host, options, parts) {
  'use strict';

  /** Headers that the host makes itself. */
  const OF_THE_HOST = ['accept-encoding', 'connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'transfer-encoding', 'user-agent'];
  /** Headers that let somebody in: the operator's. */
  const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

  const decoded = (segment) => {
    try { return decodeURIComponent(segment); } catch { return segment; }
  };
  const segments = (path) => (path === '/' || path === '' ? [] : path.slice(1).split('/'));
  const parameter = (segment) => (segment.startsWith('{') ? segment.slice(1, -1) : undefined);

  /** `GET /students/{id}`. */
  function route(written) {
    const at = written.indexOf(' ');
    const path = written.slice(at + 1);
    return { method: written.slice(0, at), path, segments: segments(path) };
  }

  /** Text before parameters, from the left: what says more is tried first. */
  const order = ({ segments: one }, { segments: other }) => {
    const at = one.findIndex((segment, index) => (parameter(segment) === undefined) !== (parameter(other[index] ?? '') === undefined));
    return at < 0 ? 0 : parameter(one[at]) === undefined ? -1 : 1;
  };

  const services = (options.reach?.http === undefined ? [] : JSON.parse(options.reach.http)).map(([name, base, routes]) => {
    const url = base === null ? undefined : new URL(base);
    return { name, origin: url?.origin, prefix: url?.pathname.replace(/\/+$/, ''), written: routes, routes: routes.map(route).sort(order) };
  });

  /** The services that an address may mean, each with the path below its base. */
  function meant(url) {
    const named = services.filter(({ name }) => name.toLowerCase() === url.hostname && url.port === '');
    if (named.length > 0) return named.map((service) => ({ service, path: url.pathname }));
    const below = services.filter(({ origin, prefix }) => origin === url.origin && (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`)));
    return below
      .sort((one, other) => other.prefix.length - one.prefix.length)
      .map((service) => ({ service, path: url.pathname.slice(service.prefix.length) || '/' }));
  }

  function matched(service, method, path) {
    const given = segments(path).map(decoded);
    for (const candidate of service.routes) {
      if (candidate.method !== method || candidate.segments.length !== given.length) continue;
      const fits = candidate.segments.every((segment, at) => parameter(segment) !== undefined || segment === given[at]);
      if (!fits) continue;
      const values = candidate.segments.flatMap((segment, at) => (parameter(segment) === undefined ? [] : [parameter(segment), given[at]]));
      return { service: service.name, path: candidate.path, values };
    }
    return undefined;
  }

  /** A route to grant for a path: what looks like somebody's number becomes a parameter. */
  function proposed(method, path) {
    let count = 0;
    const shown = segments(path).map((segment) => {
      if (!/\d/.test(segment) || /^v\d+$/.test(segment)) return segment;
      count += 1;
      return count === 1 ? '{id}' : `{id${count}}`;
    });
    return `${method} /${shown.join('/')}`;
  }

  const key = (name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
  const list = (routes) => `[${routes.map((written) => JSON.stringify(written)).join(', ')}]`;
  const grants = (name, routes) => `[modules.${key(options.module)}.grants]\nhttp.${key(name)} = ${list(routes)}`;

  function notGranted({ name, written }, method, path) {
    const more = proposed(method, path);
    return `\`${method} ${path}\` of service \`${name}\` is not granted to module \`${options.module}\`; write in mayfly.toml, and build again:\n${grants(name, [...written, more])}`;
  }

  function unknown(url, method) {
    const label = url.hostname.split('.').find((part) => !['www', 'api'].includes(part)) ?? 'service';
    const name = label.replace(/[^\w-]/g, '-') || 'service';
    return `no service that module \`${options.module}\` is granted is at ${url.origin}; write in mayfly.toml, and build again:\n[http.${key(name)}]\nbase = ${JSON.stringify(url.origin)}\n\n${grants(name, [proposed(method, url.pathname)])}`;
  }

  /** Which granted route of which service an address means. */
  function find(method, url) {
    const candidates = meant(url);
    for (const { service, path } of candidates) {
      const found = matched(service, method, path);
      if (found !== undefined) return found;
    }
    const [first] = candidates;
    throw parts.hostError('denied', first === undefined ? unknown(url, method) : notGranted(first.service, method, first.path), false);
  }

  function headersFor(service, headers) {
    const kept = [];
    for (const [name, value] of headers) {
      const lower = name.toLowerCase();
      if (OF_THE_HOST.includes(lower)) continue;
      if (CREDENTIALS.includes(lower)) {
        throw parts.hostError('invalid', `a resolver cannot send the header \`${lower}\`: leave it out, and set \`bearer\`, \`basic\` or \`header\` in [http.${key(service)}], or \`forward = ["authorization"]\` for the caller's own token`, false);
      }
      kept.push(lower, value);
    }
    return kept;
  }

  /**
   * Sends a request to an address: a promise of the host's answer, `{ status, headers, text or base64 }`. The body is a text, bytes, or
   * undefined.
   */
  parts.sendTo = (method, url, headers, body) => {
    if (url.username !== '' || url.password !== '') {
      throw parts.hostError('invalid', 'an address with a user or password is not supported; set `basic` in the section of the service', false);
    }
    if (!['http:', 'https:'].includes(url.protocol)) throw new TypeError(`${url.protocol} is not supported; use https:`);
    const { service, path, values } = find(method, url);
    return host.httpSend(service, {
      method,
      path,
      values,
      query: host.formRead(url.search.slice(1)),
      headers: headersFor(service, headers),
      text: typeof body === 'string' ? body : undefined,
      bytes: body === undefined || typeof body === 'string' ? undefined : Array.from(body),
    });
  };

  /** The bytes of a host's answer. */
  parts.bytesOf = ({ text, base64 }) => (text === undefined
    ? Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    : new TextEncoder().encode(text));
})
