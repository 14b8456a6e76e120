// `@aws-sdk/lib-dynamodb`, the third generation: commands with plain values.
import { count, missing, named, pagesOf, paginateScan, send } from './client3.js';
import { client } from './document.js';
import { bytes, plain } from './items.js';
import { NumberValueImpl, convertToAttr, numberOf } from './values.js';

export { NumberValueImpl as NumberValue, paginateScan };

export const GetCommand = named('get', 'GetCommand');
export const BatchGetCommand = named('batchGet', 'BatchGetCommand');
export const QueryCommand = named('query', 'QueryCommand');
export const PutCommand = named('put', 'PutCommand');
export const UpdateCommand = named('update', 'UpdateCommand');
export const DeleteCommand = named('delete', 'DeleteCommand');
export const TransactWriteCommand = named('transactWrite', 'TransactWriteCommand');
export const ScanCommand = named('scan', 'ScanCommand');
export const BatchWriteCommand = named('batchWrite', 'BatchWriteCommand');
export const TransactGetCommand = named('transactGet', 'TransactGetCommand');

/** As AWS's own: attributes that are undefined or functions are left out of an item; deeper down the options decide. */
function attributesOf(item, options) {
  const entries = Object.entries(item).filter(([, value]) => value !== undefined && typeof value !== 'function');
  return Object.fromEntries(entries.map(([name, value]) => [name, convertToAttr(value, options)]));
}

/** Most numbers are what they are: there are many in an answer. */
const isAsItIs = (number, { wrapNumbers }) => !wrapNumbers && typeof number === 'number' && Math.abs(number) <= Number.MAX_SAFE_INTEGER;

const codec = (marshallOptions, options) => ({
  write: (item) => attributesOf(item, marshallOptions),
  read: (item) => plain(item, { number: (number) => (isAsItIs(number, options) ? number : numberOf(String(number), options)), binary: bytes, set: (values) => new Set(values) }),
  missing,
  count,
});

export class DynamoDBDocumentClient {
  #operations;
  constructor(client3, { marshallOptions = {}, unmarshallOptions = {} } = {}) {
    this.#operations = client(codec(marshallOptions, unmarshallOptions));
    this.config = client3.config;
    this.middlewareStack = client3.middlewareStack;
  }
  static from(client3, translate) { return new this(client3, translate); }
  send(command, ...rest) { return send(this.#operations, this.middlewareStack, command, rest); }
  destroy() {}
}

export class DynamoDBDocument extends DynamoDBDocumentClient {
  get(input, ...rest) { return this.send(new GetCommand(input), ...rest); }
  batchGet(input, ...rest) { return this.send(new BatchGetCommand(input), ...rest); }
  query(input, ...rest) { return this.send(new QueryCommand(input), ...rest); }
  put(input, ...rest) { return this.send(new PutCommand(input), ...rest); }
  update(input, ...rest) { return this.send(new UpdateCommand(input), ...rest); }
  delete(input, ...rest) { return this.send(new DeleteCommand(input), ...rest); }
  transactWrite(input, ...rest) { return this.send(new TransactWriteCommand(input), ...rest); }
  scan(input, ...rest) { return this.send(new ScanCommand(input), ...rest); }
  batchWrite(input, ...rest) { return this.send(new BatchWriteCommand(input), ...rest); }
  transactGet(input, ...rest) { return this.send(new TransactGetCommand(input), ...rest); }
}

export const paginateQuery = pagesOf(QueryCommand);
