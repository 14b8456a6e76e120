// `aws-sdk`, the second generation: DynamoDB.DocumentClient with callbacks and `.promise()`, and DynamoDB.Converter.
const { Buffer } = require('../node/buffer.js');
const Converter = require('./converter2.js');
const { client } = require('./document.js');
const { named } = require('./errors.js');
const { plain } = require('./items.js');

/** Of the events of AWS's requests those that are there: the others are about HTTP. */
const EVENTS = ['validate', 'send', 'extractData', 'extractError', 'success', 'error', 'complete'];

/** What listeners are told of an answer. Its body is what AWS sends with an error, where old code looks for more than the error has. */
class Response {
  data = null;
  error = null;
  retryCount = 0;
  redirectCount = 0;
  constructor(request) {
    this.request = request;
    this.httpResponse = { statusCode: undefined, headers: {}, body: Buffer.from('') };
  }
  fail(error) {
    const { code, message, CancellationReasons } = error;
    this.error = error;
    this.httpResponse.body = Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${code}`, message, CancellationReasons }));
  }
}

/** A request that is sent when somebody wants its answer. */
class Request {
  #run;
  #listeners = [];
  constructor(run, operation, params) {
    this.#run = run;
    this.operation = operation;
    this.params = params;
  }
  on(event, listener, toHead = false) {
    if (!EVENTS.includes(event)) throw new Error(`the event "${event}" of a request is not available in resolvers; there are ${EVENTS.join(', ')}`);
    this.#listeners[toHead ? 'unshift' : 'push']({ event, listener });
    return this;
  }
  addListener(...values) { return this.on(...values); }
  removeListener(event, listener) {
    this.#listeners = this.#listeners.filter((one) => one.event !== event || one.listener !== listener);
    return this;
  }
  #emit(wanted, ...values) {
    for (const { event, listener } of [...this.#listeners]) if (event === wanted) listener.apply(this, values);
  }
  async #answered() {
    const response = new Response(this);
    this.#emit('validate', this);
    const [data, error] = await this.#run(this.params).then((answer) => [answer], (failure) => [null, failure]);
    // An error without a status is the client's own, made before anything was sent.
    const statusCode = error ? error.statusCode : 200;
    response.httpResponse.statusCode = statusCode;
    if (statusCode !== undefined) this.#emit('send', response);
    response.data = data;
    if (error) response.fail(error);
    if (statusCode !== undefined) this.#emit(error ? 'extractError' : 'extractData', response);
    this.#emit(...(error ? ['error', error, response] : ['success', response]));
    this.#emit('complete', response);
    return response;
  }
  async promise() {
    const response = await this.#answered();
    if (response.error) throw response.error;
    return Object.defineProperty(response.data, '$response', { value: response });
  }
  send(callback) { this.#answered().then((response) => callback?.call(response, response.error, response.data)); }
}

/** The errors of parts of a request that are not there. */
function missing(names, { second = '' }) {
  const errors = names.map((name) => named('MissingRequiredParameter', `Missing required key '${name}' in params${second}`));
  if (errors.length === 1) return errors[0];
  const message = errors.map((error) => `\n* ${error.code}: ${error.message}`).join('');
  return Object.assign(named('MultipleValidationErrors', `There were ${errors.length} validation errors:${message}`), { errors });
}

/** A number, or the one that is meant by a text. */
function count(value) {
  const number = Number.parseInt(value, 10);
  return Number.isNaN(number) ? undefined : number;
}

const codec = ({ convertEmptyValues, wrapNumbers } = {}) => ({
  write: (item) => Converter.marshall(item, { convertEmptyValues }),
  read: (item) => plain(item, {
    number: (number) => (wrapNumbers ? new Converter.NumberValue(number) : Number(number)),
    binary: (text) => Buffer.from(text, 'base64'),
    set: (values) => new Converter.DocumentSet(values),
  }),
  missing,
  count,
});

const OPERATIONS = { get: 'getItem', batchGet: 'batchGetItem', put: 'putItem', update: 'updateItem', delete: 'deleteItem', transactWrite: 'transactWriteItems', batchWrite: 'batchWriteItem', transactGet: 'transactGetItems' };

/** Parameters, and what the client was given for those that are not there. */
function withBound(parameters, bound = {}) {
  const all = { ...parameters };
  for (const [name, value] of Object.entries(bound)) all[name] ??= value;
  return all;
}

class DocumentClient {
  #client;
  constructor(options) {
    this.options = options;
    this.#client = client(codec(options));
    for (const name of Object.keys(this.#client)) {
      this[name] = (parameters, callback) => {
        const request = new Request(this.#client[name], OPERATIONS[name] ?? name, withBound(parameters, options?.params));
        if (typeof callback === 'function') request.send(callback);
        return request;
      };
    }
  }
  createSet(values, options) { return new Converter.DocumentSet(values, options); }
}

const { input, marshall, output, unmarshall } = Converter;

class DynamoDB {
  constructor() {
    throw new Error('AWS.DynamoDB is not available in resolvers; use AWS.DynamoDB.DocumentClient');
  }
  static DocumentClient = DocumentClient;
  static Converter = { input, marshall, output, unmarshall };
}

const config = { region: undefined, update(settings) { Object.assign(config, settings); } };

const AWS = new Proxy({ DynamoDB, config }, {
  get(services, name) {
    if (name in services || typeof name === 'symbol' || name === '__esModule' || name === 'default' || name === 'then') return services[name];
    throw new Error(`AWS.${name} is not available in resolvers; there is AWS.DynamoDB.DocumentClient`);
  },
});

module.exports = AWS;
