// `tedious`: requests whose text is the operator's run as his statement, over the host's pool. Of a connection's configuration only how rows are shown counts.
const { call, numberOf, run } = require('./values.cjs');
const { EventEmitter } = require('../node/events.cjs');

const { host } = globalThis.__mayfly;

const TYPES = Object.fromEntries(Object.entries({
  Bit: 'bit', TinyInt: 'tinyint', SmallInt: 'smallint', Int: 'int', BigInt: 'bigint', Real: 'real', Float: 'float', Decimal: 'decimal(18,0)',
  Numeric: 'decimal(18,0)', Money: 'money', SmallMoney: 'money', NVarChar: 'nvarchar(4000)', VarChar: 'varchar(8000)', NChar: 'nvarchar(4000)',
  Char: 'varchar(8000)', NText: 'nvarchar(max)', Text: 'varchar(max)', VarBinary: 'varbinary(max)', Binary: 'varbinary(8000)', Image: 'varbinary(max)',
  Date: 'date', Time: 'time', DateTime: 'datetime2', DateTime2: 'datetime2', SmallDateTime: 'datetime2', DateTimeOffset: 'datetimeoffset',
  UniqueIdentifier: 'uniqueidentifier',
}).map(([name, declaration]) => [name, { name, declaration }]));

const ISOLATION_LEVEL = { NO_CHANGE: 0, READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 };
const CODES = { deadline: 'ETIMEOUT', EPARAM: 'EPARAM', ECANCEL: 'ECANCEL' };

class RequestError extends Error {
  constructor(error) {
    super(error.message);
    this.code = CODES[error.code] ?? 'EREQUEST';
    this.cause = error;
    const number = numberOf(error);
    if (number !== undefined) this.number = number;
  }
  get name() { return 'RequestError'; }
}
class ConnectionError extends Error {
  get name() { return 'ConnectionError'; }
}

class Request extends EventEmitter {
  constructor(sqlTextOrProcedure, callback) {
    super();
    this.sqlTextOrProcedure = sqlTextOrProcedure;
    this.callback = callback;
    this.parameters = {};
    this.canceled = false;
  }
  addParameter(name, type, value, { length, precision, scale } = {}) {
    const [plain] = type.declaration.split('(');
    const declaration = length !== undefined ? `${plain}(${length})` : precision !== undefined ? `${plain}(${precision},${scale ?? 0})` : type.declaration;
    this.parameters[name] = { value, declaration, isOutput: false };
  }
  addOutputParameter(name, type, value) {
    this.parameters[name] = { value, declaration: type.declaration, isOutput: true };
  }
  setTimeout() {}
  cancel() {
    if (this.canceled) return;
    this.canceled = true;
    this.emit('cancel');
  }
}

const canceled = () => Object.assign(new Error('Canceled.'), { code: 'ECANCEL' });

class Connection extends EventEmitter {
  #request;
  #transaction;
  #isInTransaction = false;
  constructor(config = {}) {
    super();
    this.config = config;
    // As tedious 18 and older do; newer ones wait for `connect`.
    this.#connected();
  }
  #connectedOnce = false;
  #connected() {
    queueMicrotask(() => {
      if (this.#connectedOnce) return;
      this.#connectedOnce = this.listenerCount('connect') > 0;
      this.emit('connect');
    });
  }
  connect(callback) {
    if (callback !== undefined) this.once('connect', callback);
    this.#connected();
  }
  close() { queueMicrotask(() => this.emit('end')); }
  reset(callback) { queueMicrotask(callback); }
  cancel() {
    if (this.#request === undefined || this.#request.canceled) return false;
    this.#request.cancel();
    return true;
  }
  async #send(request, how, statement, parameters) {
    const text = JSON.stringify(parameters);
    // The host does not stop a statement. A transaction takes another call only after the answer of this one.
    const stopped = new Promise((resolve) => { request.once('cancel', resolve); });
    if (!this.#isInTransaction) return Promise.race([host.sqlRun(how, statement.name, text), stopped]);
    this.#transaction ??= host.sqlBegin(statement.backend);
    return host.sqlTransactionRun(this.#transaction, how, statement.name, text);
  }
  /** Emits a result, as the event of this name; its rows are lists of columns, or objects of them. */
  #emitResult(request, { columns, rows, count }, event, hasMore) {
    const { useColumnNames = false, rowCollectionOnDone = false } = this.config.options ?? {};
    if (rows === undefined) {
      request.emit(event, count, hasMore, []);
      return [];
    }
    const metadata = columns.map(({ name, type }) => ({ colName: name, type }));
    const inForm = (list, nameOf) => (useColumnNames ? Object.fromEntries(list.map((column) => [nameOf(column), column])) : list);
    request.emit('columnMetadata', inForm(metadata, ({ colName }) => colName));
    const shown = rows.map((row) => inForm(metadata.map((column) => ({ metadata: column, value: row[column.colName] })), (column) => column.metadata.colName));
    for (const row of shown) {
      if (request.canceled) throw canceled();
      request.emit('row', row);
    }
    request.emit(event, count, hasMore, rowCollectionOnDone ? shown : []);
    return shown;
  }
  /** Emits what a request was answered. The server answers what is not a batch as a procedure's. */
  #emitAnswer(request, { results, output = {}, returnValue = 0 }, isBatch) {
    const rows = results.flatMap((result, at) => this.#emitResult(request, result, isBatch ? 'done' : 'doneInProc', !isBatch || at + 1 < results.length));
    for (const [name, value] of Object.entries(output)) request.emit('returnValue', name, value, {});
    if (!isBatch) request.emit('doneProc', undefined, false, returnValue, []);
    const isCounted = results.every(({ count }) => count !== undefined);
    const count = isCounted ? results.reduce((sum, result) => sum + result.count, 0) : undefined;
    return [count, this.config.options?.rowCollectionOnRequestCompletion ? rows : []];
  }
  async #answer(request, work, isBatch) {
    // Listeners may be added after this call, and a request may be canceled.
    await undefined;
    if (request.canceled) throw canceled();
    const answer = await work((...values) => this.#send(request, ...values));
    if (request.canceled) throw canceled();
    return this.#emitAnswer(request, answer, isBatch);
  }
  #run(request, work, isBatch = false) {
    this.#request = request;
    this.#answer(request, work, isBatch).finally(() => { this.#request = undefined; }).then(([count, rows]) => {
      request.callback?.(null, count, rows);
      request.emit('requestCompleted');
    }, (error) => {
      const told = new RequestError(error);
      request.error = told;
      if (request.callback) request.callback(told);
      else request.emit('error', told);
      request.emit('requestCompleted');
    });
  }
  #execute(request, isBatch) {
    this.#run(request, async (send) => ({ results: await run(request.sqlTextOrProcedure, request.parameters, TYPES, send) }), isBatch);
  }
  execSql(request) { this.#execute(request, false); }
  execSqlBatch(request) { this.#execute(request, true); }
  callProcedure(request) { this.#run(request, (send) => call(request.sqlTextOrProcedure, request.parameters, TYPES, send)); }
  beginTransaction(callback, name, isolation = ISOLATION_LEVEL.NO_CHANGE) {
    if (isolation !== ISOLATION_LEVEL.NO_CHANGE && isolation !== ISOLATION_LEVEL.READ_COMMITTED) {
      const error = new RequestError(new Error("an isolation level cannot be chosen: transactions are begun at the database's own; leave it out, or write hints such as HOLDLOCK in the statements"));
      queueMicrotask(() => callback(error));
      return;
    }
    this.#isInTransaction = true;
    queueMicrotask(() => callback(null));
  }
  #end(how, callback) {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    this.#isInTransaction = false;
    const ended = transaction === undefined ? Promise.resolve() : host.sqlTransactionEnd(transaction, how);
    ended.then(() => callback(null), (error) => callback(new RequestError(error)));
  }
  commitTransaction(callback) { this.#end('commit', callback); }
  rollbackTransaction(callback) { this.#end('rollback', callback); }
}

const tedious = {
  Connection,
  ConnectionError,
  ISOLATION_LEVEL,
  Request,
  RequestError,
  TYPES,
  connect(config, callback) {
    const connection = new Connection(config);
    connection.connect(callback);
    return connection;
  },
};
tedious.default = tedious;
module.exports = tedious;
