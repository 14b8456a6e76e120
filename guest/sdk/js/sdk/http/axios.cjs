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
Object.assign(AxiosError, {
  ERR_BAD_REQUEST: 'ERR_BAD_REQUEST',
  ERR_BAD_RESPONSE: 'ERR_BAD_RESPONSE',
  ERR_NETWORK: 'ERR_NETWORK',
  ERR_CANCELED: 'ERR_CANCELED',
  ECONNABORTED: 'ECONNABORTED',
  ETIMEDOUT: 'ETIMEDOUT',
});

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
  set(name, value) {
    if (typeof name === 'object') {
      for (const [key, inner] of Object.entries(name ?? {})) this.set(key, inner);
      return this;
    }
    if (value !== undefined && value !== null) this[this.#known(name) ?? name] = value;
    return this;
  }
  get(name) { return this[this.#known(name)]; }
  has(name) { return this.#known(name) !== undefined; }
  delete(name) { return this.has(name) && delete this[this.#known(name)]; }
  toJSON() { return { ...this }; }
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

/** What axios sends for a value: JSON for objects, with its type. */
function written(data, headers) {
  if (data === undefined || data === null || typeof data === 'string') return data ?? undefined;
  if (data instanceof URLSearchParams) {
    if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/x-www-form-urlencoded;charset=utf-8');
    return data.toString();
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (String(headers.get('Content-Type') ?? '').includes('application/x-www-form-urlencoded')) return new URLSearchParams(flat(data)).toString();
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json');
  return JSON.stringify(data);
}

/** Parameters as axios writes them: lists with brackets, dates as ISO, nothing of null. */
function flat(parameters) {
  if (parameters instanceof URLSearchParams) return [...parameters];
  const one = (value) => (value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value));
  return Object.entries(parameters ?? {}).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value.map((item) => [`${name}[]`, one(item)]);
    if (isPlain(value)) return flat(value).map(([inner, item]) => [`${name}[${inner.replace('[', '][').replace(/\]$/, '')}]`, item]);
    return [[name, one(value)]];
  });
}

function addressOf({ baseURL, url = '', params, paramsSerializer }) {
  const isAbsolute = /^([a-z][a-z\d+.-]*:)?\/\//i.test(url);
  const joined = baseURL && !isAbsolute ? (url === '' ? baseURL : `${baseURL.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}`) : url;
  const address = new URL(joined);
  const serialize = typeof paramsSerializer === 'function' ? paramsSerializer : paramsSerializer?.serialize;
  const more = params === undefined ? [] : serialize ? new URLSearchParams(serialize(params)) : flat(params);
  for (const [name, value] of more) address.searchParams.append(name, value);
  return address;
}

function read(answer, responseType) {
  if (responseType === 'arraybuffer') return Buffer.from(bytesOf(answer));
  const text = answer.text ?? new TextDecoder().decode(bytesOf(answer));
  if (responseType === 'text') return text;
  if (['stream', 'blob', 'document'].includes(responseType)) throw new Error(`responseType "${responseType}" is not available in resolvers; use "arraybuffer" or "text"`);
  try { return JSON.parse(text); } catch { return text; }
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

const each = (transforms, value, ...more) => [].concat(transforms ?? []).reduce((last, transform) => transform(last, ...more), value);

async function dispatch(config) {
  const headers = config.headers;
  if (config.auth !== undefined) throw new AxiosError('`auth` cannot be sent by a resolver: leave it out, and set `basic` in the section of the service', 'ERR_BAD_OPTION', config);
  const body = written(each(config.transformRequest, config.data, headers), headers);
  const request = { path: undefined, method: config.method };
  let answer;
  try {
    const address = addressOf(config);
    request.path = `${address.pathname}${address.search}`;
    const sent = (async () => sendTo(config.method.toUpperCase(), address, Object.entries(headers.toJSON()).map(([name, value]) => [name, String(value)]), body))();
    answer = await limited(sent, config, config);
  } catch (error) {
    if (error instanceof AxiosError) throw error;
    throw Object.assign(new AxiosError(error.message, error.code ?? 'ERR_NETWORK', config, request), { cause: error, retryable: error.retryable });
  }
  const response = {
    data: each(config.transformResponse, read(answer, config.transformResponse === undefined ? config.responseType : 'text'), answer.headers, answer.status),
    status: answer.status,
    statusText: statusText(answer.status),
    headers: new AxiosHeaders(answer.headers),
    config,
    request,
  };
  const isValid = config.validateStatus;
  if (!isValid || isValid(response.status)) return response;
  const code = response.status >= 500 ? 'ERR_BAD_RESPONSE' : 'ERR_BAD_REQUEST';
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
    axios[`${method}Form`] = (url, data, config) => request({ ...config, method, url, data: new URLSearchParams(flat(data)) });
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

const axios = Object.assign(instance(merge(DEFAULTS)), {
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
