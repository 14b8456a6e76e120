// `fetch` for the services that a module is granted, with what belongs to it.
(function (host, options, parts) {
  'use strict';

  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  const MAX_REDIRECTS = 20;
  const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

  class Headers {
    #values = new Map();
    constructor(init) {
      if (init === undefined || init === null) return;
      const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
      for (const [name, value] of pairs) this.append(name, value);
    }
    static #name(name) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(`${name}`)) throw new TypeError(`Headers: "${name}" is an invalid header name.`);
      return `${name}`.toLowerCase();
    }
    /** Has headers accept everything where they do not say what. */
    static accept(headers) { if (!headers.#values.has('accept')) headers.#values.set('accept', '*/*'); }
    append(name, value) {
      const known = this.get(name);
      this.set(name, known === null ? value : `${known}, ${value}`);
    }
    set(name, value) { this.#values.set(Headers.#name(name), `${value}`.trim()); }
    get(name) { return this.#values.get(Headers.#name(name)) ?? null; }
    has(name) { return this.#values.has(Headers.#name(name)); }
    delete(name) { this.#values.delete(Headers.#name(name)); }
    getSetCookie() { return []; }
    forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
    keys() { return Array.from(this, ([name]) => name).values(); }
    values() { return Array.from(this, ([, value]) => value).values(); }
    entries() { return [...this.#values].sort(([one], [other]) => (one < other ? -1 : 1)).values(); }
    [Symbol.iterator]() { return this.entries(); }
  }

  /** What is sent for a body, and its type: texts stay texts, everything else becomes bytes. */
  function written(body) {
    if (body === undefined || body === null) return [undefined, undefined];
    if (typeof body === 'string') return [body, 'text/plain;charset=UTF-8'];
    if (body instanceof URLSearchParams) return [body.toString(), 'application/x-www-form-urlencoded;charset=UTF-8'];
    if (body instanceof ArrayBuffer) return [new Uint8Array(body), undefined];
    if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength), undefined];
    if (typeof body[Symbol.asyncIterator] === 'function' || typeof body.pipe === 'function' || typeof body.getReader === 'function') {
      throw new TypeError('a resolver cannot send a stream; read it first, and send its text or bytes');
    }
    return [String(body), 'text/plain;charset=UTF-8'];
  }

  /** What requests and answers have in common. */
  class Body {
    #content;
    #used = false;
    constructor(content) { this.#content = content; }
    get bodyUsed() { return this.#used; }
    get body() {
      if (this.#content === undefined) return null;
      const take = () => this.bytes();
      return {
        async *[Symbol.asyncIterator]() { yield await take(); },
        getReader() {
          let isRead = false;
          return {
            async read() {
              const done = isRead;
              isRead = true;
              return done ? { done, value: undefined } : { done, value: await take() };
            },
            releaseLock() {},
          };
        },
      };
    }
    /** For `clone`, and for sending. */
    static content(body) { return body.#content; }
    #take() {
      if (this.#used) throw new TypeError('Body is unusable: Body has already been read');
      this.#used = true;
      return this.#content ?? '';
    }
    async text() {
      const content = this.#take();
      return typeof content === 'string' ? content.replace(/^\uFEFF/, '') : new TextDecoder().decode(content);
    }
    async json() { return JSON.parse(await this.text()); }
    async bytes() {
      const content = this.#take();
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    }
    async arrayBuffer() { return (await this.bytes()).slice().buffer; }
    async blob() { throw new TypeError('there is no Blob in resolvers; use arrayBuffer()'); }
    async formData() { throw new TypeError('there is no FormData in resolvers; use text()'); }
  }

  class Request extends Body {
    constructor(input, init = {}) {
      const other = input instanceof Request ? input : undefined;
      const [content, type] = init.body === undefined && other ? [Body.content(other)] : written(init.body);
      super(content);
      const method = `${init.method ?? other?.method ?? 'GET'}`;
      this.method = METHODS.includes(method.toUpperCase()) ? method.toUpperCase() : method;
      if (content !== undefined && ['GET', 'HEAD'].includes(this.method)) throw new TypeError('Request with GET/HEAD method cannot have body.');
      this.url = other ? other.url : new URL(input).href;
      this.headers = new Headers(init.headers ?? other?.headers);
      if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
      this.signal = init.signal ?? other?.signal ?? null;
      this.redirect = init.redirect ?? other?.redirect ?? 'follow';
    }
    clone() { return new Request(this); }
  }

  const STATUS = {
    200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified',
    307: 'Temporary Redirect', 308: 'Permanent Redirect', 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found',
    405: 'Method Not Allowed', 409: 'Conflict', 410: 'Gone', 412: 'Precondition Failed', 415: 'Unsupported Media Type',
    422: 'Unprocessable Entity', 429: 'Too Many Requests', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway',
    503: 'Service Unavailable', 504: 'Gateway Timeout',
  };

  class Response extends Body {
    constructor(body, { status = 200, statusText = '', headers } = {}, isWritten = false) {
      const [content, type] = isWritten ? [body] : written(body);
      super(content);
      Object.assign(this, { status, statusText, headers: new Headers(headers), url: '', redirected: false, type: 'default' });
      if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
    }
    get ok() { return this.status >= 200 && this.status < 300; }
    clone() {
      const { status, statusText, headers, url, redirected, type } = this;
      return Object.assign(new Response(Body.content(this), { status, statusText, headers }, true), { url, redirected, type });
    }
    static json(value, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
      return new Response(JSON.stringify(value), { ...init, headers });
    }
    static error() { return Object.assign(new Response(null), { status: 0, type: 'error' }); }
  }

  /** Rejects when the signal says so. */
  function aborted(signal) {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  async function answerOf(sent, signal) {
    if (!signal) return sent;
    // Nobody waits for the answer of what was given up.
    sent.catch(() => {});
    return Promise.race([sent, aborted(signal)]);
  }

  /** The next request of a redirect; none when the answer is not one. */
  function redirected({ status, headers }, url, method) {
    if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) return undefined;
    const becomesGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
    return { url: new URL(headers.location, url), method: becomesGet ? 'GET' : method, keepsBody: !becomesGet };
  }

  async function fetch(input, init) {
    const request = new Request(input, init);
    request.signal?.throwIfAborted();
    let url = new URL(request.url);
    let { method } = request;
    let body = Body.content(request);
    // Those of the request that was made of what was given, which nobody else sees.
    const { headers } = request;
    Headers.accept(headers);
    for (let redirects = 0; ; redirects++) {
      const answer = await answerOf(parts.sendTo(method, url, headers, body), request.signal);
      const next = request.redirect === 'manual' ? undefined : redirected(answer, url, method);
      if (next === undefined) return respond(answer, url, redirects > 0);
      if (request.redirect === 'error') throw new TypeError('fetch failed: unexpected redirect');
      if (redirects === MAX_REDIRECTS) throw new TypeError('fetch failed: redirect count exceeded');
      ({ url, method } = next);
      if (!next.keepsBody) {
        body = undefined;
        headers.delete('content-type');
      }
    }
  }

  function respond(answer, url, wasRedirected) {
    const { status, headers } = answer;
    const content = answer.text ?? parts.bytesOf(answer);
    const response = new Response(content.length === 0 ? undefined : content, { status, statusText: STATUS[status] ?? '', headers }, true);
    return Object.assign(response, { url: url.href, redirected: wasRedirected, type: 'basic' });
  }

  for (const [name, value] of Object.entries({ Headers, Request, Response, fetch })) define(name, value);
  parts.statusText = (status) => STATUS[status] ?? '';
})
