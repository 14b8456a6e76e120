// `aws-sdk`, the second generation: DynamoDB.DocumentClient with callbacks and `.promise()`, and DynamoDB.Converter.
const { Buffer } = require('../node/buffer.js');
const Converter = require('./converter2.js');
const { client } = require('./document.js');
const { named } = require('./errors.js');
const { plain } = require('./items.js');

/** A request that is sent when somebody wants its answer. */
class Request {
  #run;
  constructor(run) { this.#run = run; }
  promise() { return this.#run(); }
  send(callback) { this.#run().then((answer) => callback?.(null, answer), (error) => callback?.(error, null)); }
}

const codec = ({ convertEmptyValues, wrapNumbers } = {}) => ({
  write: (item) => Converter.marshall(item, { convertEmptyValues }),
  read: (item) => plain(item, {
    number: (number) => (wrapNumbers ? new Converter.NumberValue(number) : Number(number)),
    binary: (text) => Buffer.from(text, 'base64'),
    set: (values) => new Converter.DocumentSet(values),
  }),
  missing: (name) => named('MissingRequiredParameter', `Missing required key '${name}' in params`),
});

class DocumentClient {
  #client;
  constructor(options) {
    this.options = options;
    this.#client = client(codec(options));
    for (const name of Object.keys(this.#client)) {
      this[name] = (parameters, callback) => {
        const request = new Request(() => this.#client[name](parameters));
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
