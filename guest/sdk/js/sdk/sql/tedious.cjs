// `tedious`: requests whose text is the operator's run as his statement, over the host's pool. A configuration of a connection is not looked at.
const { argumentsOf, givesRows, numberOf, parametersOf, rowsOf, shown } = require('./values.cjs');
const { EventEmitter } = require('../node/events.cjs');

const { host, statements } = globalThis.__mayfly;

const TYPES = Object.fromEntries(Object.entries({
  Bit: 'bit', TinyInt: 'tinyint', SmallInt: 'smallint', Int: 'int', BigInt: 'bigint', Real: 'real', Float: 'float', Decimal: 'decimal(18,0)',
  Numeric: 'decimal(18,0)', Money: 'money', SmallMoney: 'money', NVarChar: 'nvarchar(4000)', VarChar: 'varchar(8000)', NChar: 'nvarchar(4000)',
  Char: 'varchar(8000)', NText: 'nvarchar(max)', Text: 'varchar(max)', VarBinary: 'varbinary(max)', Binary: 'varbinary(8000)', Image: 'varbinary(max)',
  Date: 'date', Time: 'time', DateTime: 'datetime2', DateTime2: 'datetime2', SmallDateTime: 'datetime2', DateTimeOffset: 'datetimeoffset',
  UniqueIdentifier: 'uniqueidentifier',
}).map(([name, declaration]) => [name, { name, declaration }]));

const ISOLATION_LEVEL = { NO_CHANGE: 0, READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 };
const CODES = { deadline: 'ETIMEOUT', EPARAM: 'EPARAM' };

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
  get types() { return Object.fromEntries(Object.entries(this.parameters).map(([name, { declaration }]) => [name, declaration])); }
  get values() { return Object.fromEntries(Object.entries(this.parameters).map(([name, { value }]) => [name, value])); }
}

/** Rows as lists of columns, or as objects of them. */
const columnsOf = (row, useColumnNames) => {
  const columns = Object.entries(row).map(([colName, value]) => ({ metadata: { colName }, value }));
  return useColumnNames ? Object.fromEntries(columns.map((column) => [column.metadata.colName, column])) : columns;
};

class Connection extends EventEmitter {
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
  cancel() { return false; }
  #send(how, statement, parameters) {
    const text = JSON.stringify(parameters);
    if (!this.#isInTransaction) return host.sqlRun(how, statement.name, text);
    this.#transaction ??= host.sqlBegin(statement.backend);
    return host.sqlTransactionRun(this.#transaction, how, statement.name, text);
  }
  #emitRows(request, rows, event) {
    const { useColumnNames = false, rowCollectionOnRequestCompletion = false } = this.config.options ?? {};
    const shownRows = rows.map((row) => columnsOf(row, useColumnNames));
    for (const row of shownRows) request.emit('row', row);
    request.emit(event, rows.length, false, shownRows);
    return rowCollectionOnRequestCompletion ? shownRows : [];
  }
  async #execute(request) {
    const found = statements.find(request.sqlTextOrProcedure, request.types);
    const { statement } = found;
    const parameters = parametersOf(found, request.values);
    if (givesRows(statement, request.sqlTextOrProcedure)) {
      const rows = rowsOf(await this.#send('query', statement, parameters), statement);
      return [rows.length, this.#emitRows(request, rows, 'done')];
    }
    const { rowsAffected } = await this.#send('execute', statement, parameters);
    request.emit('done', rowsAffected ?? undefined, false, []);
    return [rowsAffected ?? undefined, []];
  }
  async #call(request) {
    const statement = statements.procedure(request.sqlTextOrProcedure, request.types);
    const answer = await this.#send('call', statement, argumentsOf(statement, request.parameters));
    const all = answer.resultSets.flatMap((rows) => this.#emitRows(request, rowsOf(rows, statement), 'doneInProc'));
    for (const [name, value] of Object.entries(answer.output)) {
      request.emit('returnValue', name, shown(value, statement.parameters.get(name)?.type), {});
    }
    request.emit('doneProc', undefined, false, answer.returnValue, []);
    return [answer.resultSets.reduce((sum, rows) => sum + rows.length, 0), all];
  }
  #run(request, work) {
    work.then(([count, rows]) => {
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
  execSql(request) { this.#run(request, this.#execute(request)); }
  execSqlBatch(request) { this.execSql(request); }
  callProcedure(request) { this.#run(request, this.#call(request)); }
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
