// What the clients of both generations check, say and offer around a request.
const { DocumentClient } = require('aws-sdk/clients/dynamodb');
const { DynamoDBClient, GetItemCommand, paginateQuery } = require('@aws-sdk/client-dynamodb');
const { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand, paginateQuery: paginateDocuments } = require('@aws-sdk/lib-dynamodb');

const raw = new DynamoDBClient();
const third = DynamoDBDocumentClient.from(raw);
const second = new DocumentClient();
const TableName = process.env.TABLE;
const Key = { PK: 'CUSTOMER#C1', SK: 'PROFILE' };
const absent = { PK: 'REQUESTS', SK: 'absent' };
const orders = { TableName, KeyConditionExpression: 'PK = :pk', ExpressionAttributeValues: { ':pk': 'CUSTOMER#C1' } };

const failed = ({ name, message }) => [name, message];
const all = async (cases, told = failed) => {
  const answers = {};
  for (const [name, run] of Object.entries(cases)) answers[name] = (await run().then((answer) => ['answered', answer], told)) ?? null;
  return answers;
};
const get = (parameters) => third.send(new GetCommand(parameters));
const batch = (...Keys) => third.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys } } }));
const update = (UpdateExpression, values) => ({ TableName, Key: { PK: 'REQUESTS', SK: 'one' }, UpdateExpression, ...(values && { ExpressionAttributeValues: values }) });
const transact = (...TransactItems) => third.send(new TransactWriteCommand({ TransactItems }));
const conflicting = { TableName, Item: { ...Key }, ConditionExpression: 'attribute_not_exists(PK)' };
const numbered = (length) => Array.from({ length }, (_, at) => ({ ...absent, SK: `${at}` }));
const abortedBy = (reason) => {
  const controller = new AbortController();
  controller.abort(reason);
  return { abortSignal: controller.signal };
};

const PARTS = {
  classes: async () => {
    const dynamodb = require('@aws-sdk/client-dynamodb');
    const library = require('@aws-sdk/lib-dynamodb');
    const told = (error) => [error.constructor.name, error.name, error instanceof dynamodb.DynamoDBServiceException, error instanceof dynamodb.ConditionalCheckFailedException, error instanceof Error];
    const enums = ['KeyType', 'ComparisonOperator', 'ConditionalOperator', 'ReturnValue', 'ReturnValuesOnConditionCheckFailure', 'ReturnConsumedCapacity', 'ReturnItemCollectionMetrics', 'Select', 'ScalarAttributeType', 'AttributeAction', 'BillingMode', 'ProjectionType', 'StreamViewType', 'TableStatus', 'IndexStatus', 'BatchStatementErrorCodeEnum'];
    return [
      await all({ condition: () => third.send(new PutCommand(conflicting)), invalid: () => third.send(new QueryCommand({ TableName })), transaction: () => transact({ Put: conflicting }), raw: () => raw.send(new GetItemCommand({ TableName, Key: {} })) }, told),
      enums.map((name) => [name, Object.entries(dynamodb[name]).sort()]), await Promise.all([new DynamoDBClient({ region: 'eu-west-1' }), new DynamoDBClient({ region: async () => 'eu-west-2' }), DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-west-3' }))].map(({ config }) => config.region())),
      [...Object.keys(library), ...['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem', 'Scan', 'BatchGetItem', 'BatchWriteItem', 'TransactGetItems', 'TransactWriteItems'].map((name) => `${name}Command`)].filter((name) => /^(Get|Query|Put|Update|Delete|Scan|Batch(Get|Write)|Transact(Get|Write)).*Command$/.test(name)).sort().map((name) => (library[name] ?? dynamodb[name]).name),
      new dynamodb.ConditionalCheckFailedException({ message: 'x', $metadata: {} }).constructor.name, new dynamodb.InternalServerError({ message: 'x', $metadata: {} }).$fault,
    ];
  },
  said: async () => {
    await third.send(new PutCommand({ TableName, Item: { PK: 'REQUESTS', SK: 'one', letters: 'x', n: 1 } }));
    const updates = {
      path: update('SET a.b = :a', { ':a': 1 }), removed: update('REMOVE a.b'), unknown: update('SET q = q + :a', { ':a': 1 }), operand: update('SET n = letters + :a', { ':a': 1 }), added: update('ADD letters :a', { ':a': 1 }),
      keyless: { ...update('SET a = :a', { ':a': 1 }), Key: { PK: 'x' } }, emptyKey: { ...update('SET a = :a', { ':a': 1 }), Key: { PK: 'x', SK: '' } },
    };
    const item = (more) => third.send(new PutCommand({ TableName, Item: { PK: 'REQUESTS', SK: 'two', ...more } }));
    return [
      await all(Object.fromEntries(Object.entries(updates).map(([name, parameters]) => [name, () => third.send(new UpdateCommand(parameters))]))),
      await all(Object.fromEntries(Object.entries(updates).map(([name, parameters]) => [name, () => second.update(parameters).promise()])), ({ code, message }) => [code, message]),
      await all({ large: () => item({ x: 'a'.repeat(400 << 10) }), keyless: () => third.send(new QueryCommand({ TableName })), twice: () => transact({ Update: update('REMOVE n') }, { Update: update('REMOVE n') }) }),
    ];
  },
  reasons: async () => {
    const put = { Put: { TableName, Item: { PK: 'REQUESTS', SK: 'reasons' } } };
    const path = { Update: update('SET a.b = :a', { ':a': 1 }) };
    const operand = { Update: update('SET n = letters + :a', { ':a': 1 }) };
    const told = ({ message, CancellationReasons }) => [message, CancellationReasons];
    const twice = async (ClientRequestToken) => {
      for (const SK of ['a', 'b']) await third.send(new TransactWriteCommand({ ClientRequestToken, TransactItems: [{ Put: { TableName, Item: { PK: 'REQUESTS', SK } } }] }));
    };
    return [await all({ path: () => transact(put, path), operand: () => transact(operand, put), condition: () => transact({ Put: conflicting }, path) }, told), (await twice(`token ${Date.now()}`).catch((error) => error)).name];
  },
  absent: () => all({
    table: () => get({ Key }), tableUndefined: () => get({ TableName: undefined, Key }), tableNull: () => get({ TableName: null, Key }), key: () => get({ TableName }), noAttributes: () => get({ TableName, Key: {} }), undefinedAttribute: () => get({ TableName, Key: { PK: 'x', SK: undefined } }),
    put: () => third.send(new PutCommand({})), update: () => third.send(new UpdateCommand({ Key })), query: () => third.send(new QueryCommand({ ...orders, TableName: undefined })),
    limit: () => third.send(new QueryCommand({ ...orders, Limit: '2' })), nulls: async () => (await third.send(new QueryCommand({ ...orders, Limit: null, IndexName: null, FilterExpression: null }))).Count, nothing: () => transact({}), none: () => transact(),
  }),
  absentSecond: () => all({
    table: () => second.get({ Key }).promise(), both: () => second.get({}).promise(), nothing: () => second.get().promise(), put: () => second.put({ TableName }).promise(), transaction: () => second.transactWrite({}).promise(),
    item: () => second.transactWrite({ TransactItems: [{ Put: { Item: Key } }] }).promise(), check: () => second.transactWrite({ TransactItems: [{ ConditionCheck: { TableName, Key } }] }).promise(), keys: () => second.batchGet({ RequestItems: { [TableName]: {} } }).promise(),
    limit: async () => (await second.query({ ...orders, Limit: '2' }).promise()).Count,
  }, (error) => [error.code, error.message, error.time instanceof Date, error.statusCode ?? null, (error.errors ?? []).map(({ code }) => code)]),
  batches: () => all({
    twice: () => batch(absent, { SK: absent.SK, PK: absent.PK }), hundred: async () => (await batch(...numbered(100))).Responses, more: () => batch(...numbered(101)).catch(({ name }) => name), none: () => batch().catch(({ name }) => name),
    second: () => second.batchGet({ RequestItems: { [TableName]: { Keys: [absent, absent] } } }).promise().catch(({ code, message }) => [code, message]),
  }),
  bound: async () => {
    const bound = new DocumentClient({ params: { TableName } });
    return [(await bound.get({ Key }).promise()).Item.id, (await bound.query({ ...orders, TableName: null, Limit: 3 }).promise()).Count, await bound.get({ TableName: 'Shop', Key: absent }).promise()];
  },
  pages: async () => {
    const collected = async (pages) => {
      const counts = [];
      for await (const { Count, LastEvaluatedKey } of pages) counts.push([Count, LastEvaluatedKey ?? null]);
      return counts;
    };
    // AWS's paginators write into the request that they are given.
    const rawOrders = { ...orders, ExpressionAttributeValues: { ':pk': { S: 'CUSTOMER#C1' } } };
    return [
      await collected(paginateQuery({ client: raw, pageSize: 5 }, rawOrders)), await collected(paginateDocuments({ client: third, pageSize: 5 }, { ...orders })), await collected(paginateDocuments({ client: third, pageSize: 5 }, { ...orders, Limit: 7 })),
      await collected(paginateDocuments({ client: third, startingToken: { PK: 'CUSTOMER#C1', SK: 'ORDER#2026-09' } }, { ...orders })),
    ];
  },
  events: async () => {
    const heard = [];
    const names = ['send', 'extractData', 'extractError', 'success', 'error', 'complete'];
    const listened = (request) => names.reduce((same, event) => same.on(event, function (...values) {
      const { error, data, httpResponse } = values.at(-1);
      heard.push([event, this === request, values.length, error?.code ?? null, data !== null, httpResponse.statusCode]);
    }), request);
    const called = (request) => new Promise((resolve) => request.send(function (error, data) { resolve([this.request === request, error?.code ?? null, data]); }));
    const check = { ConditionCheck: { TableName, Key: absent, ConditionExpression: 'attribute_exists(PK)' } };
    let body;
    await second.transactWrite({ TransactItems: [check] }).on('extractError', ({ httpResponse }) => { body = JSON.parse(httpResponse.body.toString()).CancellationReasons; }).promise().catch(() => {});
    const failure = await second.put(conflicting).promise().catch((error) => error);
    return [
      await called(listened(second.get({ TableName, Key: absent }))), await called(listened(second.put(conflicting))), heard, body,
      [failure.code, failure.statusCode, failure.retryable, failure.time instanceof Date], second.get({ TableName, Key }).operation,
    ];
  },
  refusedBeforeSent: async () => {
    const heard = [];
    const request = second.get({ Key });
    for (const event of ['send', 'extractError', 'error', 'complete']) request.on(event, () => heard.push(event));
    return [await request.promise().catch(({ code }) => code), heard];
  },
  aborted: async () => {
    const told = (error) => [error.name, error.message, error.$metadata];
    const waiting = third.send(new GetCommand({ TableName, Key }), { abortSignal: new AbortController().signal });
    return [
      await all({ plain: () => third.send(new GetCommand({ TableName, Key }), abortedBy()), text: () => third.send(new GetCommand({ TableName, Key }), abortedBy('why')), error: () => raw.send(new GetItemCommand({ TableName, Key: {} }), abortedBy(new Error('mine'))) }, told),
      (await waiting).Item.id,
    ];
  },
  metadata: async () => {
    const { $metadata: { httpStatusCode, attempts, totalRetryDelay }, $fault } = await third.send(new PutCommand(conflicting)).catch((error) => error);
    return [httpStatusCode, attempts, totalRetryDelay, $fault];
  },
  middleware: async () => {
    const client = new DynamoDBClient();
    const heard = [];
    const named = (name) => (next, { commandName, clientName }) => async (args) => {
      heard.push([name, commandName, clientName, args.input.TableName]);
      const { output, ...rest } = await next(args);
      heard.push([name, output.$metadata.httpStatusCode]);
      return { output, ...rest };
    };
    client.middlewareStack.add(named('one'), { step: 'initialize', name: 'one' });
    client.middlewareStack.add(named('first'), { step: 'initialize', priority: 'high' });
    client.middlewareStack.use({ applyToStack: (stack) => stack.add(named('gone'), { step: 'initialize', name: 'gone' }) });
    const removed = client.middlewareStack.remove('gone');
    const found = await DynamoDBDocumentClient.from(client).send(new GetCommand({ TableName, Key }));
    await client.send(new GetItemCommand({ TableName, Key: { PK: { S: 'x' }, SK: { S: 'y' } } }));
    return [removed, found.Item.id, heard];
  },
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
