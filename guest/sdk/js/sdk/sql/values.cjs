// How drivers of SQL Server show values, and how the host takes them.
const { Buffer } = require('../node/buffer.js');

const day = (date) => date.toISOString().slice(0, 10);
const local = (date) => date.toISOString().slice(0, 23);

/** A value as a parameter of this type takes it. */
function given(value, type) {
  if (value === undefined || value === null) return null;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return String(value);
  switch (type) {
    case 'bit': return typeof value === 'boolean' ? value : Boolean(Number(value));
    case 'date': return value instanceof Date ? day(value) : typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? day(new Date(value)) : value;
    case 'datetime': return value instanceof Date ? local(value) : value;
    case 'datetimeoffset': return value instanceof Date ? value.toISOString() : value;
    case 'time': return value instanceof Date ? value.toISOString().slice(11, 23) : value;
    case 'int':
    case 'float': return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number(value);
    case 'text': return value instanceof Date ? value.toISOString() : String(value);
    default: return value;
  }
}

/** A value of a row, as drivers give it. */
function shown(value, type) {
  if (value === null) return null;
  switch (type) {
    case 'decimal': return Number(value);
    case 'bigint': return String(value);
    case 'date': return new Date(`${value}T00:00:00.000Z`);
    case 'datetime': return new Date(`${value.slice(0, 23)}Z`);
    case 'datetimeoffset': return new Date(value.replace(/(\.\d{3})\d+/, '$1'));
    case 'time': return new Date(`1970-01-01T${value.slice(0, 12)}Z`);
    case 'binary': return Buffer.from(value, 'base64');
    case 'uniqueidentifier': return value.toUpperCase();
    default: return value;
  }
}

/** Parameters of a statement by name, of values by the names of a text. */
function parametersOf({ statement, names }, values) {
  return Object.fromEntries(names.map(([parameter, called]) => {
    const { type, isList } = statement.parameters.get(parameter) ?? {};
    const all = called.map((name) => given(values[name], type));
    return [parameter, isList ? all.flat() : all[0]];
  }));
}

const rowsOf = (rows, statement) => rows.map((row) => Object.fromEntries(
  Object.entries(row).map(([name, value]) => [name, shown(value, statement.columns.get(name))])));

module.exports = { given, parametersOf, rowsOf, shown };
