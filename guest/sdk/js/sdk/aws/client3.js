// `@aws-sdk/client-dynamodb`, the third generation: commands with attribute values, and the class that has them as methods.
import { client } from './document.js';
import { invalid } from './errors.js';
import { attributes } from './items.js';

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
export const ScanCommand = named('scan');
export const BatchWriteItemCommand = named('batchWrite');
export const TransactGetItemsCommand = named('transactGet');

/** What both clients of this generation say of a part of a request that is not there. */
export const missing = (name) => invalid(`1 validation error detected: Value null at '${name[0].toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`);

const METADATA = () => ({ httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 });

/** Runs a command: a promise of its answer, or none where there is a callback. */
export function send(operations, command, rest) {
  const run = operations[command.constructor.operation];
  const answer = run === undefined
    ? Promise.reject(new Error(`${command.constructor.name} is not available in resolvers`))
    : run(command.input).then((found) => ({ $metadata: METADATA(), ...found }));
  const callback = rest.at(-1);
  if (typeof callback !== 'function') return answer;
  answer.then((found) => callback(null, found), (error) => callback(error));
}

export class DynamoDBClient {
  #operations = client({ write: (item) => item, read: attributes, missing });
  constructor(config = {}) {
    this.config = config;
    this.middlewareStack = { add() {}, use() {} };
  }
  send(command, ...rest) { return send(this.#operations, command, rest); }
  destroy() {}
}

export class DynamoDB extends DynamoDBClient {
  getItem(input, ...rest) { return this.send(new GetItemCommand(input), ...rest); }
  batchGetItem(input, ...rest) { return this.send(new BatchGetItemCommand(input), ...rest); }
  query(input, ...rest) { return this.send(new QueryCommand(input), ...rest); }
  putItem(input, ...rest) { return this.send(new PutItemCommand(input), ...rest); }
  updateItem(input, ...rest) { return this.send(new UpdateItemCommand(input), ...rest); }
  deleteItem(input, ...rest) { return this.send(new DeleteItemCommand(input), ...rest); }
  transactWriteItems(input, ...rest) { return this.send(new TransactWriteItemsCommand(input), ...rest); }
  scan(input, ...rest) { return this.send(new ScanCommand(input), ...rest); }
  batchWriteItem(input, ...rest) { return this.send(new BatchWriteItemCommand(input), ...rest); }
  transactGetItems(input, ...rest) { return this.send(new TransactGetItemsCommand(input), ...rest); }
}

/** Pages of a query, as `for await` takes them. */
export const pagesOf = (Query) => async function* paginateQuery({ client, startingToken }, input) {
  let ExclusiveStartKey = startingToken ?? input.ExclusiveStartKey;
  do {
    const page = await client.send(new Query({ ...input, ExclusiveStartKey }));
    yield page;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
};
export const paginateQuery = pagesOf(QueryCommand);
export function paginateScan() {
  throw new Error('paginateScan is not available in resolvers, which cannot scan a table; use paginateQuery with its key or an index');
}

const choices = (...names) => Object.fromEntries(names.map((name) => [name, name]));
export const ReturnValue = choices('ALL_NEW', 'ALL_OLD', 'NONE', 'UPDATED_NEW', 'UPDATED_OLD');
export const ReturnValuesOnConditionCheckFailure = choices('ALL_OLD', 'NONE');
export const ReturnConsumedCapacity = choices('INDEXES', 'NONE', 'TOTAL');
export const ReturnItemCollectionMetrics = choices('NONE', 'SIZE');
export const Select = choices('ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES', 'COUNT', 'SPECIFIC_ATTRIBUTES');

export class DynamoDBServiceException extends Error {
  constructor({ name = 'Error', message, ...more } = {}) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
    Object.assign(this, more);
  }
  static [Symbol.hasInstance](value) { return value instanceof Error && value.$fault !== undefined; }
}

const exception = (name) => class extends DynamoDBServiceException {
  constructor(options) { super({ $fault: 'client', ...options, name }); }
  static [Symbol.hasInstance](value) { return value?.name === name; }
};
export const ConditionalCheckFailedException = exception('ConditionalCheckFailedException');
export const ResourceNotFoundException = exception('ResourceNotFoundException');
export const ProvisionedThroughputExceededException = exception('ProvisionedThroughputExceededException');
export const TransactionCanceledException = exception('TransactionCanceledException');
export const TransactionConflictException = exception('TransactionConflictException');
export const InternalServerError = exception('InternalServerError');
