// Items between DynamoDB's attribute values (`{ S: 'text' }`) and the host's JSON, as wit/dynamodb.wit describes it.
//
// On the way to the host the text is written by hand, so that numbers keep all of their digits. What comes from the host has been read as
// JavaScript's own values; numbers with more digits than those keep are `{ $number: text }`.
import { Buffer } from '../node/buffer.js';
import { invalid, unexpected } from './errors.js';

const WRITERS = {
  __proto__: null,
  S: (text) => JSON.stringify(checked(text, 'string')),
  N: numberText,
  BOOL: (flag) => String(checked(flag, 'boolean')),
  NULL: nullText,
  B: (bytes) => `{"$binary":${binaryText(bytes)}}`,
  L: (list) => `[${elements(list).filter((item) => item !== undefined).map(valueText).join(',')}]`,
  M: itemText,
  SS: (texts) => setText('stringSet', texts, 'An string set  may not be empty', WRITERS.S),
  NS: (texts) => setText('numberSet', texts, 'An number set  may not be empty', numberText),
  BS: (list) => setText('binarySet', list, 'Binary sets should not be empty', binaryText),
};

/** The host's text of attributes by name: of an item, a key, or the values of an expression. */
export function itemText(attributes) {
  if (attributes === null || typeof attributes !== 'object' || Array.isArray(attributes)) throw unexpected();
  const names = Object.keys(attributes).filter((name) => attributes[name] !== undefined);
  const escape = names.length === 1 && names[0].startsWith('$') ? '$' : '';
  let members = '';
  for (const name of names) members += `${members === '' ? '' : ','}${JSON.stringify(escape + name)}:${valueText(attributes[name])}`;
  return `{${members}}`;
}

function valueText(attribute) {
  if (attribute === null || typeof attribute !== 'object') throw unexpected();
  let found;
  for (const type in attribute) {
    if (attribute[type] === undefined || attribute[type] === null || !(type in WRITERS)) continue;
    if (found !== undefined) throw invalid('Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes');
    found = type;
  }
  if (found === undefined) throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  return WRITERS[found](attribute[found]);
}

function checked(value, type) {
  if (typeof value !== type) throw unexpected();
  return value;
}

function elements(list) {
  if (!Array.isArray(list)) throw unexpected();
  return list;
}

function nullText(flag) {
  if (checked(flag, 'boolean') === false) throw invalid('One or more parameter values were invalid: Null attribute value types must have the value of true');
  return 'null';
}

/** A number's digits as they are, in JSON's grammar: without a plus sign, leading zeros or a bare point. */
function numberText(text) {
  const number = Number(text);
  if (String(number) === text && Number.isFinite(number)) return text;
  const [, sign, whole, fraction, exponent = ''] = /^([+-]?)(\d*)\.?(\d*)(e[+-]?\d+)?$/i.exec(checked(text, 'string')) ?? [];
  if (!whole && !fraction) throw invalid(`The parameter cannot be converted to a numeric value${text === '' ? '' : `: ${text}`}`);
  return `${sign === '-' ? '-' : ''}${whole.replace(/^0+/, '') || '0'}${fraction ? `.${fraction}` : ''}${exponent}`;
}

function binaryText(value) {
  if (ArrayBuffer.isView(value)) return JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
  if (typeof value === 'string' || value instanceof ArrayBuffer) return JSON.stringify(Buffer.from(value).toString('base64'));
  throw unexpected();
}

function setText(tag, list, problem, write) {
  if (elements(list).length === 0) throw invalid(`One or more parameter values were invalid: ${problem}`);
  return `{"$${tag}":[${list.map(write).join(',')}]}`;
}

/** The tag of a value that JSON has no word for, and what it holds. A map's only key that begins with `$` comes with one `$` more. */
function tagged(value) {
  const [key, ...more] = Object.keys(value);
  return key?.startsWith('$') && more.length === 0 ? [key.slice(1), value[key]] : [];
}

/** A value of the host as a plain one; the form says what becomes of numbers (texts where they are long), binary values and sets. */
export function plain(value, form) {
  if (typeof value === 'number') return form.number(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, form));
  const [tag, inner] = tagged(value);
  switch (tag) {
    case undefined:
      for (const key of Object.keys(value)) value[key] = plain(value[key], form);
      return value;
    case 'number': return form.number(inner);
    case 'binary': return form.binary(inner);
    case 'stringSet': return form.set(inner);
    case 'numberSet': return form.set(inner.map((number) => plain(number, form)));
    case 'binarySet': return form.set(inner.map(form.binary));
    default: return { [tag]: plain(inner, form) };
  }
}

/** The attributes of an item of the host. */
export function attributes(item) {
  const [tag, inner] = tagged(item);
  if (tag !== undefined) return { [tag]: attribute(inner) };
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attribute(value)]));
}

function attribute(value) {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: digits(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(attribute) };
  const [tag, inner] = tagged(value);
  switch (tag) {
    case 'number': return { N: inner };
    case 'binary': return { B: bytes(inner) };
    case 'stringSet': return { SS: inner };
    case 'numberSet': return { NS: inner.map(digits) };
    case 'binarySet': return { BS: inner.map(bytes) };
    default: return { M: attributes(value) };
  }
}

/** The digits of a number of the host. */
const digits = (number) => (typeof number === 'object' ? number.$number : String(number));

/** The bytes of base64 text. */
export const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
