// The SDK: what the host offers, as functions. `mayfly build` bundles it with a module; index.d.ts says what everything takes.

const { host, context, batch, ResolverError, HostError, bytesOf } = globalThis.__mayfly;

export { batch, context, HostError, ResolverError };

/** JSON text of an object; empty text for none. */
const optional = (value) => (value === undefined || value === null ? '' : JSON.stringify(value));
const expression = (text, { names, values } = {}) => ({ text, names: optional(names), values: optional(values) });
const condition = (options) => (options?.condition === undefined ? undefined : expression(options.condition, options));
const reading = ({ consistent = false, attributes = [] } = {}) => ({ consistent, attributes });

const put = (table, item, options) => ({ action: 'put', table, item: JSON.stringify(item), condition: condition(options) });
const update = (table, key, options) => ({
  action: 'update',
  table,
  key: JSON.stringify(key),
  update: expression(options.update, options),
  condition: options.condition,
});
const remove = (table, key, options) => ({ action: 'delete', table, key: JSON.stringify(key), condition: condition(options) });
const check = (table, key, options) => ({ action: 'check', table, key: JSON.stringify(key), condition: expression(options.condition, options) });

class Table {
  #name;
  constructor(name) {
    this.#name = String(name);
  }
  get(key, options) {
    return host.dynamodbGet(this.#name, JSON.stringify(key), reading(options));
  }
  batchGet(keys, options) {
    return host.dynamodbBatchGet(this.#name, keys.map((key) => JSON.stringify(key)), reading(options));
  }
  query({ key, names, values, filter, index, limit, ascending = true, startKey, consistent = false, attributes = [] }) {
    return host.dynamodbQuery({
      table: this.#name,
      index,
      keyCondition: expression(key, { names, values }),
      filter,
      consistent,
      attributes,
      limit,
      ascending,
      startKey: startKey === undefined || startKey === null ? undefined : JSON.stringify(startKey),
    });
  }
  put(item, options) {
    return host.dynamodbPut(put(this.#name, item, options));
  }
  update(key, options) {
    return host.dynamodbUpdate(update(this.#name, key, options));
  }
  delete(key, options) {
    return host.dynamodbDelete(remove(this.#name, key, options));
  }
}

export const dynamodb = {
  table: (name) => new Table(name),
  transactWrite: (items, { token } = {}) => host.dynamodbTransactWrite(items, token),
  put,
  update,
  delete: remove,
  check,
};

class Transaction {
  #id;
  constructor(id) {
    this.#id = id;
  }
  query(statement, parameters) {
    return host.sqlTransactionRun(this.#id, 'query', statement, optional(parameters));
  }
  execute(statement, parameters) {
    return host.sqlTransactionRun(this.#id, 'execute', statement, optional(parameters));
  }
  call(statement, parameters) {
    return host.sqlTransactionRun(this.#id, 'call', statement, optional(parameters));
  }
  commit() {
    return host.sqlTransactionEnd(this.#id, 'commit');
  }
  rollback() {
    return host.sqlTransactionEnd(this.#id, 'rollback');
  }
}

async function* stream(statement, parameters, { rowsAtOnce = 100 } = {}) {
  const id = host.sqlStream(statement, optional(parameters));
  try {
    for (;;) {
      const rows = await host.sqlStreamNext(id, rowsAtOnce);
      if (rows.length === 0) return;
      yield* rows;
    }
  } finally {
    host.sqlStreamClose(id);
  }
}

async function transaction(backend, work) {
  const begun = new Transaction(host.sqlBegin(backend));
  try {
    const answer = await work(begun);
    await begun.commit();
    return answer;
  } catch (error) {
    // The first error is the one to tell; without a commit the host rolls back in any case.
    await begun.rollback().catch(() => {});
    throw error;
  }
}

export const sql = {
  query: (statement, parameters) => host.sqlRun('query', statement, optional(parameters)),
  execute: (statement, parameters) => host.sqlRun('execute', statement, optional(parameters)),
  call: (statement, parameters) => host.sqlRun('call', statement, optional(parameters)),
  stream,
  begin: (backend) => new Transaction(host.sqlBegin(backend)),
  transaction,
};

/** Names and values one after the other, as the host takes them. */
const flat = (values) => Object.entries(values ?? {}).flatMap(([name, value]) => (Array.isArray(value) ? value : [value])
  .filter((one) => one !== undefined && one !== null)
  .flatMap((one) => [name, String(one)]));

class Answer {
  #answer;
  constructor(answer) {
    this.#answer = answer;
  }
  get status() {
    return this.#answer.status;
  }
  get ok() {
    return this.status >= 200 && this.status < 300;
  }
  get headers() {
    return this.#answer.headers;
  }
  text() {
    return this.#answer.text?.replace(/^\uFEFF/, '') ?? new TextDecoder().decode(this.bytes());
  }
  json() {
    return JSON.parse(this.text());
  }
  bytes() {
    return bytesOf(this.#answer);
  }
  /** The same, when its status is 2xx. */
  success() {
    if (this.ok) return this;
    throw new ResolverError('BAD_STATUS', `the service answered ${this.status}`);
  }
}

async function ask(service, method, path, { values, query, headers, body, json } = {}) {
  const content = json === undefined ? body : JSON.stringify(json);
  const types = json === undefined ? [] : ['content-type', 'application/json'];
  return new Answer(await host.httpSend(service, {
    method,
    path,
    values: flat(values),
    query: flat(query),
    headers: [...types, ...flat(headers)],
    text: typeof content === 'string' ? content : undefined,
    bytes: content === undefined || typeof content === 'string' ? undefined : Array.from(content),
  }));
}

export const http = (service) => ({
  get: (route, options) => ask(service, 'GET', route, options),
  head: (route, options) => ask(service, 'HEAD', route, options),
  post: (route, options) => ask(service, 'POST', route, options),
  put: (route, options) => ask(service, 'PUT', route, options),
  patch: (route, options) => ask(service, 'PATCH', route, options),
  delete: (route, options) => ask(service, 'DELETE', route, options),
});

export const worker = (name) => ({
  call: (method, value) => host.workerCall(name, method, JSON.stringify(value ?? null)),
});

const writes = (level) => (message, fields) => host.log(level, String(message), optional(fields));

export const log = {
  trace: writes('trace'),
  debug: writes('debug'),
  info: writes('info'),
  warn: writes('warn'),
  error: writes('error'),
  enabled: (level) => host.logEnabled(level),
};

export const clock = {
  now: () => new Date(),
  elapsedMs: () => host.elapsedMs(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export const random = {
  bytes: (length) => Uint8Array.from(host.randomBytes(length)),
  uuid: () => crypto.randomUUID(),
};
