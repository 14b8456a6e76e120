// How drivers of SQL Server show values, and how the host takes them.
const { Buffer } = require('../node/buffer.js');

const day = (date) => date.toISOString().slice(0, 10);
const local = (date) => date.toISOString().slice(0, 23);

/** SQL Server's number of an error: what the drivers found themselves, or what the host's message ends with. */
function numberOf(error) {
  if (error?.number !== undefined) return error.number;
  const [, digits] = /\berror (\d+)\)?$/.exec(error?.message ?? '') ?? [];
  return digits && Number(digits);
}

/** A number, if the value is one for the drivers: they take texts of numbers, too. */
function number(value) {
  const found = Number(value);
  if (Number.isNaN(found) || (typeof value === 'string' && value.trim() === '')) throw new TypeError('Invalid number.');
  return found;
}

/** A date, if the value is one for the drivers. */
function date(value) {
  const found = value instanceof Date ? value : new Date(Date.parse(value));
  if (Number.isNaN(found.getTime())) throw new TypeError('Invalid date.');
  return found;
}

/** A value as a parameter of this type takes it, converted and refused as the drivers do. */
function given(value, type) {
  if (value === undefined || value === null) return null;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return String(value);
  switch (type) {
    case 'bit': return Boolean(value);
    case 'date': return day(date(value));
    case 'datetime': return value instanceof Date ? local(date(value)) : value;
    case 'datetimeoffset': return value instanceof Date ? date(value).toISOString() : value;
    case 'time': return value instanceof Date ? date(value).toISOString().slice(11, 23) : value;
    case 'int': return Math.trunc(number(value));
    case 'float': return number(value);
    case 'bigint':
    case 'decimal':
      number(value);
      return value;
    case 'text': return value instanceof Date ? value.toISOString() : String(value);
    default: return value;
  }
}

/** The same for the parameter of this name, which the error says. */
function givenTo(name, value, type) {
  try {
    return given(value, type);
  } catch (error) {
    throw Object.assign(new TypeError(`Validation failed for parameter '${name}'. ${error.message}`), { code: 'EPARAM' });
  }
}

/** SQL Server knows names in any case. */
const inAnyCase = (entries) => new Map(Array.from(entries, ([name, value]) => [name.toLowerCase(), value]));

/** A value of a row, as drivers give it. */
function shown(value, type) {
  if (value === null) return null;
  switch (type) {
    case 'decimal': return Number(value);
    case 'bigint':
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError('a bigint beyond 2^53 would lose digits; set `bigint_as_string = true` for the statement');
      return String(value);
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
  const all = inAnyCase(Object.entries(values));
  return Object.fromEntries(names.map(([parameter, called]) => {
    const { type, isList } = statement.parameters.get(parameter) ?? {};
    const found = called.map((name) => {
      if (!all.has(name.toLowerCase())) throw Object.assign(new Error(`Must declare the scalar variable "@${name}".`), { number: 137 });
      return givenTo(name, all.get(name.toLowerCase()), type);
    });
    return [parameter, isList ? found.flat() : found[0]];
  }));
}

/** Parameters of a procedure by name, of `{ value, isOutput }` by names in any case. */
function argumentsOf(statement, given) {
  const declared = inAnyCase(Array.from(statement.parameters.keys(), (name) => [name, name]));
  return Object.fromEntries(Object.entries(given)
    .filter(([, { value, isOutput }]) => !isOutput || value !== undefined)
    .map(([name, { value }]) => {
      const known = declared.get(name.toLowerCase()) ?? name;
      return [known, givenTo(name, value, statement.parameters.get(known)?.type)];
    }));
}

/** Whether a statement that writes also gives rows: those it changed, or of a `SELECT` behind it. */
const givesRows = (statement, text) => statement.access === 'read' || statement.columns.size > 0
  || /\boutput\s+(?:inserted|deleted)\.(?![^]*\binto\b)/i.test(text) || /;\s*select\b/i.test(text);

const rowsOf = (rows, statement) => rows.map((row) => Object.fromEntries(
  Object.entries(row).map(([name, value]) => [name, shown(value, statement.columns.get(name))])));

module.exports = { argumentsOf, givesRows, numberOf, parametersOf, rowsOf, shown };
