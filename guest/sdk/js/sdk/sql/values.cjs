// How drivers of SQL Server show values, and how the host takes them.
const { Buffer } = require('../node/buffer.js');

const { statements } = globalThis.__mayfly;

/** SQL Server's number of an error: what the drivers found themselves, or what the host's message ends with. */
function numberOf(error) {
  if (error?.number !== undefined) return error.number;
  const [, digits] = /\berror (\d+)\)?$/.exec(error?.message ?? '') ?? [];
  return digits && Number(digits);
}

/** What the drivers refuse before they ask the server. */
const invalid = (problem) => Object.assign(new TypeError(problem), { code: 'EPARAM' });

/** A number as the drivers read one for a type with fractions. */
function float(value) {
  const found = parseFloat(value);
  if (Number.isNaN(found)) throw invalid('Invalid number.');
  return found;
}

const RANGES = { tinyint: [0, 255], smallint: [-32768, 32767], int: [-2147483648, 2147483647], bigint: [-(2n ** 63n), 2n ** 63n - 1n] };

function inRange(value, declaration) {
  const [least, most] = RANGES[declaration] ?? [-Infinity, Infinity];
  if (value < least || value > most) throw invalid(`Value must be between ${least} and ${most}, inclusive.`);
  return value;
}

function integer(value, declaration) {
  const found = Number(value);
  if (Number.isNaN(found)) throw invalid('Invalid number.');
  return Math.trunc(inRange(found, declaration));
}

/** An integer of 64 bits, as text: its digits may be more than a number has. */
function bigInteger(value, declaration) {
  if (declaration in RANGES && declaration !== 'bigint') return integer(value, declaration);
  try {
    value = BigInt(value);
  } catch {
    throw invalid(typeof value === 'number' ? `The number ${value} cannot be converted to a BigInt because it is not an integer` : `Cannot convert ${value} to a BigInt`);
  }
  return String(inRange(value, 'bigint'));
}

/** Precision, scale and rounding of the decimal that the request declares; none if it declares something else. */
function decimalOf(declaration) {
  if (declaration === 'money') return { precision: 19, scale: 4, round: Math.trunc };
  const [, precision, scale] = /^decimal\((\d+)(?:,(\d+))?/.exec(declaration) ?? [];
  return precision && { precision: Number(precision), scale: Number(scale ?? 0), round: Math.round };
}

/**
 * A decimal, as text. Digits that fit the scale stay as they are written; others are rounded as tedious rounds them, which is in binary: 1.005
 * becomes 1.00.
 */
function rounded(value, { precision, scale, round }) {
  const written = String(value).trim();
  const found = float(written);
  const [, fraction] = /^[+-]?\d*\.?(\d*)$/.exec(written) ?? [];
  const scaled = round(Math.abs(found * 10 ** scale));
  // Beyond these a number has no digits to round; the host looks at what was written.
  const isWritten = fraction?.length <= scale || scaled > Number.MAX_SAFE_INTEGER;
  const text = isWritten ? written : (Math.sign(found) * scaled / 10 ** scale).toFixed(scale);
  if (Math.abs(text) >= 10 ** (precision - scale)) {
    throw Object.assign(new Error('Arithmetic overflow error converting expression to data type numeric.'), { number: 8115 });
  }
  return text;
}

/** A decimal as the request declares it, if it does, and then as the server makes it one of the statement's size. */
function decimal(value, declaration, [precision, scale]) {
  const declared = decimalOf(declaration);
  const sent = declared === undefined ? value : rounded(value, declared);
  return rounded(sent, { precision, scale, round: Math.round });
}

/** A day, and maybe a time with an offset, in ISO 8601. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d(?:\.\d{1,7})?)(Z|[+-]\d\d:\d\d)?)?$/;

/** A moment, if the value is one for the drivers: they make a `Date` of a text. */
function dateOf(value, type) {
  const found = value instanceof Date ? value : new Date(Date.parse(value));
  if (Number.isNaN(found.getTime())) throw invalid(type === 'time' ? 'Invalid time.' : 'Invalid date.');
  const year = found.getUTCFullYear();
  if (type !== 'time' && (year < 1 || year > 9999)) throw invalid('Out of range.');
  return found;
}

/**
 * A date or time as the host writes its type. A `Date` has three digits of a second, so a text with more keeps its own. What the request
 * declares as text is read as the server reads it, which takes the time before an offset as it stands.
 */
function moment(value, type, declaration) {
  if (type === 'time' && /^\d\d:\d\d:\d\d(?:\.\d{1,7})?$/.test(value)) return value;
  const iso = dateOf(value, type).toISOString();
  let [day, time, zone] = [iso.slice(0, 10), iso.slice(-13, -1), 'Z'];
  const [text, ownDay, ownTime = '00:00:00', ownZone = 'Z'] = ISO.exec(value) ?? [];
  const isText = /^n?(?:var)?char/.test(declaration);
  const isLonger = /\.\d{4}/.test(ownTime) && (ownZone === 'Z' || type === 'datetimeoffset');
  if (text !== undefined && (isText || isLonger)) [day, time, zone] = [ownDay, ownTime, ownZone];
  if (declaration === 'date') [time, zone] = ['00:00:00.000', 'Z'];
  return { date: day, time, datetime: `${day}T${time}`, datetimeoffset: `${day}T${time}${zone}` }[type];
}

/** A value as a parameter of this type takes it, converted and refused as the drivers do for the type that the request declares. */
function given(value, { type, size } = {}, declaration) {
  if (value === undefined || value === null) return null;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Buffer.from(value).toString('base64');
  switch (type) {
    case 'bit': return Boolean(value);
    case 'date':
    case 'time':
    case 'datetime':
    case 'datetimeoffset': return moment(value, type, declaration);
    case 'int': return integer(value, declaration);
    case 'float': return float(value);
    case 'bigint': return bigInteger(value, declaration);
    case 'decimal': return decimal(value, declaration, size);
    case 'text': return value instanceof Date ? value.toISOString() : String(value);
    default: return typeof value === 'bigint' ? String(value) : value;
  }
}

/** The same for the parameter of this name, which the error says. */
function givenTo(name, { value, declaration }, parameter) {
  try {
    return given(value, parameter, declaration);
  } catch (error) {
    if (error.code === 'EPARAM') error.message = `Validation failed for parameter '${name}'. ${error.message}`;
    throw error;
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

/** Parameters of a statement by name, of `{ value, declaration }` by the names of a text. */
function parametersOf({ statement, names }, given) {
  const all = inAnyCase(Object.entries(given));
  return Object.fromEntries(names.map(([parameter, called]) => {
    const declared = statement.parameters.get(parameter);
    const found = called.map((name) => {
      if (!all.has(name.toLowerCase())) throw Object.assign(new Error(`Must declare the scalar variable "@${name}".`), { number: 137 });
      return givenTo(name, all.get(name.toLowerCase()), declared);
    });
    return [parameter, declared?.isList ? found.flat() : found[0]];
  }));
}

/** Parameters of a procedure by name, of `{ value, declaration, isOutput }` by names in any case. */
function argumentsOf(statement, given) {
  const declared = inAnyCase(Array.from(statement.parameters.keys(), (name) => [name, name]));
  const values = Object.fromEntries(Object.entries(given)
    .filter(([, { value, isOutput }]) => !isOutput || value !== undefined)
    .map(([name, parameter]) => {
      const known = declared.get(name.toLowerCase()) ?? name;
      return [known, givenTo(name, parameter, statement.parameters.get(known))];
    }));
  for (const [name, { isOutput }] of statement.parameters) {
    // The host sends all that is declared, and does not know which of them have a default.
    if (!isOutput && !(name in values)) throw new Error(`statement \`${statement.name}\`: parameter \`${name}\` is missing; give a value, or remove it from the statement's \`parameters\` to use the procedure's default`);
  }
  return values;
}

/** Whether a statement that writes also gives rows: those it changed, or of a `SELECT` behind it. */
const givesRows = (statement, text) => statement.access === 'read' || statement.columns.size > 0
  || /\boutput\s+(?:inserted|deleted)\.(?![^]*\binto\b)/i.test(text) || /;\s*select\b/i.test(text);

/** What the drivers call the types of columns. */
const NAMES = {
  bit: 'Bit', int: 'Int', bigint: 'BigInt', float: 'Float', decimal: 'Decimal', text: 'NVarChar', binary: 'VarBinary', date: 'Date', time: 'Time',
  datetime: 'DateTime2', datetimeoffset: 'DateTimeOffset', uniqueidentifier: 'UniqueIdentifier',
};

/** Columns as far as they are known: names are those of a row or, without one, those that the statement declares. */
function columnsOf(rows, statement, types) {
  const names = rows.length > 0 ? Object.keys(rows[0]) : Array.from(statement.columns.keys());
  return names.map((name) => ({ name, type: types[NAMES[statement.columns.get(name)]] }));
}

/** A recordset: its columns with the driver's types, its rows as drivers give them, and how many they are. */
const recordsetOf = (rows, statement, types) => ({
  columns: columnsOf(rows, statement, types),
  rows: rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shown(value, statement.columns.get(name))]))),
  count: rows.length,
});

/**
 * Runs the statement of a request's text: its results, each with `columns` and `rows` if it has some, and with the `count` of rows if the
 * server counted. `send` sends to the host.
 */
async function run(text, parameters, types, send) {
  const found = statements.find(text, declarationsOf(parameters));
  const { statement } = found;
  const values = parametersOf(found, parameters);
  if (givesRows(statement, text)) return [recordsetOf(await send('query', statement, values), statement, types)];
  const { rowsAffected } = await send('execute', statement, values);
  return [{ count: rowsAffected ?? undefined }];
}

/** Calls a request's procedure: its results as of `run`, its outputs by name, and what it returned. */
async function call(procedure, parameters, types, send) {
  const statement = statements.procedure(procedure, declarationsOf(parameters));
  const { resultSets, output, returnValue } = await send('call', statement, argumentsOf(statement, parameters));
  return {
    results: resultSets.map((rows) => recordsetOf(rows, statement, types)),
    output: Object.fromEntries(Object.entries(output).map(([name, value]) => [name, shown(value, statement.parameters.get(name)?.type)])),
    returnValue,
  };
}

const declarationsOf = (parameters) => Object.fromEntries(Object.entries(parameters).map(([name, { declaration }]) => [name, declaration]));

module.exports = { call, numberOf, run };
