// The second generation's values: `AWS.DynamoDB.Converter`, and the sets and numbers of its DocumentClient.
import { Buffer } from '../node/buffer.js';
import { named } from './errors.js';

const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
const typeOf = (value) => (typeof value === 'string' ? 'String'
  : ['number', 'bigint'].includes(typeof value) || value instanceof NumberValue ? 'Number'
    : isBytes(value) ? 'Binary' : undefined);

/** The document client's set. */
export class DocumentSet {
  constructor(values, { validate = false } = {}) {
    this.wrapperName = 'Set';
    this.values = [].concat(values);
    this.type = typeOf(this.values[0]);
    if (this.type === undefined) throw named('InvalidSetType', 'Sets can contain string, number, or binary values');
    const other = validate ? this.values.find((value) => typeOf(value) !== this.type) : undefined;
    if (other !== undefined) throw named('InvalidType', `${this.type} Set contains ${typeOf(other) ?? typeof other} value`);
  }
  toJSON() { return this.values; }
}

/** A number as text, with more digits than JavaScript's own keep. */
export class NumberValue {
  constructor(value) {
    this.wrapperName = 'NumberValue';
    this.value = value.toString();
  }
  toJSON() { return this.toNumber(); }
  toNumber() { return Number(this.value); }
  toString() { return this.value; }
}

/** The attribute value of a plain value; none for what AWS leaves out, which are functions and undefined. */
export function input(value, options = {}) {
  if (value === null) return { NULL: true };
  switch (typeof value) {
    case 'string': return value === '' && options.convertEmptyValues ? { NULL: true } : { S: value };
    case 'number':
    case 'bigint': return { N: String(value) };
    case 'boolean': return { BOOL: value };
    case 'object': return ofObject(value, options);
    default: return undefined;
  }
}

function ofObject(value, options) {
  if (Array.isArray(value)) return { L: value.map((item) => input(item, options)) };
  if (isBytes(value)) return value.byteLength === 0 && options.convertEmptyValues ? { NULL: true } : { B: value };
  if (value instanceof DocumentSet || value instanceof Set) return ofSet([...(value.values instanceof Array ? value.values : value)], options);
  if (value instanceof NumberValue) return { N: value.toString() };
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return input(value.valueOf(), options);
  const entries = [];
  for (const key in value) entries.push([key, input(value[key], options)]);
  return { M: Object.fromEntries(entries.filter(([, item]) => item !== undefined)) };
}

const SETS = { String: ['SS', 'string', String], Number: ['NS', 'number', String], Binary: ['BS', 'Buffer, Stream, Blob, or typed array object', (value) => value] };

function ofSet(given, { convertEmptyValues }) {
  const values = convertEmptyValues ? given.filter((value) => (value.length ?? value.byteLength) !== 0) : given;
  if (values.length === 0 && convertEmptyValues) return { NULL: true };
  const [key, kind, write] = SETS[new DocumentSet(values).type];
  const wrong = values.findIndex((value) => SETS[typeOf(value)]?.[0] !== key);
  if (wrong >= 0) throw named('InvalidParameterType', `Expected params.${key}[${wrong}] to be a ${kind}`);
  return { [key]: values.map(write) };
}

export const marshall = (item, options) => input(item, options).M;

const numberOf = (text, { wrapNumbers }) => (wrapNumbers ? new NumberValue(text) : Number(text));

/** The plain value of an attribute value. */
export function output(attribute, options = {}) {
  const [[type, value] = []] = Object.entries(attribute ?? {});
  switch (type) {
    case 'M': return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, output(item, options)]));
    case 'L': return value.map((item) => output(item, options));
    case 'SS': return new DocumentSet(value.map(String));
    case 'NS': return new DocumentSet(value.map((text) => numberOf(text, options)));
    case 'BS': return new DocumentSet(value.map((bytes) => Buffer.from(bytes)));
    case 'S': return `${value}`;
    case 'N': return numberOf(value, options);
    case 'B': return Buffer.from(value);
    case 'BOOL': return value === true || value === 'true' || value === 'TRUE';
    case 'NULL': return null;
    default: return undefined;
  }
}

export const unmarshall = (item, options) => output({ M: item }, options);
