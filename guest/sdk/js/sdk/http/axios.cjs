// `axios`, for the services that a module is granted.
const { Buffer } = require('../node/buffer.js');

const { sendTo, bytesOf, statusText } = globalThis.__mayfly;

class AxiosError extends Error {
  constructor(message, code, config, request, response) {
    super(message);
    Object.assign(this, { code, config, request, response, status: response?.status, isAxiosError: true });
  }
  get name() { return 'AxiosError'; }
  toJSON() {
    const { message, name, code, status } = this;
    return { message, name, code, status: status ?? null };
  }
}
const CODES = [
  'ERR_BAD_OPTION_VALUE', 'ERR_BAD_OPTION', 'ECONNABORTED', 'ETIMEDOUT', 'ECONNREFUSED', 'ERR_NETWORK', 'ERR_FR_TOO_MANY_REDIRECTS', 'ERR_DEPRECATED',
  'ERR_BAD_RESPONSE', 'ERR_BAD_REQUEST', 'ERR_CANCELED', 'ERR_NOT_SUPPORT', 'ERR_INVALID_URL', 'ERR_FORM_DATA_DEPTH_EXCEEDED',
];
for (const code of CODES) AxiosError[code] = code;

class CanceledError extends AxiosError {
  constructor(message, config) {
    super(message ?? 'canceled', 'ERR_CANCELED', config);
    this.__CANCEL__ = true;
  }
  get name() { return 'CanceledError'; }
}

/** Headers whose names may be written in any case. */
class AxiosHeaders {
  constructor(values = {}) { this.set(values); }
  static from(values) { return values instanceof AxiosHeaders ? values : new AxiosHeaders(values); }
  #known(name) { return Object.keys(this).find((key) => key.toLowerCase() === String(name).toLowerCase()); }
  set(name, value, rewrite) {
    if (typeof name === 'object') {
      for (const [key, inner] of Object.entries(name ?? {})) this.set(key, inner, value);
      return this;
    }
    const known = this.#known(name);
    if (value !== undefined && value !== null && (known === undefined || rewrite !== false)) this[known ?? name] = value;
    return this;
  }
  get(name) { return this[this.#known(name)]; }
  has(name) { return this.#known(name) !== undefined; }
  delete(name) { return this.has(name) && delete this[this.#known(name)]; }
  toJSON() { return { ...this }; }
  getSetCookie() { return this.get('set-cookie') ?? []; }
}

const isPlain = (value) => value !== null && typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value));
const METHODS = ['common', 'delete', 'get', 'head', 'options', 'patch', 'post', 'put'];

function merge(...configs) {
  const merged = {};
  for (const config of configs) {
    for (const [key, value] of Object.entries(config ?? {})) {
      if (value === undefined) continue;
      const known = merged[key];
      merged[key] = isPlain(value) && (isPlain(known) || known === undefined) ? merge(known ?? {}, value)
        : value instanceof AxiosHeaders ? merge(isPlain(known) ? known : {}, { ...value }) : value;
    }
  }
  return merged;
}

for (const header of ['Accept', 'Authorization', 'Content-Encoding', 'Content-Length', 'Content-Type', 'User-Agent']) {
  const name = header.replace('-', '');
  const accessors = {
    [`get${name}`]() { return this.get(header); },
    [`set${name}`](value, rewrite) { return this.set(header, value, rewrite); },
    [`has${name}`]() { return this.has(header); },
  };
  for (const [key, value] of Object.entries(accessors)) Object.defineProperty(AxiosHeaders.prototype, key, { value, writable: true, configurable: true });
}

function isJson(value) {
  if (typeof value !== 'string') return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether it is a form of the package `form-data`. */
const isFormData = (data) => typeof data?.getHeaders === 'function' && typeof data.getBuffer === 'function';

const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);
const quoted = (name) => name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');

/** An object as a form of parts, with the header that says what is between them. */
function multipart(data, headers) {
  const boundary = `${'-'.repeat(26)}${Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString('hex')}`;
  headers.setContentType(`multipart/form-data; boundary=${boundary}`);
  const pieces = pairsOf(data, { leafOf: (value) => (isBytes(value) ? Buffer.from(value) : textOf(value)) }).flatMap(([name, value]) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n${typeof value === 'string' ? '' : 'Content-Type: application/octet-stream\r\n'}\r\n`,
    value,
    '\r\n',
  ]);
  const whole = [...pieces, `--${boundary}--\r\n`];
  return whole.every((piece) => typeof piece === 'string') ? whole.join('') : Buffer.concat(whole.map((piece) => Buffer.from(piece)));
}

/** What axios makes of a value before it is sent: JSON of objects, and of anything where the headers say so. */
function written(data, headers) {
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return data;
  if (data instanceof URLSearchParams) {
    headers.setContentType('application/x-www-form-urlencoded;charset=utf-8', false);
    return data.toString();
  }
  const type = String(headers.getContentType() ?? '');
  const isObject = data !== null && typeof data === 'object';
  if (isFormData(data)) {
    headers.set(data.getHeaders());
    return data.getBuffer();
  }
  if (isObject && type.includes('multipart/form-data')) return multipart(data, headers);
  if (isObject && type.includes('application/x-www-form-urlencoded')) return new URLSearchParams(pairsOf(data)).toString();
  if (!isObject && !type.includes('application/json')) return data;
  headers.setContentType('application/json', false);
  return isJson(data) ? data.trim() : JSON.stringify(data);
}

/** What is sent for data that was transformed: a text or bytes. */
function bodyOf(data, config) {
  if (data === undefined || data === null) return undefined;
  if (typeof data === 'string') return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new AxiosError('Data after transformation must be a string, an ArrayBuffer, a Buffer, or a Stream', 'ERR_BAD_REQUEST', config);
}

const isNested = (value) => Array.isArray(value) || isPlain(value);
const textOf = (value) => (value instanceof Date ? value.toISOString() : String(value));
const withoutBrackets = (key) => key.replace(/\[\]$/, '');

/** `a[b][0]`, or with dots `a.b.0`. */
function nameOf(path, dots) {
  if (path.length === 1) return path[0];
  const [first, ...more] = path.map(withoutBrackets);
  return dots ? [first, ...more].join('.') : `${first}${more.map((key) => `[${key}]`).join('')}`;
}

/** `a[]` for each value of a list; where `indexes` is null `a`, and where it is true `a[0]`. */
function listPairs(key, values, indexes, leafOf) {
  const name = withoutBrackets(key);
  return values.flatMap((value, at) => (value === undefined || value === null ? []
    : [[indexes === true ? `${name}[${at}]` : indexes === null ? name : `${name}[]`, leafOf(value)]]));
}

/** Names and values as axios writes them: nothing of null, dates as ISO, what is nested by its path. */
function pairsOf(object, { indexes = false, dots = false, leafOf = textOf } = {}, path = []) {
  if (object instanceof URLSearchParams) return [...object];
  return Object.entries(object ?? {}).flatMap(([key, value]) => {
    if (value === undefined || value === null) return [];
    const isTop = path.length === 0;
    if (isTop && Array.isArray(value) && (key.endsWith('[]') || !value.some(isNested))) return listPairs(key, value, indexes, leafOf);
    if (isTop && isNested(value) && key.endsWith('{}')) return [[key, JSON.stringify(value)]];
    if (isNested(value)) return pairsOf(value, { indexes, dots, leafOf }, [...path, key]);
    return [[nameOf([...path, key], dots), leafOf(value)]];
  });
}

/** Parameters as the query of an address. */
function queryOf(params, serializer) {
  const { serialize, encode, ...options } = typeof serializer === 'function' ? { serialize: serializer } : serializer ?? {};
  if (serialize) return serialize(params, serializer);
  const pairs = pairsOf(params, options);
  return encode ? pairs.map((pair) => pair.map((text) => encode(text)).join('=')).join('&') : new URLSearchParams(pairs);
}

function addressOf({ baseURL, url = '', params, paramsSerializer }) {
  const isAbsolute = /^([a-z][a-z\d+.-]*:)?\/\//i.test(url);
  const joined = baseURL && !isAbsolute ? (url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`) : url;
  const address = new URL(joined);
  if (params === undefined || params === null) return address;
  for (const [name, value] of new URLSearchParams(queryOf(params, paramsSerializer))) address.searchParams.append(name, value);
  return address;
}

function read(answer, responseType) {
  if (responseType === 'arraybuffer') return Buffer.from(bytesOf(answer));
  if (['stream', 'blob', 'document'].includes(responseType)) throw new Error(`responseType "${responseType}" is not available in resolvers; use "arraybuffer" or "text"`);
  const text = answer.text ?? new TextDecoder().decode(bytesOf(answer));
  return text.replace(/^\ufeff/, '');
}

/** What axios makes of an answer: a value of JSON where it is JSON. */
function parsed(data) {
  if (typeof data !== 'string' || (this.responseType && this.responseType !== 'json')) return data;
  try { return JSON.parse(data); } catch { return data; }
}

/** Ends the wait for an answer sooner: by a timeout, a signal or a token. */
function limited(sent, { timeout, signal, cancelToken, timeoutErrorMessage }, config) {
  const ends = [];
  if (timeout > 0) {
    ends.push(new Promise((_, reject) => {
      setTimeout(() => reject(new AxiosError(timeoutErrorMessage ?? `timeout of ${timeout}ms exceeded`, 'ECONNABORTED', config)), timeout).unref();
    }));
  }
  if (signal) {
    ends.push(new Promise((_, reject) => {
      if (signal.aborted) reject(new CanceledError(undefined, config));
      signal.addEventListener('abort', () => reject(new CanceledError(undefined, config)), { once: true });
    }));
  }
  if (cancelToken) ends.push(cancelToken.promise.then((reason) => { throw reason; }));
  if (ends.length === 0) return sent;
  // Nobody waits for the answer of what was given up.
  sent.catch(() => {});
  return Promise.race([sent, ...ends]);
}

const each = (transforms, config, data, ...more) => [].concat(transforms ?? []).reduce((last, transform) => transform.call(config, last, ...more), data);

/** As the package `follow-redirects` has it, which axios follows with. */
const MAX_REDIRECTS = 21;

/** The next request of a redirect: what was posted is fetched, without its body and what was said of it. */
function redirected({ status, headers: { location } }, { method, url, headers, body }) {
  const becomesGet = status === 303 ? !['GET', 'HEAD'].includes(method) : [301, 302].includes(status) && method === 'POST';
  const next = { method, url: new URL(location, url), headers, body };
  return becomesGet ? { ...next, method: 'GET', headers: headers.filter(([name]) => !/^content-/i.test(name)), body: undefined } : next;
}

/** Sends a request and follows its redirects; `request` is told where it came to. */
async function follow(first, config, request) {
  const most = config.maxRedirects ?? MAX_REDIRECTS;
  let next = first;
  for (let redirects = 0; ; redirects++) {
    const { method, url, headers, body } = next;
    Object.assign(request, { method, path: `${url.pathname}${url.search}`, res: { responseUrl: url.href } });
    const answer = await sendTo(method, url, headers, body);
    const isRedirect = answer.status >= 300 && answer.status < 400 && answer.headers.location !== undefined;
    if (!isRedirect || most === 0) return answer;
    if (redirects === most) throw new AxiosError('Maximum number of redirects exceeded', 'ERR_FR_TOO_MANY_REDIRECTS', config, request);
    next = redirected(answer, next);
  }
}

async function answerOf(config, body, request) {
  try {
    const headers = Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]);
    return await limited(follow({ method: config.method.toUpperCase(), url: addressOf(config), headers, body }, config, request), config, config);
  } catch (error) {
    if (error instanceof AxiosError) throw error;
    throw Object.assign(new AxiosError(error.message, error.code ?? 'ERR_NETWORK', config, request), { cause: error, retryable: error.retryable });
  }
}

async function dispatch(config) {
  const { headers, method } = config;
  if (config.auth !== undefined) throw new AxiosError('`auth` cannot be sent by a resolver: leave it out, and set `basic` in the section of the service', 'ERR_BAD_OPTION', config);
  const body = bodyOf(each(config.transformRequest, config, config.data, headers), config);
  if (['post', 'put', 'patch'].includes(method)) headers.setContentType('application/x-www-form-urlencoded', false);
  const request = {};
  const answer = await answerOf(config, body, request);
  const response = {
    data: each(config.transformResponse, config, read(answer, config.responseType), answer.headers, answer.status),
    status: answer.status,
    statusText: statusText(answer.status),
    headers: new AxiosHeaders(answer.headers),
    config,
    request,
  };
  const isValid = config.validateStatus;
  if (!isValid || isValid(response.status)) return response;
  const code = response.status >= 400 && response.status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  throw new AxiosError(`Request failed with status code ${response.status}`, code, config, request, response);
}

class Interceptors {
  handlers = [];
  use(fulfilled, rejected) { return this.handlers.push({ fulfilled, rejected }) - 1; }
  eject(id) { this.handlers[id] = undefined; }
  clear() { this.handlers = []; }
}

const DEFAULTS = {
  method: 'get',
  timeout: 0,
  headers: { common: { Accept: 'application/json, text/plain, */*' } },
  transformRequest: [written],
  transformResponse: [parsed],
  validateStatus: (status) => status >= 200 && status < 300,
};

function instance(defaults) {
  const interceptors = { request: new Interceptors(), response: new Interceptors() };
  const prepared = (given) => {
    const config = merge(axios.defaults, given);
    config.method = String(config.method).toLowerCase();
    const { common, [config.method]: ofMethod, ...others } = config.headers ?? {};
    const own = Object.fromEntries(Object.entries(others).filter(([name]) => !METHODS.includes(name)));
    config.headers = new AxiosHeaders({ ...common, ...ofMethod }).set(own);
    return config;
  };
  const request = (address, more) => {
    const given = typeof address === 'string' ? { ...more, url: address } : address ?? {};
    let promise = Promise.resolve(prepared(given));
    // Those that were added last come first, as in axios.
    for (const handler of interceptors.request.handlers.toReversed()) if (handler) promise = promise.then(handler.fulfilled, handler.rejected);
    promise = promise.then(dispatch);
    for (const handler of interceptors.response.handlers) if (handler) promise = promise.then(handler.fulfilled, handler.rejected);
    return promise;
  };
  const axios = (...values) => request(...values);
  for (const method of ['delete', 'get', 'head', 'options']) axios[method] = (url, config) => request({ ...config, method, url, data: config?.data });
  for (const method of ['patch', 'post', 'put']) {
    axios[method] = (url, data, config) => request({ ...config, method, url, data });
    axios[`${method}Form`] = (url, data, config) => request(merge(config, { method, url, headers: { 'Content-Type': 'multipart/form-data' } }, { data }));
  }
  return Object.assign(axios, {
    request,
    defaults,
    interceptors,
    create: (config) => instance(merge(axios.defaults, config)),
    getUri: (config) => addressOf(merge(axios.defaults, config)).href,
  });
}

class CancelToken {
  constructor(begin) {
    this.promise = new Promise((resolve) => {
      begin((message) => {
        this.reason ??= new CanceledError(message);
        resolve(this.reason);
      });
    });
  }
  throwIfRequested() { if (this.reason) throw this.reason; }
  static source() {
    let cancel;
    const token = new CancelToken((given) => { cancel = given; });
    return { token, cancel };
  }
}

/** The statuses by name, and their names by number. */
const HttpStatusCode = {
  Continue: 100, SwitchingProtocols: 101, Processing: 102, EarlyHints: 103, Ok: 200, Created: 201, Accepted: 202, NonAuthoritativeInformation: 203,
  NoContent: 204, ResetContent: 205, PartialContent: 206, MultiStatus: 207, AlreadyReported: 208, ImUsed: 226, MultipleChoices: 300,
  MovedPermanently: 301, Found: 302, SeeOther: 303, NotModified: 304, UseProxy: 305, Unused: 306, TemporaryRedirect: 307, PermanentRedirect: 308,
  BadRequest: 400, Unauthorized: 401, PaymentRequired: 402, Forbidden: 403, NotFound: 404, MethodNotAllowed: 405, NotAcceptable: 406,
  ProxyAuthenticationRequired: 407, RequestTimeout: 408, Conflict: 409, Gone: 410, LengthRequired: 411, PreconditionFailed: 412,
  PayloadTooLarge: 413, ContentTooLarge: 413, UriTooLong: 414, UnsupportedMediaType: 415, RangeNotSatisfiable: 416, ExpectationFailed: 417,
  ImATeapot: 418, MisdirectedRequest: 421, UnprocessableEntity: 422, UnprocessableContent: 422, Locked: 423, FailedDependency: 424, TooEarly: 425,
  UpgradeRequired: 426, PreconditionRequired: 428, TooManyRequests: 429, RequestHeaderFieldsTooLarge: 431, UnavailableForLegalReasons: 451,
  InternalServerError: 500, NotImplemented: 501, BadGateway: 502, ServiceUnavailable: 503, GatewayTimeout: 504, HttpVersionNotSupported: 505,
  VariantAlsoNegotiates: 506, InsufficientStorage: 507, LoopDetected: 508, NotExtended: 510, NetworkAuthenticationRequired: 511,
  WebServerReturnsAnUnknownError: 520, WebServerIsDown: 521, ConnectionTimedOut: 522, OriginIsUnreachable: 523, TimeoutOccurred: 524,
  SslHandshakeFailed: 525, InvalidSslCertificate: 526,
};
for (const [name, status] of Object.entries(HttpStatusCode)) HttpStatusCode[status] ??= name;

const axios = Object.assign(instance(merge(DEFAULTS)), {
  VERSION: '1.21.1',
  HttpStatusCode,
  Axios: Object,
  AxiosError,
  AxiosHeaders,
  CancelToken,
  CanceledError,
  Cancel: CanceledError,
  all: (promises) => Promise.all(promises),
  spread: (callback) => (values) => callback(...values),
  isAxiosError: (error) => error?.isAxiosError === true,
  isCancel: (error) => error?.__CANCEL__ === true,
});
axios.default = axios;
axios.axios = axios;
module.exports = axios;
