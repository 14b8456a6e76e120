// `@aws-sdk/client-dynamodb`, the third generation: commands with attribute values, and the class that has them as methods.
import { client, lowered } from './document.js';
import { serviceError, unsatisfied } from './errors.js';
import { attributes } from './items.js';

export * from './choices.js';

export class Command {
  constructor(input) { this.input = input; }
}

/** The command of an operation, under the name that its package has for it. */
export const named = (operation, name) => Object.defineProperty(class extends Command {
  static operation = operation;
}, 'name', { value: name });
export const GetItemCommand = named('get', 'GetItemCommand');
export const BatchGetItemCommand = named('batchGet', 'BatchGetItemCommand');
export const QueryCommand = named('query', 'QueryCommand');
export const PutItemCommand = named('put', 'PutItemCommand');
export const UpdateItemCommand = named('update', 'UpdateItemCommand');
export const DeleteItemCommand = named('delete', 'DeleteItemCommand');
export const TransactWriteItemsCommand = named('transactWrite', 'TransactWriteItemsCommand');
export const ScanCommand = named('scan', 'ScanCommand');
export const BatchWriteItemCommand = named('batchWrite', 'BatchWriteItemCommand');
export const TransactGetItemsCommand = named('transactGet', 'TransactGetItemsCommand');

/** What both clients of this generation say of parts of a request that are not there. */
export const missing = (names, { third = '' }) => unsatisfied(names.map((name) => ({ value: 'null', place: third + lowered(name), rule: 'not be null' })));

/** A number as it is given: this generation makes none of text. */
export function count(value) {
  if (value !== undefined && typeof value !== 'number') throw serviceError('SerializationException', `${typeof value === 'string' ? 'STRING' : 'UNEXPECTED'}_VALUE cannot be converted to Integer`);
  return value;
}

const ATTEMPTS = { attempts: 1, totalRetryDelay: 0 };
const METADATA = () => ({ httpStatusCode: 200, ...ATTEMPTS });

const COMMANDS = { get: 'GetItem', batchGet: 'BatchGetItem', query: 'Query', put: 'PutItem', update: 'UpdateItem', delete: 'DeleteItem', transactWrite: 'TransactWriteItems', scan: 'Scan', batchWrite: 'BatchWriteItem', transactGet: 'TransactGetItems' };

const PRIORITIES = ['high', 'normal', 'low'];
const unavailable = (step) => new Error(`middleware of the step "${step}" is not available in resolvers, which send no HTTP requests of their own; there is "initialize"`);

/** What runs around commands. Of AWS's steps there is the first: in the others a request over HTTP is made, signed and sent. */
class MiddlewareStack {
  #entries = [];
  add(middleware, { step = 'initialize', name, priority = 'normal' } = {}) {
    if (step !== 'initialize') throw unavailable(step);
    if (name !== undefined) this.remove(name);
    this.#entries.push({ middleware, name, priority });
    this.#entries.sort((one, other) => PRIORITIES.indexOf(one.priority) - PRIORITIES.indexOf(other.priority));
  }
  addRelativeTo(middleware, { relation, toMiddleware } = {}) { throw unavailable(`${relation} ${toMiddleware}`); }
  use(plugin) { plugin.applyToStack(this); }
  remove(wanted) {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter(({ middleware, name }) => middleware !== wanted && name !== wanted);
    return this.#entries.length < before;
  }
  /** The handler that runs all of them, the first outermost. */
  around(handler, context) { return this.#entries.reduceRight((next, { middleware }) => middleware(next, context), handler); }
}

/** What is thrown for a request that a signal ended. */
function aborted({ reason }) {
  const [message, cause] = reason instanceof Error || !reason ? ['Request aborted', reason] : [String(reason)];
  const error = new Error(message, cause ? { cause } : undefined);
  return Object.assign(error, { name: 'AbortError', $metadata: ATTEMPTS });
}

/** Runs until it ends or a signal says to wait no longer. What was sent by then may have been done, as with AWS's clients. */
function untilAborted(signal, run) {
  if (!signal) return run();
  if (signal.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(aborted(signal)), { once: true });
    run().then(resolve, reject);
  });
}

/** Throws what the service answered with as an error of the class that this generation has for it. */
function fail(error) {
  const Class = EXCEPTIONS[error?.name] ?? DynamoDBServiceException;
  throw error?.$fault === undefined ? error : Object.setPrototypeOf(error, Class.prototype);
}

/** Runs a command: a promise of its answer, or none where there is a callback. */
export function send(operations, stack, command, [options, ...rest]) {
  const { operation, name } = command.constructor;
  if (operation === undefined) throw new Error(`${name} is not available in resolvers`);
  const handler = stack.around(
    async ({ input }) => ({ response: {}, output: { $metadata: METADATA(), ...await operations[operation](input).catch(fail) } }),
    { clientName: 'DynamoDBClient', commandName: `${COMMANDS[operation]}Command` },
  );
  const answer = untilAborted(options?.abortSignal, async () => (await handler({ input: command.input })).output);
  const callback = rest.at(-1) ?? options;
  if (typeof callback !== 'function') return answer;
  answer.then((found) => callback(null, found), (error) => callback(error));
}

/** The region that a client was told of, as a promise. Where its requests go is written in mayfly.toml. */
async function regionOf({ region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION }) {
  const known = typeof region === 'function' ? await region() : region;
  if (known === undefined) throw new Error('Region is missing');
  return known;
}

export class DynamoDBClient {
  #operations = client({ write: (item) => item, read: attributes, missing, count });
  constructor(config = {}) {
    this.config = { apiVersion: '2012-08-10', serviceId: 'DynamoDB', ...config, region: () => regionOf(config) };
    this.middlewareStack = new MiddlewareStack();
  }
  send(command, ...rest) { return send(this.#operations, this.middlewareStack, command, rest); }
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
export const pagesOf = (Query) => async function* paginateQuery({ client, pageSize, startingToken, withCommand }, input, ...rest) {
  let ExclusiveStartKey = startingToken ?? input.ExclusiveStartKey;
  do {
    const command = new Query({ ...input, ExclusiveStartKey, Limit: input.Limit ?? pageSize });
    const page = await client.send(withCommand?.(command) ?? command, ...rest);
    yield page;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
};
export const paginateQuery = pagesOf(QueryCommand);
export function paginateScan() {
  throw new Error('paginateScan is not available in resolvers, which cannot scan a table; use paginateQuery with its key or an index');
}

export class DynamoDBServiceException extends Error {
  constructor({ name = 'Error', message, ...more } = {}) {
    super(message);
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
    Object.assign(this, more);
  }
  static [Symbol.hasInstance](value) { return value instanceof Error && value.$fault !== undefined; }
}

const EXCEPTIONS = {};
const exception = (name, $fault = 'client') => {
  EXCEPTIONS[name] = Object.defineProperty(class extends DynamoDBServiceException {
    constructor(options) { super({ $fault, ...options, name }); }
    static [Symbol.hasInstance](value) { return value?.name === name; }
  }, 'name', { value: name });
  return EXCEPTIONS[name];
};
export const ConditionalCheckFailedException = exception('ConditionalCheckFailedException');
export const DuplicateItemException = exception('DuplicateItemException');
export const IdempotentParameterMismatchException = exception('IdempotentParameterMismatchException');
export const IndexNotFoundException = exception('IndexNotFoundException');
export const InternalServerError = exception('InternalServerError', 'server');
export const ItemCollectionSizeLimitExceededException = exception('ItemCollectionSizeLimitExceededException');
export const LimitExceededException = exception('LimitExceededException');
export const ProvisionedThroughputExceededException = exception('ProvisionedThroughputExceededException');
export const ReplicatedWriteConflictException = exception('ReplicatedWriteConflictException');
export const RequestLimitExceeded = exception('RequestLimitExceeded');
export const ResourceInUseException = exception('ResourceInUseException');
export const ResourceNotFoundException = exception('ResourceNotFoundException');
export const TableNotFoundException = exception('TableNotFoundException');
export const ThrottlingException = exception('ThrottlingException');
export const TransactionCanceledException = exception('TransactionCanceledException');
export const TransactionConflictException = exception('TransactionConflictException');
export const TransactionInProgressException = exception('TransactionInProgressException');
