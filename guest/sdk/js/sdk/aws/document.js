// DynamoDB as the SDKs of AWS have it, over the host's client: requests and answers in their words, for both generations.
import { Buffer } from '../node/buffer.js';

const { host } = globalThis.__mayfly;

/** How the host's errors are called by AWS, and with which status. */
const ERRORS = {
  denied: ['AccessDeniedException', 400],
  invalid: ['ValidationException', 400],
  'not-found': ['ResourceNotFoundException', 400],
  'condition-failed': ['ConditionalCheckFailedException', 400],
  conflict: ['TransactionConflictException', 400],
  throttled: ['ProvisionedThroughputExceededException', 400],
  unavailable: ['ServiceUnavailable', 503],
  deadline: ['TimeoutError', 500],
  'outcome-unknown': ['InternalServerError', 500],
};

/** What AWS says of them, where it always says the same. */
const MESSAGES = {
  ConditionalCheckFailedException: 'The conditional request failed',
  ResourceNotFoundException: 'Requested resource not found',
};

/** An error of the host, as AWS would tell it. */
function translated(error, transaction) {
  const [name, status] = ERRORS[error?.code] ?? ['InternalServerError', 500];
  if (typeof error?.code !== 'string') return error;
  const called = transaction && ['condition-failed', 'conflict'].includes(error.code) ? 'TransactionCanceledException' : name;
  const made = new Error(MESSAGES[called] ?? error.message, { cause: error });
  Object.defineProperty(made, 'name', { value: called, writable: true, configurable: true });
  return Object.assign(made, { code: called, statusCode: status, retryable: error.retryable, $retryable: error.retryable ? {} : undefined, $metadata: { httpStatusCode: status } });
}

/** The document client's set, in the second generation of the SDK. */
export class DocumentSet {
  constructor(values) {
    this.values = [...values];
    this.wrapperName = 'Set';
    this.type = typeof this.values[0] === 'number' ? 'Number' : typeof this.values[0] === 'string' ? 'String' : 'Binary';
  }
  toJSON() { return this.values; }
}

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const isPlain = (value) => [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** A value as the host takes it. */
function outgoing(value, options) {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  if (typeof value === 'bigint') return whole(value);
  if (value instanceof Set || value instanceof DocumentSet) return setOf(value instanceof Set ? [...value] : value.values);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { $binary: base64(value) };
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map((item) => outgoing(item, options));
  if (typeof value !== 'object') throw new Error(`Unsupported type passed: ${typeof value}. Pass options.removeUndefinedValues=true to remove undefined values from map/array/set.`);
  if (!isPlain(value) && !options.convertClasses) {
    throw new Error(`Unsupported type passed: ${value.constructor?.name}. Pass options.convertClassInstanceToMap=true to marshall typeof object as map attribute.`);
  }
  const entries = Object.entries(value).filter(([key, item]) => item !== undefined || missing(key, options));
  const keys = entries.map(([key]) => key);
  const escape = keys.length === 1 && keys[0].startsWith('$') ? '$' : '';
  return Object.fromEntries(entries.map(([key, item]) => [`${escape}${key}`, outgoing(item, options)]));
}

function whole(value) {
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new Error(`${value} has more digits than a number of JavaScript keeps; store it as text`);
}

function missing(key, options) {
  if (options.removeUndefined) return false;
  throw new Error(`Pass options.removeUndefinedValues=true to remove undefined values from map/array/set. (\`${key}\` is undefined)`);
}

function setOf(values) {
  if (values.length === 0) throw new Error('Pass a non-empty set, or options.convertEmptyValues=true.');
  if (values.every((value) => typeof value === 'string')) return { $stringSet: values };
  if (values.every((value) => ['number', 'bigint'].includes(typeof value))) return { $numberSet: values.map(Number) };
  return { $binarySet: values.map(base64) };
}

/** A value of the host, as the SDK gives it. */
function incoming(value, options) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => incoming(item, options));
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0].startsWith('$')) {
    const [key] = keys;
    const inner = value[key];
    const made = (items) => (options.documentSets ? new DocumentSet(items) : new Set(items));
    switch (key) {
      case '$binary': return options.documentSets ? Buffer.from(inner, 'base64') : new Uint8Array(Buffer.from(inner, 'base64'));
      case '$stringSet': return made(inner);
      case '$numberSet': return made(inner.map(Number));
      case '$binarySet': return made(inner.map((item) => Buffer.from(item, 'base64')));
      default: return { [key.slice(1)]: incoming(inner, options) };
    }
  }
  for (const key of keys) value[key] = incoming(value[key], options);
  return value;
}

/** What of a request there is no way to ask the host for. */
function refuse(operation, request, names) {
  for (const name of names) {
    if (request[name] !== undefined) throw new Error(`${name} of ${operation} is not available in resolvers`);
  }
}

/** A projection as a list of attributes; parts of attributes cannot be asked for. */
function attributes(request) {
  if (request.AttributesToGet !== undefined) return request.AttributesToGet;
  if (request.ProjectionExpression === undefined) return [];
  return request.ProjectionExpression.split(',').map((part) => {
    const name = part.trim();
    if (/[.[]/.test(name)) throw new Error(`ProjectionExpression: \`${name}\` is a part of an attribute; resolvers fetch whole ones`);
    if (!name.startsWith('#')) return name;
    const given = request.ExpressionAttributeNames?.[name];
    if (given === undefined) throw new Error(`ProjectionExpression: \`${name}\` is not in ExpressionAttributeNames`);
    return given;
  });
}

/** The names an expression uses: the host refuses others, and those of the projection are replaced already. */
function used(names, ...texts) {
  const all = texts.filter(Boolean).join(' ');
  const kept = Object.entries(names ?? {}).filter(([name]) => new RegExp(`${name.replace('#', '#')}(?![\\w])`).test(all));
  return kept.length === 0 ? '' : JSON.stringify(Object.fromEntries(kept));
}

function operations(options) {
  const out = (value) => JSON.stringify(outgoing(value, options));
  const back = (value) => incoming(value, options);
  const values = (request) => (request.ExpressionAttributeValues === undefined ? '' : JSON.stringify(Object.fromEntries(
    Object.entries(request.ExpressionAttributeValues).map(([name, value]) => [name, outgoing(value, options)]))));
  const expression = (request, text, ...others) => ({ text, names: used(request.ExpressionAttributeNames, text, ...others), values: values(request) });
  const condition = (request) => (request.ConditionExpression === undefined ? undefined : expression(request, request.ConditionExpression));
  const put = (request) => ({ action: 'put', table: request.TableName, item: out(request.Item), condition: condition(request) });
  const update = (request) => ({
    action: 'update',
    table: request.TableName,
    key: out(request.Key),
    update: expression(request, request.UpdateExpression, request.ConditionExpression),
    condition: request.ConditionExpression,
  });
  const remove = (request) => ({ action: 'delete', table: request.TableName, key: out(request.Key), condition: condition(request) });
  const check = (request) => ({ action: 'check', table: request.TableName, key: out(request.Key), condition: expression(request, request.ConditionExpression) });
  const returned = (request, kind, item) => {
    const wanted = request.ReturnValues ?? 'NONE';
    if (wanted === 'NONE') return {};
    if (wanted !== kind) throw new Error(`ReturnValues "${wanted}" is not available in resolvers; use "${kind}"`);
    return item === null ? {} : { Attributes: back(item) };
  };
  /** Said before anything is written. */
  const checkReturned = (request, kind) => {
    if (!['NONE', undefined, kind].includes(request.ReturnValues)) returned(request, kind, null);
  };

  return {
    async get(request) {
      const item = await host.dynamodbGet(request.TableName, out(request.Key), { consistent: request.ConsistentRead === true, attributes: attributes(request) });
      return item === null ? {} : { Item: back(item) };
    },
    async batchGet(request) {
      const entries = Object.entries(request.RequestItems);
      const found = await Promise.all(entries.map(([table, wanted]) => host.dynamodbBatchGet(table, wanted.Keys.map(out), {
        consistent: wanted.ConsistentRead === true,
        attributes: attributes(wanted),
      })));
      const Responses = Object.fromEntries(entries.map(([table], at) => [table, found[at].filter((item) => item !== null).map(back)]));
      return { Responses, UnprocessedKeys: {} };
    },
    async query(request) {
      refuse('query', request, ['Select', 'KeyConditions', 'QueryFilter']);
      const { items, lastKey } = await host.dynamodbQuery({
        table: request.TableName,
        index: request.IndexName,
        keyCondition: expression(request, request.KeyConditionExpression, request.FilterExpression),
        filter: request.FilterExpression,
        consistent: request.ConsistentRead === true,
        attributes: attributes(request),
        limit: request.Limit,
        ascending: request.ScanIndexForward !== false,
        startKey: request.ExclusiveStartKey === undefined || request.ExclusiveStartKey === null ? undefined : out(request.ExclusiveStartKey),
      });
      const page = { Items: items.map(back), Count: items.length, ScannedCount: items.length };
      return lastKey === null ? page : { ...page, LastEvaluatedKey: back(lastKey) };
    },
    async put(request) {
      checkReturned(request, 'ALL_OLD');
      return returned(request, 'ALL_OLD', await host.dynamodbPut(put(request)));
    },
    async update(request) {
      refuse('update', request, ['AttributeUpdates', 'Expected']);
      checkReturned(request, 'ALL_NEW');
      return returned(request, 'ALL_NEW', await host.dynamodbUpdate(update(request)));
    },
    async delete(request) {
      checkReturned(request, 'ALL_OLD');
      return returned(request, 'ALL_OLD', await host.dynamodbDelete(remove(request)));
    },
    async transactWrite(request) {
      const items = request.TransactItems.map((item) => {
        if (item.Put) return put(item.Put);
        if (item.Update) return update(item.Update);
        if (item.Delete) return remove(item.Delete);
        return check(item.ConditionCheck);
      });
      await host.dynamodbTransactWrite(items, request.ClientRequestToken);
      return {};
    },
  };
}

const MISSING = ['scan', 'batchWrite', 'transactGet', 'createTable', 'describeTable', 'listTables', 'deleteTable', 'executeStatement'];

/** The operations, each with its errors in AWS's words; those that there are not say so when they are called. */
export function client(options) {
  const made = {};
  for (const [name, run] of Object.entries(operations(options))) {
    made[name] = async (request) => {
      try {
        return await run(request ?? {});
      } catch (error) {
        throw translated(error, name === 'transactWrite');
      }
    };
  }
  for (const name of MISSING) {
    made[name] = async () => {
      throw new Error(`${name} is not available in resolvers; there are ${Object.keys(operations(options)).join(', ')}`);
    };
  }
  return made;
}
