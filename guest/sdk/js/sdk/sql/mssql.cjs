// `mssql`: requests whose text is the operator's run as his statement, over the host's pool. Of a connection's configuration only `stream` and `arrayRowMode` counts.
const { call, numberOf, run } = require('./values.cjs');
const { EventEmitter } = require('../node/events.cjs');

const { host } = globalThis.__mayfly;

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
  if (typeof value === 'number') return !Number.isInteger(value) ? 'float' : value === (value | 0) ? 'int' : 'bigint';
  if (typeof value === 'bigint') return 'bigint';
  if (value instanceof Date) return 'datetime2';
  return ArrayBuffer.isView(value) ? 'varbinary(max)' : 'nvarchar(4000)';
}

const ISOLATION_LEVEL = { READ_UNCOMMITTED: 1, READ_COMMITTED: 2, REPEATABLE_READ: 3, SERIALIZABLE: 4, SNAPSHOT: 5 };

/** What a name of a parameter may have: what would end it is no letter of it. */
const NAME = /^(?:[\p{L}\p{N}\p{M}\p{Pc}@#$\u30FB\uFF65]|\u200C|\u200D)*$/u;

const canceled = () => new RequestError('Canceled.', 'ECANCEL');

class Request extends EventEmitter {
  #stop;
  #resume;
  constructor(parent) {
    super();
    this.parent = parent;
    this.parameters = {};
    this.canceled = false;
    this.paused = false;
    this.stream = null;
    this.arrayRowMode = null;
  }
  input(name, ...kindAndValue) {
    this.#add(name, kindAndValue.length < 2 ? [undefined, ...kindAndValue] : kindAndValue, 1, kindAndValue.length === 0);
    return this;
  }
  output(name, kind, value) {
    if ([TYPES.Text, TYPES.NText, TYPES.Image].includes(kind)) throw new RequestError('Deprecated types (Text, NText, Image) are not supported as OUTPUT parameters.', 'EDEPRECATED');
    this.#add(name, [kind ?? TYPES.NVarChar, value], 2);
    return this;
  }
  #add(name, [kind, given], io, lacksValue = false) {
    if (!['string', 'number'].includes(typeof name) || !NAME.test(name)) throw new RequestError(`Invalid parameter name '${name}'. Parameter names may only contain identifier characters`, 'EINJECT');
    if (lacksValue) throw new RequestError('Invalid number of arguments. At least 2 arguments expected.', 'EARGS');
    if (Object.hasOwn(this.parameters, name)) throw new RequestError(`The parameter name ${name} has already been declared. Parameter names must be unique`, 'EDUPEPARAM');
    // A number may be wrapped in an object of its own class.
    const plain = given instanceof Date ? given : given?.valueOf?.() ?? given;
    const value = plain === undefined || Number.isNaN(plain) ? null : plain;
    this.parameters[name] = { name, io, value, declaration: kind?.declaration ?? guessed(value), isOutput: io === 2 };
  }
  replaceInput(name, ...kindAndValue) {
    delete this.parameters[name];
    return this.input(name, ...kindAndValue);
  }
  replaceOutput(name, kind, value) {
    delete this.parameters[name];
    return this.output(name, kind, value);
  }
  async #send(how, statement, parameters) {
    const text = JSON.stringify(parameters);
    const transaction = this.parent instanceof Transaction ? this.parent.id(statement.backend) : undefined;
    const stopped = new Promise((resolve) => { this.#stop = resolve; });
    // The host does not stop a statement. A transaction takes another call only after the answer of this one.
    const answer = await (transaction === undefined
      ? Promise.race([host.sqlRun(how, statement.name, text), stopped])
      : host.sqlTransactionRun(transaction, how, statement.name, text));
    if (this.canceled) throw canceled();
    return answer;
  }
  /** What a request answers, by promise or callback. If it streams, events tell of rows and errors, and the answer has neither. */
  #answer(work, callback) {
    const { stream = false, arrayRowMode = false } = (this.parent ?? all).config ?? {};
    this.stream ??= stream;
    this.arrayRowMode ??= arrayRowMode;
    this.canceled = false;
    const promise = this.#settle(work);
    return answered(promise, callback) ?? this;
  }
  async #settle(work) {
    // Listeners may be added after this call, and a request may be canceled.
    await undefined;
    const answer = { recordsets: this.stream ? null : [], recordset: this.stream ? null : undefined, output: {}, rowsAffected: [] };
    const columns = [];
    try {
      if (this.canceled) throw canceled();
      const { results, ...more } = await work((...values) => this.#send(...values));
      Object.assign(answer, more);
      for (const result of results) await this.#take(result, answer, columns);
    } catch (error) {
      if (!this.stream) throw failed(error);
      this.emit('error', failed(error));
    }
    const { recordsets, recordset, ...told } = answer;
    if (this.stream) this.emit('done', told);
    else answer.recordset = recordsets[0];
    return this.arrayRowMode ? Object.assign(answer, { columns }) : answer;
  }
  async #take({ columns, rows, count }, answer, allColumns) {
    if (rows !== undefined) {
      const list = columns.map((column, index) => ({ index, ...column }));
      const known = this.arrayRowMode ? list : Object.fromEntries(list.map((column) => [column.name, column]));
      const recordset = this.arrayRowMode ? rows.map((row) => columns.map(({ name }) => row[name])) : rows;
      allColumns.push(known);
      if (this.stream) await this.#emitRows(known, recordset);
      else answer.recordsets.push(Object.defineProperty(recordset, 'columns', { value: known, configurable: true }));
    }
    if (count === undefined) return;
    answer.rowsAffected.push(count);
    if (this.stream) this.emit('rowsaffected', count);
  }
  async #emitRows(columns, rows) {
    this.emit('recordset', columns);
    for (const row of rows) {
      this.emit('row', row);
      if (this.paused) await new Promise((resolve) => { this.#resume = resolve; });
      if (this.canceled) throw canceled();
    }
  }
  #query(text, callback) {
    return this.#answer(async (send) => ({ results: await run(text, this.parameters, TYPES, send) }), callback);
  }
  query(text, ...values) { return Array.isArray(text) ? this.#query(this.template(text, ...values)) : this.#query(text, values[0]); }
  batch(text, ...values) { return this.query(text, ...values); }
  execute(procedure, callback) { return this.#answer((send) => call(procedure, this.parameters, TYPES, send), callback); }
  template(texts, ...values) {
    let text = texts[0];
    values.forEach((value, at) => {
      const all = Array.isArray(value) ? value : [value];
      const names = all.map((item, index) => (Array.isArray(value) ? `param${at + 1}_${index}` : `param${at + 1}`));
      names.forEach((name, index) => this.input(name, all[index]));
      text += names.map((name) => `@${name}`).join(', ') + texts[at + 1];
    });
    return text;
  }
  cancel() {
    this.canceled = true;
    this.#stop?.();
    this.#resume?.();
    return true;
  }
  pause() {
    this.paused = Boolean(this.stream);
    return this.paused;
  }
  resume() {
    this.paused = false;
    this.#resume?.();
    return Boolean(this.stream);
  }
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
    this.emit('begin');
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
    if (this.#id !== undefined) await host.sqlTransactionEnd(this.#id, how).catch((error) => { throw failed(error); });
    this.emit(how, ...(how === 'rollback' ? [false] : []));
  }
  commit(callback) { return answered(this.#end('commit'), callback); }
  rollback(callback) { return answered(this.#end('rollback'), callback); }
  get config() { return this.parent?.config; }
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
  connect(config, callback) {
    all.config = config;
    return all.connect(callback);
  },
  close: (callback) => all.close(callback),
  query: (...values) => all.query(...values),
  batch: (...values) => all.batch(...values),
  on: (...values) => all.on(...values),
  off: (...values) => all.off(...values),
};
sql.default = sql;
module.exports = sql;
