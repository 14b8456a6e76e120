// What becomes of values on their way to DynamoDB, and what is refused, with both generations of the SDK.
const { DocumentClient, Converter } = require('aws-sdk/clients/dynamodb');
const { DynamoDB, DynamoDBClient, DynamoDBServiceException, GetItemCommand, PutItemCommand, ReturnValue, Select, UpdateItemCommand } = require('@aws-sdk/client-dynamodb');
const { DynamoDBDocumentClient, GetCommand, NumberValue, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } = require('@aws-sdk/lib-dynamodb');
const { marshall, unmarshall } = require('@aws-sdk/util-dynamodb');

const raw = new DynamoDBClient();
// A document client sets its options on the client that it is made from, for every other one too.
const strict = DynamoDBDocumentClient.from(new DynamoDBClient());
const lenient = DynamoDBDocumentClient.from(new DynamoDBClient(), { marshallOptions: { removeUndefinedValues: true, convertEmptyValues: true, convertClassInstanceToMap: true, allowImpreciseNumbers: true } });
const second = new DocumentClient({ apiVersion: '2012-08-10' });
const TableName = process.env.TABLE;
const key = (SK) => ({ PK: 'VALUES', SK });
const rawKey = (SK) => ({ PK: { S: 'VALUES' }, SK: { S: SK } });

class Point { constructor() { this.x = 1; } }

/** With sets, bytes, big numbers and what is not there as JSON. */
const shown = (value) => JSON.parse(JSON.stringify(value, (_, item) => {
  if (item === undefined) return 'undefined';
  if (typeof item === 'bigint') return `${item}n`;
  if (item instanceof Set) return { set: [...item] };
  if (item instanceof Uint8Array) return { bytes: [...item] };
  return item;
}) ?? 'null');
const failed = (error) => `${error.name}: ${error.message}`;
const settled = async (run, told = failed) => {
  try {
    return shown(await run());
  } catch (error) {
    return told(error);
  }
};
const named = (error) => [error.name, error instanceof DynamoDBServiceException];
const all = async (cases, told) => Object.fromEntries(await Promise.all(Object.entries(cases).map(async ([name, run]) => [name, await settled(run, told)])));

const through = (client, SK) => async (v) => {
  await client.send(new PutCommand({ TableName, Item: { ...key(SK), v } }));
  return (await client.send(new GetCommand({ TableName, Key: key(SK) }))).Item.v;
};
const throughSecond = (SK) => async (v) => {
  await second.put({ TableName, Item: { ...key(SK), v } }).promise();
  return (await second.get({ TableName, Key: key(SK) }).promise()).Item.v;
};

/** What an update of an item gives of it. */
async function updatedOf(SK, UpdateExpression, ExpressionAttributeValues, ExpressionAttributeNames) {
  const Key = key(`updated-${SK}`);
  await second.put({ TableName, Item: { ...Key, gone: 1, n: 1, n2: 2, names: second.createSet(['a', 'b']) } }).promise();
  return second.update({ TableName, Key, UpdateExpression, ExpressionAttributeValues, ExpressionAttributeNames, ReturnValues: 'UPDATED_NEW' }).promise();
}

/** A query for one item. */
async function one(SK) {
  await second.put({ TableName, Item: key(SK) }).promise();
  return { TableName, KeyConditionExpression: 'PK = :pk AND SK = :sk', ExpressionAttributeValues: { ':pk': 'VALUES', ':sk': SK } };
}

/** Whether exactly this number is stored under a key: DynamoDB compares all digits. */
async function holds(SK, N) {
  const condition = { ConditionExpression: 'n = :n', ExpressionAttributeValues: { ':n': { N } } };
  await raw.send(new UpdateItemCommand({ TableName, Key: rawKey(SK), UpdateExpression: 'SET seen = :n', ...condition }));
  return true;
}

const VALUES = {
  nan: NaN, infinity: -Infinity, nested: { a: [NaN] }, zero: -0, tiny: 1e-100, fraction: 0.1 + 0.2, above: 2 ** 53 + 2,
  date: new Date(0), point: new Point(), error: new Error('x'), fn: () => 1, fnInside: { f: () => 1, a: [() => 1, 2] }, undefinedInside: { a: undefined }, undefinedInList: [1, undefined],
  map: new Map([['a', 1], ['b', new Map()]]), boxed: [new String('a'), new Number(1), new Boolean(false)], wrapped: new NumberValue('12'),
  texts: new Set(['a', 'b']), numbers: new Set([1, 2]), none: new Set(), booleans: new Set([true]), nanInSet: new Set([NaN]), mixed: new Set(['a', 1]), undefinedInSet: new Set(['a', undefined]),
  bytes: new Uint8Array([0, 255]), empty: '', dollars: [{ $binary: 'aGk=' }, { $$x: { $y: 1 } }, { $stringSet: ['a'] }], nullPrototype: Object.assign(Object.create(null), { a: 1 }), inherited: Object.create({ a: 1 }),
};
const each = (run) => Object.fromEntries(Object.entries(VALUES).map(([name, value]) => [name, () => run(name)(value)]));

const RAW = {
  plain: { PK: 'plain', SK: { S: 'x' } },
  unknown: { ...rawKey('r'), v: { Q: 1 } },
  several: { ...rawKey('r'), v: { S: 'a', N: '1' } },
  notOne: { ...rawKey('r'), v: { N: 'abc' } },
  infinite: { ...rawKey('r'), v: { N: 'Infinity' } },
  noDigits: { ...rawKey('r'), v: { N: '' } },
  noTexts: { ...rawKey('r'), v: { SS: [] } },
  null: { ...rawKey('r'), v: { NULL: true } },
};

const PARTS = {
  strict: () => all(each((name) => through(strict, `strict-${name}`))),
  lenient: () => {
    const { above, ...others } = each((name) => through(lenient, `lenient-${name}`));
    return all(others);
  },
  second: () => {
    const { nan, infinity, nested, nanInSet, boxed, none, booleans, mixed, undefinedInSet, texts, numbers, map, wrapped, ...others } = each((name) => throughSecond(`second-${name}`));
    return all({
      ...others,
      set: () => throughSecond('second-set')(second.createSet([2, 1])),
      texts: () => throughSecond('second-texts')(second.createSet(['b', 'a'])),
      noSet: () => second.createSet([]),
      validated: () => second.createSet(['a', 1], { validate: true }),
      noKey: () => second.get({ TableName }).promise(),
    });
  },
  refusedSecond: () => all({
    nan: () => throughSecond('second-nan')(NaN),
    infinity: () => throughSecond('second-infinity')({ a: [Infinity] }),
    expression: () => second.update({ TableName, Key: key('second-nan'), UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': NaN } }).promise(),
  }, (error) => error.code),
  refused: () => all(Object.fromEntries(Object.entries(RAW).map(([name, Item]) => [name, () => raw.send(new PutItemCommand({ TableName, Item })).then(() => 'stored')])), named),
  expressions: () => all({
    nan: () => strict.send(new UpdateCommand({ TableName, Key: key('e'), UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': Number('12,50') } })),
    undefined: () => strict.send(new UpdateCommand({ TableName, Key: key('e'), UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': undefined } })).catch((error) => error.name),
    none: async () => (await strict.send(new UpdateCommand({ TableName, Key: key('none'), ReturnValues: ReturnValue.ALL_NEW }))).Attributes,
    noneWithCondition: async () => (await strict.send(new UpdateCommand({ TableName, Key: key('noneWithCondition'), ConditionExpression: 'attribute_not_exists(#sk)', ExpressionAttributeNames: { '#sk': 'SK' }, ReturnValues: 'ALL_NEW' }))).Attributes,
    noneOfSecond: async () => (await second.update({ TableName, Key: key('none2'), ReturnValues: 'ALL_NEW' }).promise()).Attributes,
  }),
  updated: () => all({
    some: () => updatedOf('some', 'SET #a = if_not_exists(#a, :one), l1 = list_append(:l, :l), n2 = :one REMOVE gone ADD n :one', { ':one': 1, ':l': ['x'] }, { '#a': 'a.b' }),
    removed: () => updatedOf('removed', 'REMOVE gone'),
    lower: () => updatedOf('lower', 'set n2=:one+:one add n :one', { ':one': 1 }),
    set: () => updatedOf('set', 'SET n3 = n2 DELETE #s :s', { ':s': second.createSet(['b']) }, { '#s': 'names' }),
    third: async () => (await strict.send(new UpdateCommand({ TableName, Key: key('updated'), UpdateExpression: 'SET n2 = :n', ExpressionAttributeValues: { ':n': 5 }, ReturnValues: ReturnValue.UPDATED_NEW }))).Attributes,
    raw: async () => (await raw.send(new UpdateItemCommand({ TableName, Key: rawKey('updated-raw'), UpdateExpression: 'SET n2 = :n', ExpressionAttributeValues: { ':n': { N: '6' } }, ReturnValues: 'UPDATED_NEW' }))).Attributes,
  }),
  selected: () => all({
    counted: async () => second.query({ ...await one('counted'), Select: 'COUNT' }).promise(),
    third: async () => { const { Count, Items } = await strict.send(new QueryCommand({ ...await one('counted-3'), Select: Select.COUNT })); return [Count, Items]; },
    all: async () => (await second.query({ ...await one('counted-all'), Select: 'ALL_ATTRIBUTES' }).promise()).Items,
    specific: async () => (await second.query({ ...await one('counted-some'), Select: 'SPECIFIC_ATTRIBUTES', ProjectionExpression: 'SK' }).promise()).Items,
  }),
  digitsRead: () => {
    const numbers = { n: { N: '9007199254740993' }, negative: { N: '-12345678901234567890' }, fraction: { N: '0.12345678901234567890123456789' }, point: { N: '1234567890.123456789' }, sum: { N: '0.30000000000000004' }, safe: { N: '9007199254740991' } };
    const Item = { ...rawKey('digits'), ...numbers, text: { S: '9007199254740993, "12345678901234567890"\\' }, l: { L: [{ N: '1' }, numbers.n] }, m: { M: numbers }, only: { M: { $number: { N: '5' } } }, s: { NS: ['9007199254740993', '2'] } };
    const replaced = (_, inner) => (inner instanceof Set ? ['set', ...inner].sort() : typeof inner === 'bigint' ? `${inner}n` : inner);
    const told = (value) => JSON.parse(JSON.stringify(value, replaced));
    const wrapping = (wrapNumbers) => DynamoDBDocumentClient.from(raw, { unmarshallOptions: { wrapNumbers } });
    const read = async (client) => told((await client.send(new GetCommand({ TableName, Key: key('digits') }))).Item);
    return raw.send(new PutItemCommand({ TableName, Item })).then(() => all({
      raw: async () => { const found = (await raw.send(new GetItemCommand({ TableName, Key: rawKey('digits') }))).Item; found.s.NS.sort(); return found; },
      third: () => read(strict),
      wrapped: () => read(wrapping(true)),
      wrappedBy: () => read(wrapping((text) => `<${text}>`)),
      second: async () => told((await second.get({ TableName, Key: key('digits') }).promise()).Item),
      queried: async () => told((await strict.send(new QueryCommand({ TableName, KeyConditionExpression: 'PK = :pk AND SK = :sk', ExpressionAttributeValues: { ':pk': 'VALUES', ':sk': 'digits' } }))).Items),
      updated: async () => told((await strict.send(new UpdateCommand({ TableName, Key: key('more digits'), UpdateExpression: 'ADD n :one', ExpressionAttributeValues: { ':one': 9007199254740993n }, ReturnValues: 'ALL_NEW' }))).Attributes.n),
    }));
  },
  digits: () => all({
    raw: () => raw.send(new PutItemCommand({ TableName, Item: { ...rawKey('raw'), n: { N: '9007199254740993' } } })).then(() => holds('raw', '9007199254740993')),
    other: () => holds('raw', '9007199254740992').catch((error) => error.name),
    written: () => raw.send(new PutItemCommand({ TableName, Item: { ...rawKey('written'), n: { N: '+0012.50e1' } } })).then(() => holds('written', '125')),
    bigint: () => strict.send(new PutCommand({ TableName, Item: { ...key('bigint'), n: 12345678901234567890n } })).then(() => holds('bigint', '12345678901234567890')),
    wrapped: () => strict.send(new PutCommand({ TableName, Item: { ...key('wrapped'), n: NumberValue.from('0.12345678901234567890123456789') } })).then(() => holds('wrapped', '0.12345678901234567890123456789')),
    set: () => strict.send(new PutCommand({ TableName, Item: { ...key('set'), s: new Set([9007199254740993n]), n: 1 } })).then(async () => {
      await raw.send(new UpdateItemCommand({ TableName, Key: rawKey('set'), UpdateExpression: 'SET seen = :s', ConditionExpression: 's = :s', ExpressionAttributeValues: { ':s': { NS: ['9007199254740993'] } } }));
      return true;
    }),
  }),
  marshalled: () => all({
    date: () => marshall({ d: new Date(0) }), classes: () => marshall(new Point(), { convertClassInstanceToMap: true }), nan: () => marshall({ a: NaN }), undefined: () => marshall({ a: undefined }), fn: () => marshall({ f: () => 1 }),
    empty: () => marshall({ a: '', s: new Set(), b: new Uint8Array(0) }, { convertEmptyValues: true }), text: () => marshall('a'), list: () => marshall([1, 'a']), top: () => marshall({ a: 1 }, { convertTopLevelContainer: true }),
    large: () => marshall({ a: 2 ** 60 }), small: () => marshall({ a: -(2 ** 60) }), imprecise: () => marshall({ a: 2 ** 60 }, { allowImpreciseNumbers: true }), bigint: () => marshall({ a: 2n ** 64n, s: new Set([2n ** 65n]) }), noSet: () => marshall({ s: new Set() }), mixed: () => marshall({ s: new Set([1, 'a']) }), map: () => marshall(new Map([['a', new Map()]])),
    plain: () => unmarshall({ a: { N: '1' }, b: { S: '' }, c: { L: [{ M: {} }] }, d: { NS: ['1'] }, e: { NULL: true }, f: { B: new Uint8Array([1]) } }), big: () => unmarshall({ a: { N: '12345678901234567890' } }), wrapped: () => unmarshall({ a: { N: '12345678901234567890' } }, { wrapNumbers: true }).a.toString(), asText: () => unmarshall({ a: { N: '1.50' } }, { wrapNumbers: (text) => `<${text}>` }),
    nothing: () => unmarshall(undefined), unknown: () => unmarshall({ a: { Q: 1 } }), extra: () => unmarshall({ a: { S: 'x', N: undefined } }), bare: () => unmarshall({ S: 'x' }, { convertWithoutMapWrapper: true }), fraction: () => unmarshall({ a: { N: '1e400' } }),
  }),
  converter: () => all({
    input: () => Converter.input({ a: 1, b: [null, undefined, 'x'], c: () => 1, d: true, e: '' }), empty: () => Converter.input('', { convertEmptyValues: true }), set: () => Converter.input(second.createSet([1, 2])), marshall: () => Converter.marshall({ a: 'b' }), output: () => Converter.output({ L: [{ N: '1' }, { BOOL: true }, { NULL: true }] }), unmarshall: () => Converter.unmarshall({ a: { M: { b: { S: 'c' } } }, s: { SS: ['x'] } }), wrapped: () => Converter.output({ N: '12345678901234567890' }, { wrapNumbers: true }).toString(),
  }),
  aggregated: async () => {
    const client = new DynamoDB();
    await client.putItem({ TableName, Item: { ...rawKey('aggregated'), b: { B: new Uint8Array([1]) }, bs: { BS: [new Uint8Array([9])] }, ns: { NS: ['1'] }, m: { M: { $x: { BOOL: true } } } } });
    const { Item } = await client.getItem({ TableName, Key: rawKey('aggregated') });
    const { Count } = await client.query({ TableName, KeyConditionExpression: 'PK = :pk AND SK = :sk', ExpressionAttributeValues: { ':pk': { S: 'VALUES' }, ':sk': { S: 'aggregated' } } });
    const called = await new Promise((resolve) => client.send(new GetItemCommand({ TableName, Key: rawKey('nobody') }), (error, answer) => resolve([error, answer.Item === undefined])));
    return shown([Item, Count, called]);
  },
  canceled: async () => {
    const exists = 'attribute_exists(PK)';
    const check = { ConditionCheck: { TableName, Key: key('absent'), ConditionExpression: exists } };
    const put = { Put: { TableName, Item: key('tx') } };
    const update = { Update: { TableName, Key: key('tx'), UpdateExpression: 'SET n = :n', ConditionExpression: `NOT ${exists}`, ExpressionAttributeValues: { ':n': 1 } } };
    const remove = { Delete: { TableName, Key: key('absent too'), ConditionExpression: exists } };
    const many = Array.from({ length: 100 }, (_, at) => ({ ConditionCheck: { TableName, Key: key(`absent ${at}`), ConditionExpression: exists } }));
    const told = ({ name, message, CancellationReasons }) => [name, message, CancellationReasons.map(({ Code, Message }) => [Code, Message])];
    const failed = async (...TransactItems) => {
      const error = await strict.send(new TransactWriteCommand({ TransactItems })).catch((error) => error);
      return [...told(error), error instanceof DynamoDBServiceException];
    };
    const other = { Put: { TableName, Item: key('other tx') } };
    return [await failed(put, check), await failed(update, check, other, remove), await failed(remove), await failed(...many),
      told(await second.transactWrite({ TransactItems: [check, update] }).promise().catch((error) => error))];
  },
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
