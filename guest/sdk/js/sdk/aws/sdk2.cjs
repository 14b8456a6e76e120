// `aws-sdk`, the second generation: DynamoDB.DocumentClient with callbacks and `.promise()`.
const { DocumentSet, client } = require('./document.js');

/** A request that is sent when somebody wants its answer. */
class Request {
  #run;
  constructor(run) { this.#run = run; }
  promise() { return this.#run(); }
  send(callback) { this.#run().then((answer) => callback?.(null, answer), (error) => callback?.(error)); }
}

class DocumentClient {
  #client = client({ removeUndefined: true, convertClasses: true, documentSets: true });
  constructor(options) {
    this.options = options;
    for (const name of Object.keys(this.#client)) {
      this[name] = (parameters, callback) => {
        const request = new Request(() => this.#client[name](parameters));
        if (typeof callback === 'function') request.send(callback);
        return request;
      };
    }
  }
  createSet(values) { return new DocumentSet(values); }
}

class DynamoDB {
  constructor() {
    throw new Error('AWS.DynamoDB is not available in resolvers; use AWS.DynamoDB.DocumentClient');
  }
  static DocumentClient = DocumentClient;
}

const config = { region: undefined, update(settings) { Object.assign(config, settings); } };

const AWS = new Proxy({ DynamoDB, config }, {
  get(services, name) {
    if (name in services || typeof name === 'symbol' || name === '__esModule' || name === 'default' || name === 'then') return services[name];
    throw new Error(`AWS.${name} is not available in resolvers; there is AWS.DynamoDB.DocumentClient`);
  },
});

module.exports = AWS;
