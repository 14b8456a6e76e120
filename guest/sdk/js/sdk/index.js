// The SDK: what the host offers, as functions. `mayfly build` bundles it with a module; index.d.ts says what everything takes.

const { host, context, batch, ResolverError, HostError } = globalThis.__mayfly;

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
};

export const random = {
  bytes: (length) => Uint8Array.from(host.randomBytes(length)),
  uuid: () => crypto.randomUUID(),
};
