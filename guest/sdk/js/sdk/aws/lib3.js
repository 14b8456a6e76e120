// `@aws-sdk/lib-dynamodb`, the third generation: commands with plain values.
import { Command } from './client3.js';

const named = (operation) => class extends Command {
  static operation = operation;
};
export const GetCommand = named('get');
export const BatchGetCommand = named('batchGet');
export const QueryCommand = named('query');
export const PutCommand = named('put');
export const UpdateCommand = named('update');
export const DeleteCommand = named('delete');
export const TransactWriteCommand = named('transactWrite');
export const ScanCommand = named('scan');
export const BatchWriteCommand = named('batchWrite');
export const TransactGetCommand = named('transactGet');

export class DynamoDBDocumentClient {
  #client;
  #options;
  constructor(client, { marshallOptions = {} } = {}) {
    this.#client = client;
    this.#options = {
      removeUndefined: marshallOptions.removeUndefinedValues === true,
      convertClasses: marshallOptions.convertClassInstanceToMap === true,
    };
    this.config = client.config;
  }
  static from(client, translate) { return new this(client, translate); }
  send(command, ...rest) {
    const answer = this.#client.sendPlain(command, this.#options);
    const callback = rest.at(-1);
    if (typeof callback !== 'function') return answer;
    answer.then((found) => callback(null, found), (error) => callback(error));
  }
  destroy() {}
}

export class DynamoDBDocument extends DynamoDBDocumentClient {
  get(input) { return this.send(new GetCommand(input)); }
  batchGet(input) { return this.send(new BatchGetCommand(input)); }
  query(input) { return this.send(new QueryCommand(input)); }
  put(input) { return this.send(new PutCommand(input)); }
  update(input) { return this.send(new UpdateCommand(input)); }
  delete(input) { return this.send(new DeleteCommand(input)); }
  transactWrite(input) { return this.send(new TransactWriteCommand(input)); }
}

/** Pages of a query, as `for await` takes them. */
export async function* paginateQuery({ client, startingToken }, input) {
  let ExclusiveStartKey = startingToken ?? input.ExclusiveStartKey;
  do {
    const page = await client.send(new QueryCommand({ ...input, ExclusiveStartKey }));
    yield page;
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
}
