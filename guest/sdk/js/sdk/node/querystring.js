// Node's querystring.
export const escape = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (character) => (character === "'" ? '%27' : character));
export const unescape = (text) => {
  try { return decodeURIComponent(text); } catch { return text; }
};
const plain = (value) => (['string', 'number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : '');
export const stringify = (object, separator = '&', equals = '=') => Object.entries(object ?? {})
  .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => `${escape(name)}${equals}${escape(plain(item))}`))
  .join(separator);
export const parse = (text, separator = '&', equals = '=') => {
  const parsed = Object.create(null);
  for (const part of String(text ?? '').split(separator)) {
    if (part === '') continue;
    const [name, ...rest] = part.split(equals);
    const [key, value] = [name, rest.join(equals)].map((piece) => unescape(piece.replaceAll('+', ' ')));
    parsed[key] = key in parsed ? [].concat(parsed[key], value) : value;
  }
  return parsed;
};
export const encode = stringify;
export const decode = parse;
export default { escape, unescape, stringify, parse, encode, decode };
