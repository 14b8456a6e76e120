// Node's http and https, for the services that a module is granted: requests that are written in one go, answers that were read whole.
import { Buffer } from './buffer.js';
import { EventEmitter } from './events.cjs';
import { urlToHttpOptions } from './url.js';

const { sendTo, bytesOf, statusText } = globalThis.__mayfly;

export class Agent {
  constructor(options = {}) {
    this.options = options;
  }
  destroy() {}
}
export const globalAgent = new Agent();

/** An answer. It begins to flow when somebody listens to its data, or asks it to. */
export class IncomingMessage extends EventEmitter {
  #bytes;
  #encoding;
  #isFlowing = false;
  constructor(answer) {
    super();
    this.#bytes = Buffer.from(bytesOf(answer));
    this.statusCode = answer.status;
    this.statusMessage = statusText(answer.status);
    this.headers = answer.headers;
    this.rawHeaders = Object.entries(answer.headers).flat();
    this.httpVersion = '1.1';
    this.complete = false;
  }
  setEncoding(encoding) {
    this.#encoding = encoding;
    return this;
  }
  on(name, listener) {
    super.on(name, listener);
    if (name === 'data') this.resume();
    return this;
  }
  resume() {
    if (!this.#isFlowing) queueMicrotask(() => this.#flow());
    this.#isFlowing = true;
    return this;
  }
  #content() {
    return this.#encoding === undefined ? this.#bytes : this.#bytes.toString(this.#encoding);
  }
  #flow() {
    this.complete = true;
    if (this.#bytes.length > 0) this.emit('data', this.#content());
    this.emit('end');
    this.emit('close');
  }
  pipe(target) {
    this.on('data', (chunk) => target.write(chunk)).on('end', () => target.end());
    return target;
  }
  async *[Symbol.asyncIterator]() {
    this.complete = true;
    if (this.#bytes.length > 0) yield this.#content();
  }
}
IncomingMessage.prototype.addListener = IncomingMessage.prototype.on;

/** A request. It is sent when it ends. */
export class ClientRequest extends EventEmitter {
  #url;
  #headers;
  #chunks = [];
  #isOver = false;
  #timer;
  constructor(url, options, callback) {
    super();
    this.#url = url;
    this.method = String(options.method ?? 'GET').toUpperCase();
    this.path = `${url.pathname}${url.search}`;
    this.host = url.hostname;
    this.protocol = url.protocol;
    this.#headers = new Map(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    if (options.auth) throw new Error('`auth` cannot be sent by a resolver: leave it out, and set `basic` in the section of the service');
    if (callback) this.once('response', callback);
    if (options.timeout) this.setTimeout(options.timeout);
    options.signal?.addEventListener('abort', () => this.destroy(options.signal.reason), { once: true });
  }
  setHeader(name, value) { this.#headers.set(String(name).toLowerCase(), value); }
  getHeader(name) { return this.#headers.get(String(name).toLowerCase()); }
  removeHeader(name) { this.#headers.delete(String(name).toLowerCase()); }
  setNoDelay() {}
  setSocketKeepAlive() {}
  flushHeaders() {}
  setTimeout(ms, callback) {
    if (callback !== undefined) this.once('timeout', callback);
    clearTimeout(this.#timer);
    if (ms > 0) this.#timer = setTimeout(() => this.#isOver || this.emit('timeout'), ms).unref();
    return this;
  }
  write(chunk, encoding, callback) {
    this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : Buffer.from(chunk));
    (typeof encoding === 'function' ? encoding : callback)?.();
    return true;
  }
  end(chunk, encoding) {
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') this.write(chunk, encoding);
    const body = this.#chunks.length === 0 ? undefined : new Uint8Array(Buffer.concat(this.#chunks));
    const headers = [...this.#headers].map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]);
    this.#send(headers, body);
    return this;
  }
  async #send(headers, body) {
    try {
      const answer = await sendTo(this.method, this.#url, headers, body);
      if (this.#isOver) return;
      this.#finish();
      // What a listener throws is not the request's failure. An answer that nobody takes is read to its end, as in Node.
      const message = new IncomingMessage(answer);
      queueMicrotask(() => this.emit('response', message) || message.resume());
    } catch (error) {
      this.destroy(error);
    }
  }
  #finish() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
  abort() { return this.destroy(); }
  destroy(error) {
    if (this.#isOver) return this;
    this.#finish();
    const reason = error ?? Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    queueMicrotask(() => {
      this.emit('error', reason);
      this.emit('close');
    });
    return this;
  }
}

/** The address that options of Node describe. */
function addressOf(options, scheme) {
  const protocol = options.protocol || scheme;
  const path = `${options.path || '/'}`.replace(/^(?=[^/])/, '/');
  const name = options.hostname || options.host || 'localhost';
  // An address of numbers has colons of its own, and brackets only in addresses.
  if (name.split(':').length > 2 && !name.startsWith('[')) return addressOf({ ...options, hostname: `[${name}]` }, scheme);
  const [, host, port = ''] = /^(.*?)(:\d+)?$/.exec(name);
  return new URL(`${protocol}//${host}${options.port ? `:${options.port}` : port}${path}`);
}

export function module(scheme) {
  const request = (address, options, callback) => {
    const isAddress = typeof address === 'string' || address instanceof URL;
    const [more, listener] = typeof options === 'function' ? [undefined, options] : [options, callback];
    const given = isAddress ? { ...urlToHttpOptions(new URL(address)), ...more } : address ?? {};
    return new ClientRequest(addressOf(given, scheme), given, isAddress ? listener : listener ?? callback);
  };
  const get = (...values) => request(...values).end();
  return { request, get };
}

export const { request, get } = module('http:');
export const METHODS = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'];
export const createServer = () => {
  throw new Error('a resolver cannot listen; it answers the fields of its module');
};
export default { Agent, ClientRequest, IncomingMessage, METHODS, createServer, get, globalAgent, request };
