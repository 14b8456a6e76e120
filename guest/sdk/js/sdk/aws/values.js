// `@aws-sdk/util-dynamodb`: attribute values and plain values, by the rules and with the errors of AWS's own.

const UNDEFINED = 'Pass options.removeUndefinedValues=true to remove undefined values from map/array/set.';
const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/** A number as text, with more digits than JavaScript's own keep. */
export class NumberValueImpl {
  constructor(value) {
    const number = typeof value.valueOf() === 'number' ? value.valueOf() : 0;
    if (!(Math.abs(number) <= Number.MAX_SAFE_INTEGER)) {
      throw new Error(`NumberValue should not be initialized with an imprecise number=${number}. Use a string instead.`);
    }
    this.value = String(typeof value === 'object' && 'N' in value ? value.N : value);
  }
  static from(value) { return new NumberValueImpl(value); }
  toAttributeValue() { return { N: this.toString() }; }
  toBigInt() { return BigInt(this.value); }
  toString() { return this.value; }
  valueOf() { return this.value; }
}

export function convertToAttr(value, options = {}) {
  if (value === null) return { NULL: true };
  switch (typeof value) {
    case 'string': return value === '' && options.convertEmptyValues ? { NULL: true } : { S: value };
    case 'number': return { N: numberText(value, options) };
    case 'bigint': return { N: String(value) };
    case 'boolean': return { BOOL: value };
    case 'undefined': throw new Error(UNDEFINED);
    case 'object': return objectToAttr(value, options);
    default: throw unsupported(value);
  }
}

function objectToAttr(value, options) {
  if (Array.isArray(value)) return { L: value.filter((item) => isKept(item, options)).map((item) => convertToAttr(item, options)) };
  if (Object.getPrototypeOf(value) === Object.prototype) return mapToAttr(Object.entries(value), options);
  if (value instanceof Set) return setToAttr(value, options);
  if (value instanceof Map) return mapToAttr([...value], options);
  if (isBytes(value)) return value.byteLength === 0 && options.convertEmptyValues ? { NULL: true } : { B: value };
  if (value instanceof NumberValueImpl) return value.toAttributeValue();
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return convertToAttr(value.valueOf(), options);
  if (isPlain(value) || options.convertClassInstanceToMap) return mapToAttr(enumerable(value), options);
  throw unsupported(value);
}

const unsupported = (value) => new Error(`Unsupported type passed: ${String(value)}. Pass options.convertClassInstanceToMap=true to marshall typeof object as map attribute.`);
const isKept = (value, options) => typeof value !== 'function' && (value !== undefined || !options.removeUndefinedValues);

const isPlain = (value) => Object.getPrototypeOf(value) === null || value.constructor?.name === 'Object';

/** As AWS reads objects: inherited properties are among them. */
function enumerable(value) {
  const entries = [];
  for (const key in value) entries.push([key, value[key]]);
  return entries;
}

function mapToAttr(entries, options) {
  const attributes = [];
  for (const [name, value] of entries) {
    if (isKept(value, options)) attributes.push([name, convertToAttr(value, options)]);
  }
  return { M: Object.fromEntries(attributes) };
}

function numberText(number, options) {
  if (!Number.isFinite(number)) throw new Error(`Special numeric value ${number} is not allowed`);
  if (options.allowImpreciseNumbers || Math.abs(number) <= Number.MAX_SAFE_INTEGER) return String(number);
  const limit = number > 0 ? 'greater than Number.MAX_SAFE_INTEGER' : 'lesser than Number.MIN_SAFE_INTEGER';
  throw new Error(`Number ${number} is ${limit}. Use NumberValue from @aws-sdk/lib-dynamodb.`);
}

function setToAttr(set, options) {
  const values = [...set].filter((value) => value !== undefined || !options.removeUndefinedValues);
  if (values.includes(undefined)) throw new Error(UNDEFINED);
  const [first] = values;
  if (first === undefined) {
    if (options.convertEmptyValues) return { NULL: true };
    throw new Error('Pass a non-empty set, or options.convertEmptyValues=true.');
  }
  if (typeof first === 'number') return { NS: values.map((value) => (typeof value === 'number' ? numberText(value, options) : String(value))) };
  if (typeof first === 'bigint' || first instanceof NumberValueImpl) return { NS: values.map(String) };
  if (typeof first === 'string') return { SS: values.map(String) };
  if (isBytes(first)) return { BS: values };
  throw new Error('Only Number Set (NS), Binary Set (BS) or String Set (SS) are allowed.');
}

/** An object's attributes, a list's values, or the attribute value of anything else. */
export function marshall(value, options = {}) {
  const made = convertToAttr(value, options);
  return options.convertTopLevelContainer ? made : made.M ?? made.L ?? made;
}

export function convertToNative(attribute, options = {}) {
  for (const [type, value] of Object.entries(attribute)) {
    if (value !== undefined) return ofType(type, value, options);
  }
  throw new Error(`No value defined: ${JSON.stringify(attribute)}`);
}

function ofType(type, value, options) {
  switch (type) {
    case 'NULL': return null;
    case 'BOOL': return Boolean(value);
    case 'N': return numberOf(value, options);
    case 'S':
    case 'B': return value;
    case 'L': return value.map((item) => convertToNative(item, options));
    case 'M': return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, convertToNative(item, options)]));
    case 'NS': return new Set(value.map((item) => numberOf(item, options)));
    case 'SS':
    case 'BS': return new Set(value);
    default: throw new Error(`Unsupported type passed: ${type}`);
  }
}

export function numberOf(text, { wrapNumbers }) {
  if (typeof wrapNumbers === 'function') return wrapNumbers(text);
  if (wrapNumbers) return NumberValueImpl.from(text);
  const number = Number(text);
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER || !Number.isFinite(number)) return number;
  try {
    return BigInt(text);
  } catch {
    throw new Error(`${text} can't be converted to BigInt. Set options.wrapNumbers to get string value.`);
  }
}

export const unmarshall = (attributes, options = {}) => (options.convertWithoutMapWrapper
  ? convertToNative(attributes, options)
  : convertToNative({ M: attributes }, options));
