// DynamoDB as the SDKs of AWS have it, over the host's client: requests and answers in their words, for both generations.
//
// A codec says how a client has its items: `write` makes attribute values of one, `read` makes one of what the host answered, and
// `missing` makes the error for a part of a request that is not there.
import { translated } from './errors.js';
import { itemText } from './items.js';

const { host } = globalThis.__mayfly;

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

/** An update without an expression writes an item of its key where there is none. The host takes no empty expression. */
function withExpression(request) {
  if (request.UpdateExpression !== undefined) return request;
  const ExpressionAttributeNames = { ...request.ExpressionAttributeNames, '#mayflyNothing': 'mayfly:nothing' };
  return { ...request, ExpressionAttributeNames, UpdateExpression: 'REMOVE #mayflyNothing' };
}

/** What an expression consists of: words, placeholders, and every other character by itself. */
const WORDS = /[#:]?\w+|\S/g;

/** The names of the attributes that an update changes. Where it changes a part of one, that part would have to be cut out of the item. */
function updatedNames(request) {
  const names = new Set();
  const words = request.UpdateExpression?.match(WORDS) ?? [];
  let depth = 0;
  words.forEach((word, at) => {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    const begins = depth === 0 && /^(,|set|remove|add|delete)$/i.test(word);
    if (!begins) return;
    const [name, next] = words.slice(at + 1);
    if (next === '.' || next === '[') {
      throw new Error(`ReturnValues "UPDATED_NEW" is not available in resolvers where \`${name}\` is updated in parts; use "ALL_NEW"`);
    }
    names.add(name?.startsWith('#') ? request.ExpressionAttributeNames?.[name] : name);
  });
  return names;
}

/** What an update gives of an item as it is afterwards. */
function updated(request, attributes) {
  const names = updatedNames(request);
  const kept = Object.entries(attributes).filter(([name]) => names.has(name));
  return kept.length === 0 ? {} : { Attributes: Object.fromEntries(kept) };
}

/** Refuses a selection that is neither a count nor what a query gives anyway. */
function checkSelect({ Select, IndexName }) {
  const whole = IndexName === undefined ? 'ALL_ATTRIBUTES' : 'ALL_PROJECTED_ATTRIBUTES';
  if ([undefined, 'COUNT', 'SPECIFIC_ATTRIBUTES', whole].includes(Select)) return;
  throw new Error(`Select "${Select}" of query is not available in resolvers; leave it out, or use "COUNT"`);
}

/** Asks for numbers that keep all of their digits. */
const EXACT = { exact: true };

function operations({ write, read, missing }) {
  const written = (request, name) => {
    if (request[name] === undefined || request[name] === null) throw missing(name);
    return itemText(write(request[name]));
  };
  const values = (request) => (request.ExpressionAttributeValues === undefined ? '' : written(request, 'ExpressionAttributeValues'));
  const expression = (request, text, ...others) => ({ text, names: used(request.ExpressionAttributeNames, text, ...others), values: values(request) });
  const condition = (request) => (request.ConditionExpression === undefined ? undefined : expression(request, request.ConditionExpression));
  const put = (request) => ({ ...EXACT, action: 'put', table: request.TableName, item: written(request, 'Item'), condition: condition(request) });
  const update = (given) => {
    const request = withExpression(given);
    return {
      ...EXACT,
      action: 'update',
      table: request.TableName,
      key: written(request, 'Key'),
      update: expression(request, request.UpdateExpression, request.ConditionExpression),
      condition: request.ConditionExpression,
    };
  };
  const remove = (request) => ({ ...EXACT, action: 'delete', table: request.TableName, key: written(request, 'Key'), condition: condition(request) });
  const check = (request) => ({ action: 'check', table: request.TableName, key: written(request, 'Key'), condition: expression(request, request.ConditionExpression) });
  const returned = (request, item) => {
    if (item === null || (request.ReturnValues ?? 'NONE') === 'NONE') return {};
    return request.ReturnValues === 'UPDATED_NEW' ? updated(request, read(item)) : { Attributes: read(item) };
  };
  /** Said before anything is written. */
  const checkReturned = (request, ...kinds) => {
    const wanted = request.ReturnValues ?? 'NONE';
    if (wanted !== 'NONE' && !kinds.includes(wanted)) {
      throw new Error(`ReturnValues "${wanted}" is not available in resolvers; use "${kinds.join('" or "')}"`);
    }
    if (wanted === 'UPDATED_NEW') updatedNames(request);
  };

  return {
    async get(request) {
      const item = await host.dynamodbGet(request.TableName, written(request, 'Key'), { ...EXACT, consistent: request.ConsistentRead === true, attributes: attributes(request) });
      return item === null ? {} : { Item: read(item) };
    },
    async batchGet(request) {
      const entries = Object.entries(request.RequestItems);
      const found = await Promise.all(entries.map(([table, wanted]) => host.dynamodbBatchGet(table, wanted.Keys.map((key) => itemText(write(key))), {
        ...EXACT,
        consistent: wanted.ConsistentRead === true,
        attributes: attributes(wanted),
      })));
      const Responses = Object.fromEntries(entries.map(([table], at) => [table, found[at].filter((item) => item !== null).map(read)]));
      return { Responses, UnprocessedKeys: {} };
    },
    async query(request) {
      refuse('query', request, ['KeyConditions', 'QueryFilter']);
      checkSelect(request);
      const { items, lastKey } = await host.dynamodbQuery({
        ...EXACT,
        table: request.TableName,
        index: request.IndexName,
        keyCondition: expression(request, request.KeyConditionExpression, request.FilterExpression),
        filter: request.FilterExpression,
        consistent: request.ConsistentRead === true,
        attributes: attributes(request),
        limit: request.Limit,
        ascending: request.ScanIndexForward !== false,
        startKey: request.ExclusiveStartKey === undefined || request.ExclusiveStartKey === null ? undefined : written(request, 'ExclusiveStartKey'),
      });
      const counts = { Count: items.length, ScannedCount: items.length };
      const page = request.Select === 'COUNT' ? counts : { Items: items.map(read), ...counts };
      return lastKey === null ? page : { ...page, LastEvaluatedKey: read(lastKey) };
    },
    async put(request) {
      checkReturned(request, 'ALL_OLD');
      return returned(request, await host.dynamodbPut(put(request)));
    },
    async update(request) {
      refuse('update', request, ['AttributeUpdates', 'Expected']);
      checkReturned(request, 'ALL_NEW', 'UPDATED_NEW');
      return returned(request, await host.dynamodbUpdate(update(request)));
    },
    async delete(request) {
      checkReturned(request, 'ALL_OLD');
      return returned(request, await host.dynamodbDelete(remove(request)));
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
export function client(codec) {
  const available = operations(codec);
  const made = {};
  for (const [name, run] of Object.entries(available)) {
    made[name] = async (request) => {
      try {
        return await run(request ?? {});
      } catch (error) {
        throw translated(error);
      }
    };
  }
  for (const name of MISSING) {
    made[name] = async () => {
      throw new Error(`${name} is not available in resolvers; there are ${Object.keys(available).join(', ')}`);
    };
  }
  return made;
}
