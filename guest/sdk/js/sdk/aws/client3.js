// `@aws-sdk/client-dynamodb`, the third generation: commands with attribute values.
import { client } from './document.js';
import { marshall, unmarshall } from './values.js';

export class Command {
  constructor(input) { this.input = input; }
}

const named = (operation) => class extends Command {
  static operation = operation;
};
export const GetItemCommand = named('get');
export const BatchGetItemCommand = named('batchGet');
export const QueryCommand = named('query');
export const PutItemCommand = named('put');
export const UpdateItemCommand = named('update');
export const DeleteItemCommand = named('delete');
export const TransactWriteItemsCommand = named('transactWrite');

/** Which parts of requests and answers hold attribute values, by what they are: one map of them, or several. */
const MAPS = ['Key', 'Item', 'ExpressionAttributeValues', 'ExclusiveStartKey', 'LastEvaluatedKey', 'Attributes'];
const LISTS = ['Items', 'Keys'];
const OUTER = ['RequestItems', 'Put', 'Update', 'Delete', 'ConditionCheck'];

/** The same with attribute values read, or written. */
function through(part, convert) {
  return Object.fromEntries(Object.entries(part).map(([name, value]) => {
    if (value === undefined || value === null) return [name, value];
    if (MAPS.includes(name)) return [name, convert(value)];
    if (LISTS.includes(name)) return [name, value.map(convert)];
    if (name === 'TransactItems') return [name, value.map((item) => through(item, convert))];
    if (name === 'RequestItems') return [name, Object.fromEntries(Object.entries(value).map(([table, wanted]) => [table, through(wanted, convert)]))];
    if (name === 'Responses') return [name, Object.fromEntries(Object.entries(value).map(([table, items]) => [table, items.map(convert)]))];
    return [name, OUTER.includes(name) ? through(value, convert) : value];
  }));
}

const METADATA = () => ({ httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 });

export class DynamoDBClient {
  #client = client({ removeUndefined: true });
  constructor(config = {}) {
    this.config = config;
    this.middlewareStack = { add() {}, use() {} };
  }
  /** For the document client: requests with plain values. */
  async sendPlain(command, options) {
    const run = client(options)[command.constructor.operation];
    if (run === undefined) throw new Error(`${command.constructor.name} is not available in resolvers`);
    return { $metadata: METADATA(), ...(await run(command.input)) };
  }
  send(command, ...rest) {
    const run = this.#client[command.constructor.operation];
    const answer = run === undefined
      ? Promise.reject(new Error(`${command.constructor.name} is not available in resolvers`))
      : run(through(command.input, unmarshall)).then((found) => ({ $metadata: METADATA(), ...through(found, marshall) }));
    const callback = rest.at(-1);
    if (typeof callback !== 'function') return answer;
    answer.then((found) => callback(null, found), (error) => callback(error));
  }
  destroy() {}
}

const error = (name) => class extends Error {
  static [Symbol.hasInstance](value) { return value?.name === name; }
};
export const ConditionalCheckFailedException = error('ConditionalCheckFailedException');
export const ResourceNotFoundException = error('ResourceNotFoundException');
export const ProvisionedThroughputExceededException = error('ProvisionedThroughputExceededException');
export const TransactionCanceledException = error('TransactionCanceledException');
export const TransactionConflictException = error('TransactionConflictException');
export const InternalServerError = error('InternalServerError');
