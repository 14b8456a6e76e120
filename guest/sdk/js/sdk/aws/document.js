// DynamoDB as the SDKs of AWS have it, over the host's client: requests and answers in their words, for both generations.
//
// A codec says how a client has its items: `write` makes attribute values of one, and `read` makes one of what the host answered.
// `missing` makes the error for parts of a request that are not there, and `count` a number of what is given as one.
import { invalid, serviceError, translated, unexpected, unsatisfied } from './errors.js';
import { itemText } from './items.js';

const { host } = globalThis.__mayfly;

/** What of a request there is no way to ask the host for. */
function refuse(operation, request, names) {
  for (const name of names) {
    if (request[name] !== undefined) throw new Error(`${name} of ${operation} is not available in resolvers`);
  }
}

/** The parts of a request that are there: to AWS's clients null is as good as undefined. */
const present = (request) => Object.fromEntries(Object.entries(request ?? {}).filter(([, value]) => value !== undefined && value !== null));

/** What a request has to have. */
const REQUIRED = {
  get: ['TableName', 'Key'],
  batchGet: ['RequestItems'],
  query: ['TableName'],
  put: ['TableName', 'Item'],
  update: ['TableName', 'Key'],
  delete: ['TableName', 'Key'],
  transactWrite: ['TransactItems'],
};

/** What the parts of a transaction have to have. */
const REQUIRED_OF_ITEMS = {
  Put: ['Item', 'TableName'],
  Update: ['Key', 'UpdateExpression', 'TableName'],
  Delete: ['Key', 'TableName'],
  ConditionCheck: ['Key', 'ConditionExpression', 'TableName'],
};

/** Checks what the host would refuse with an error of its own: that there is a name of a table, and that it is text. */
function checkRequired(request, names, missing, places = {}) {
  const absent = names.filter((name) => request[name] === undefined);
  if (absent.length > 0) throw missing(absent, places);
  const kind = typeof request.TableName;
  if (names.includes('TableName') && kind !== 'string') {
    throw serviceError('SerializationException', kind === 'object' ? 'Unexpected value type in payload' : `${kind.toUpperCase()}_VALUE cannot be converted to String`);
  }
}

/** A key as the host's text, the same however its attributes are ordered. */
function keyText(attributes) {
  if (Object(attributes) !== attributes) throw unexpected();
  const entries = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [name, attribute] of entries) {
    const kind = attribute?.S === '' ? 'string' : attribute?.B?.byteLength === 0 ? 'binary' : undefined;
    if (kind !== undefined) throw invalid(`One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`);
  }
  return itemText(Object.fromEntries(entries));
}

/** Refuses what no answer of the host can give: its errors carry texts, and no items. */
function checkFailureValues(request, operation) {
  const { ReturnValuesOnConditionCheckFailure: wanted = 'NONE' } = request;
  if (wanted === 'NONE') return;
  throw new Error(`ReturnValuesOnConditionCheckFailure "${wanted}" of ${operation} is not available in resolvers; leave it out, and read the item after the condition failed`);
}

/** Keys of a batch and items of a transaction, at most. */
const MAX_ELEMENTS = 100;

/** Refuses a number of elements that DynamoDB does not take. */
function checkLength(length, place, value) {
  if (length === 0) throw unsatisfied([{ value, place, rule: 'have length greater than or equal to 1' }]);
  if (length > MAX_ELEMENTS) throw unsatisfied([{ place, rule: `have length less than or equal to ${MAX_ELEMENTS}` }]);
}

/** Refuses a limit that DynamoDB does not take. */
function atLeastOne(limit) {
  if (limit < 1) throw unsatisfied([{ value: `'${limit}'`, place: 'limit', rule: 'have value greater than or equal to 1' }]);
  return limit;
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

/** A name as errors of validation have it. */
export const lowered = (name) => name[0].toLowerCase() + name.slice(1);

/** Asks for numbers that keep all of their digits. */
const EXACT = { exact: true };

function operations({ write, read, missing, count }) {
  const written = (request, name) => itemText(write(request[name]));
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
      key: keyText(write(request.Key)),
      update: expression(request, request.UpdateExpression, request.ConditionExpression),
      condition: request.ConditionExpression,
    };
  };
  const remove = (request) => ({ ...EXACT, action: 'delete', table: request.TableName, key: keyText(write(request.Key)), condition: condition(request) });
  const check = (request) => ({ action: 'check', table: request.TableName, key: keyText(write(request.Key)), condition: expression(request, request.ConditionExpression) });
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

  const MAKERS = { Put: put, Update: update, Delete: remove, ConditionCheck: check };
  const transactItem = (item, at) => {
    const [[kind, given] = []] = Object.entries(present(item));
    if (MAKERS[kind] === undefined) throw invalid('Invalid Request: TransactWriteRequest should contain Delete or Put or Update request');
    const request = present(given);
    checkRequired(request, REQUIRED_OF_ITEMS[kind], missing, { second: `.TransactItems[${at}].${kind}`, third: `transactItems.${at + 1}.member.${lowered(kind)}.` });
    checkFailureValues(request, `${kind} in transactWrite`);
    return MAKERS[kind](request);
  };
  /** The keys of a batch, by table, as texts. */
  const batchKeys = (tables) => {
    const entries = Object.entries(tables);
    checkLength(entries.length, 'requestItems', "'{}'");
    return entries.map(([table, wanted]) => {
      checkRequired(present(wanted), ['Keys'], missing, { second: `.RequestItems['${table}']`, third: `requestItems.${table}.member.` });
      checkLength(wanted.Keys.length, `requestItems.${table}.member.keys`);
      const keys = wanted.Keys.map((key) => keyText(write(key)));
      if (new Set(keys).size < keys.length) throw invalid('Provided list of item keys contains duplicates');
      return keys;
    });
  };

  return {
    async get(request) {
      const item = await host.dynamodbGet(request.TableName, keyText(write(request.Key)), { ...EXACT, consistent: request.ConsistentRead === true, attributes: attributes(request) });
      return item === null ? {} : { Item: read(item) };
    },
    async batchGet(request) {
      const entries = Object.entries(request.RequestItems);
      const keys = batchKeys(request.RequestItems);
      if (keys.flat().length > MAX_ELEMENTS) throw invalid('Too many items requested for the BatchGetItem call');
      const found = await Promise.all(entries.map(([table, wanted], at) => host.dynamodbBatchGet(table, keys[at], {
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
      if (request.KeyConditionExpression === undefined) throw invalid('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
      const { items, lastKey } = await host.dynamodbQuery({
        ...EXACT,
        table: request.TableName,
        index: request.IndexName,
        keyCondition: expression(request, request.KeyConditionExpression, request.FilterExpression),
        filter: request.FilterExpression,
        consistent: request.ConsistentRead === true,
        attributes: attributes(request),
        limit: atLeastOne(count(request.Limit)),
        ascending: request.ScanIndexForward !== false,
        startKey: request.ExclusiveStartKey === undefined ? undefined : written(request, 'ExclusiveStartKey'),
      });
      const counts = { Count: items.length, ScannedCount: items.length };
      const page = request.Select === 'COUNT' ? counts : { Items: items.map(read), ...counts };
      return lastKey === null ? page : { ...page, LastEvaluatedKey: read(lastKey) };
    },
    async put(request) {
      checkFailureValues(request, 'put');
      checkReturned(request, 'ALL_OLD');
      return returned(request, await host.dynamodbPut(put(request)));
    },
    async update(request) {
      checkFailureValues(request, 'update');
      refuse('update', request, ['AttributeUpdates', 'Expected']);
      checkReturned(request, 'ALL_NEW', 'UPDATED_NEW');
      return returned(request, await host.dynamodbUpdate(update(request)));
    },
    async delete(request) {
      checkFailureValues(request, 'delete');
      checkReturned(request, 'ALL_OLD');
      return returned(request, await host.dynamodbDelete(remove(request)));
    },
    async transactWrite(request) {
      checkLength(request.TransactItems.length, 'transactItems', "'[]'");
      const items = request.TransactItems.map(transactItem);
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
        const given = present(request);
        checkRequired(given, REQUIRED[name], codec.missing);
        return await run(given);
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
