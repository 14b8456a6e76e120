// `node-fetch`, for the services that a module is granted: the global fetch, with what node-fetch adds to it.
const { Buffer } = require('../node/buffer.js');

const { fetch, Headers, Request, Response } = globalThis;

class FetchError extends Error {
  constructor(message, type) {
    super(message);
    this.type = type;
  }
  get name() { return 'FetchError'; }
}
class AbortError extends Error {
  get name() { return 'AbortError'; }
}

/** Gives an object methods, beside what it shows. */
function give(object, methods) {
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
  return object;
}

function json(text, url) {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new FetchError(`invalid json response body at ${url} reason: ${error.message}`, 'invalid-json');
  }
}

function extended(response) {
  give(response.headers, { raw: () => Object.fromEntries(Array.from(response.headers, ([name, value]) => [name, [value]])) });
  return give(response, {
    buffer: async () => Buffer.from(await response.arrayBuffer()),
    json: async () => json(await response.text(), response.url),
    clone: () => extended(Response.prototype.clone.call(response)),
  });
}

/** Rejects when no answer has come in this many milliseconds; zero waits for as long as it takes. */
function within(sent, ms, url) {
  if (!(ms > 0)) return sent;
  // Nobody waits for the answer of what was given up.
  sent.catch(() => {});
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new FetchError(`network timeout at: ${url}`, 'request-timeout')), ms).unref();
  });
  return Promise.race([sent, late]);
}

const nodeFetch = async (input, init) => extended(await within(fetch(input, init), init?.timeout, input?.url ?? String(input)));

module.exports = Object.assign(nodeFetch, { AbortError, FetchError, Headers, Request, Response, fetch: nodeFetch, isRedirect: (status) => [301, 302, 303, 307, 308].includes(status) });
module.exports.default = module.exports;
