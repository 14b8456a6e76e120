// `mssql`: requests whose text is the operator's run as his statement, over the host's pool. A configuration of a connection is not looked at.
const { argumentsOf, givesRows, numberOf, parametersOf, rowsOf, shown } = require('./values.cjs');
const { EventEmitter } = require('../node/events.cjs');

const { host, statements } = globalThis.__mayfly;

class MSSQLError extends Error {
  constructor(message, code) {
    super(typeof message === 'string' ? message : message.message);
    this.code = code;
    if (typeof message !== 'string') this.originalError = message;
  }
  get name() { return 'MSSQLError'; }
}
class ConnectionError extends MSSQLError {
  get name() { return 'ConnectionError'; }
}
class TransactionError extends MSSQLError {
  get name() { return 'TransactionError'; }
}
class RequestError extends MSSQLError {
  constructor(message, code = 'EREQUEST') {
    super(message, code);
    const number = numberOf(message);
    if (number !== undefined) this.number = number;
  }
  get name() { return 'RequestError'; }
}

const CODES = { deadline: 'ETIMEOUT', EPARAM: 'EPARAM' };
const failed = (error) => (error instanceof MSSQLError ? error : new RequestError(error, CODES[error.code]));

/** A promise, or a callback if there is one. */
function answered(promise, callback) {
  if (typeof callback !== 'function') return promise;
  promise.then((answer) => callback(null, answer), (error) => callback(error));
  return undefined;
}

/** Types, as `sql.NVarChar(50)` or without arguments, with what SQL Server calls them. */
const type = (written) => Object.assign((...values) => ({ declaration: values.length === 0 ? written : `${written.replace(/\(.*/, '')}(${values.map((value) => (value === MAX ? 'max' : value)).join(',')})` }), { declaration: written });
const MAX = 65535;
const TYPES = Object.fromEntries(Object.entries({
  Bit: 'bit', TinyInt: 'tinyint', SmallInt: 'smallint', Int: 'int', BigInt: 'bigint', Real: 'real', Float: 'float', Decimal: 'decimal(18,0)',
  Numeric: 'decimal(18,0)', Money: 'money', SmallMoney: 'money', NVarChar: 'nvarchar(4000)', VarChar: 'varchar(8000)', NChar: 'nvarchar(4000)',
  Char: 'varchar(8000)', NText: 'nvarchar(max)', Text: 'varchar(max)', VarBinary: 'varbinary(max)', Binary: 'varbinary(8000)', Image: 'varbinary(max)',
  Date: 'date', Time: 'time', DateTime: 'datetime2', DateTime2: 'datetime2', SmallDateTime: 'datetime2', DateTimeOffset: 'datetimeoffset',
  UniqueIdentifier: 'uniqueidentifier', Xml: 'nvarchar(max)',
}).map(([name, written]) => [name, type(written)]));

/** What SQL Server calls the type of a value. */
function guessed(value) {
  if (typeof value === 'boolean') return 'bit';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'bigint';
  if (value instanceof Date) return 'datetime2';
  return ArrayBuffer.isView(value) ? 'varbinary(max)' : 'nvarchar(4000)';
}

const ISOLATION_LEVEL = { READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 };

const isType = (value) => typeof value?.declaration === 'string';

class Request extends EventEmitter {
  constructor(parent) {
    super();
    this.parent = parent;
    this.parameters = {};
  }
  input(name, kind, value) {
    const typed = isType(kind);
    const actual = typed ? value : kind;
    this.parameters[name] = { value: actual, declaration: typed ? kind.declaration : guessed(actual), isOutput: false };
    return this;
  }
  output(name, kind, value) {
    this.parameters[name] = { value, declaration: kind?.declaration ?? guessed(value), isOutput: true };
    return this;
  }
  replaceInput(...values) { return this.input(...values); }
  get #values() { return Object.fromEntries(Object.entries(this.parameters).map(([name, { value }]) => [name, value])); }
  get #types() { return Object.fromEntries(Object.entries(this.parameters).map(([name, { declaration }]) => [name, declaration])); }
  #send(how, statement, parameters) {
    const text = JSON.stringify(parameters);
    const transaction = this.parent instanceof Transaction ? this.parent.id(statement.backend) : undefined;
    return transaction === undefined ? host.sqlRun(how, statement.name, text) : host.sqlTransactionRun(transaction, how, statement.name, text);
  }
  async #run(text) {
    try {
      const found = statements.find(text, this.#types);
      const { statement } = found;
      const parameters = parametersOf(found, this.#values);
      if (givesRows(statement, text)) {
        const recordset = rowsOf(await this.#send('query', statement, parameters), statement);
        return { recordsets: [recordset], recordset, output: {}, rowsAffected: [recordset.length] };
      }
      const { rowsAffected } = await this.#send('execute', statement, parameters);
      return { recordsets: [], recordset: undefined, output: {}, rowsAffected: rowsAffected === null ? [] : [rowsAffected] };
    } catch (error) {
      throw failed(error);
    }
  }
  async #call(procedure) {
    try {
      const statement = statements.procedure(procedure, this.#types);
      const answer = await this.#send('call', statement, argumentsOf(statement, this.parameters));
      const recordsets = answer.resultSets.map((rows) => rowsOf(rows, statement));
      const output = Object.fromEntries(Object.entries(answer.output).map(([name, value]) => [name, shown(value, statement.parameters.get(name)?.type)]));
      return { recordsets, recordset: recordsets[0], output, returnValue: answer.returnValue, rowsAffected: recordsets.map((rows) => rows.length) };
    } catch (error) {
      throw failed(error);
    }
  }
  query(text, ...values) {
    if (Array.isArray(text)) return this.#template(text, values);
    return answered(this.#run(text), values[0]);
  }
  batch(text, callback) { return answered(this.#run(text), callback); }
  execute(procedure, callback) { return answered(this.#call(procedure), callback); }
  #template(texts, values) {
    let text = texts[0];
    values.forEach((value, at) => {
      const all = Array.isArray(value) ? value : [value];
      const names = all.map((item, index) => (Array.isArray(value) ? `param${at + 1}_${index}` : `param${at + 1}`));
      names.forEach((name, index) => this.input(name, all[index]));
      text += names.map((name) => `@${name}`).join(', ') + texts[at + 1];
    });
    return this.#run(text);
  }
  cancel() {}
}

class Transaction extends EventEmitter {
  #id;
  #isOpen = false;
  constructor(parent) {
    super();
    this.parent = parent;
  }
  begin(isolation, callback) {
    if (typeof isolation === 'function') return this.begin(undefined, isolation);
    return answered(this.#begin(isolation), callback);
  }
  async #begin(isolation) {
    if (isolation !== undefined && isolation !== ISOLATION_LEVEL.READ_COMMITTED) {
      const name = Object.keys(ISOLATION_LEVEL).find((known) => ISOLATION_LEVEL[known] === isolation) ?? isolation;
      throw new TransactionError(`the isolation level ${name} cannot be had: transactions are begun at the database's own; leave it out, or write hints such as HOLDLOCK in the statements`, 'EINVALID');
    }
    this.#isOpen = true;
    return this;
  }
  /** The backend is that of the first statement; the host takes the connection then. */
  id(backend) {
    if (!this.#isOpen) throw new TransactionError('Transaction has not begun. Call begin() first.', 'ENOTBEGUN');
    this.#id ??= host.sqlBegin(backend);
    return this.#id;
  }
  async #end(how) {
    if (!this.#isOpen) throw new TransactionError('Transaction has not begun. Call begin() first.', 'ENOTBEGUN');
    this.#isOpen = false;
    if (this.#id === undefined) return;
    await host.sqlTransactionEnd(this.#id, how).catch((error) => { throw failed(error); });
  }
  commit(callback) { return answered(this.#end('commit'), callback); }
  rollback(callback) { return answered(this.#end('rollback'), callback); }
  request() { return new Request(this); }
}

class PreparedStatement extends EventEmitter {
  #types = {};
  #text;
  constructor(parent) {
    super();
    this.parent = parent;
  }
  input(name, kind) {
    this.#types[name] = kind;
    return this;
  }
  prepare(text, callback) {
    this.#text = text;
    return answered(Promise.resolve(this), callback);
  }
  execute(values, callback) {
    const request = new Request(this.parent);
    for (const [name, kind] of Object.entries(this.#types)) request.input(name, kind, values[name]);
    return answered(request.query(this.#text), callback);
  }
  unprepare(callback) { return answered(Promise.resolve(), callback); }
}

class ConnectionPool extends EventEmitter {
  connected = false;
  connecting = false;
  constructor(config, callback) {
    super();
    this.config = config;
    if (typeof callback === 'function') this.connect(callback);
  }
  connect(callback) {
    this.connected = true;
    return answered(Promise.resolve(this), callback);
  }
  close(callback) {
    this.connected = false;
    return answered(Promise.resolve(), callback);
  }
  get healthy() { return this.connected; }
  request() { return new Request(this); }
  transaction() { return new Transaction(this); }
  query(...values) { return new Request(this).query(...values); }
  batch(...values) { return new Request(this).batch(...values); }
}

const all = new ConnectionPool();
const sql = {
  ...TYPES,
  TYPES,
  MAX,
  ISOLATION_LEVEL,
  ConnectionError,
  ConnectionPool,
  MSSQLError,
  PreparedStatement,
  Request,
  RequestError,
  Transaction,
  TransactionError,
  connect: (config, callback) => all.connect(callback),
  close: (callback) => all.close(callback),
  query: (...values) => all.query(...values),
  batch: (...values) => all.batch(...values),
  on: (...values) => all.on(...values),
  off: (...values) => all.off(...values),
};
sql.default = sql;
module.exports = sql;
