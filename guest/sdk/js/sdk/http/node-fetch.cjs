// `node-fetch`, for the services that a module is granted: the global fetch, which takes the place of its own.
const { fetch, Headers, Request, Response } = globalThis;

class FetchError extends Error {
  get name() { return 'FetchError'; }
}
class AbortError extends Error {
  get name() { return 'AbortError'; }
}

module.exports = Object.assign((...values) => fetch(...values), { AbortError, FetchError, Headers, Request, Response, fetch, isRedirect: (status) => [301, 302, 303, 307, 308].includes(status) });
module.exports.default = module.exports;
