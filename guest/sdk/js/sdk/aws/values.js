// `@aws-sdk/util-dynamodb`: attribute values and plain values.

function write(value, options) {
  if (value === null) return { NULL: true };
  switch (typeof value) {
    case 'string': return { S: value };
    case 'number':
    case 'bigint': return { N: String(value) };
    case 'boolean': return { BOOL: value };
    case 'undefined': throw new Error('Pass options.removeUndefinedValues=true to remove undefined values from map/array/set.');
    default:
  }
  if (value instanceof Set) return writeSet([...value]);
  if (ArrayBuffer.isView(value)) return { B: value };
  if (Array.isArray(value)) return { L: value.filter((item) => item !== undefined || !options.removeUndefinedValues).map((item) => write(item, options)) };
  return { M: marshall(value, options) };
}

function writeSet(values) {
  if (values.every((value) => typeof value === 'string')) return { SS: values };
  if (values.every((value) => ['number', 'bigint'].includes(typeof value))) return { NS: values.map(String) };
  return { BS: values };
}

export const marshall = (item, options = {}) => Object.fromEntries(
  Object.entries(item).filter(([, value]) => value !== undefined || !options.removeUndefinedValues).map(([name, value]) => [name, write(value, options)]));

function read(value) {
  const [[kind, inner]] = Object.entries(value);
  switch (kind) {
    case 'NULL': return null;
    case 'N': return Number(inner);
    case 'L': return inner.map(read);
    case 'M': return unmarshall(inner);
    case 'SS': return new Set(inner);
    case 'NS': return new Set(inner.map(Number));
    case 'BS': return new Set(inner);
    default: return inner;
  }
}

export const unmarshall = (item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, read(value)]));
export const convertToAttr = (value, options = {}) => write(value, options);
export const convertToNative = read;
