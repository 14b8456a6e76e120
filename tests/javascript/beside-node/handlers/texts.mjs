// Texts: templates, patterns, other alphabets, and Node's util.
import { createHash, createHmac } from 'node:crypto';
import { format, inspect, isDeepStrictEqual, promisify } from 'node:util';
import path from 'node:path';
import querystring from 'node:querystring';

const slug = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
const tagged = (texts, ...values) => texts.raw.map((text, at) => `${text}${at < values.length ? `[${values[at]}]` : ''}`).join('');
const later = promisify((value, callback) => setTimeout(() => callback(null, value), 1));

export const handler = async ({ arguments: { name } }) => ({
  slug: slug(name),
  padded: [name.padStart(16, '·'), name.padEnd(16, '.'), 'ab'.repeat(3)],
  tagged: tagged`a\n${name} is ${name.length} long`,
  upper: [name.toUpperCase(), name.toLowerCase(), name.at(-1), [...name].reverse().join('')],
  matched: [...`${name} 12-345 and 6-78`.matchAll(/(?<left>\d+)-(?<right>\d+)/gu)].map(({ groups, index }) => ({ ...groups, index })),
  replaced: name.replace(/(\p{L}+)\s+(\p{L}+)/u, '$2, $1'),
  numbers: [(1234.5678).toFixed(2), (0.000001234).toExponential(2), (255).toString(16), Number('0x1f'), parseFloat('3.14abc'), (1e21).toString(), 0.1 + 0.2, (25).toString(36), Number.MAX_SAFE_INTEGER],
  formatted: format('%s has %d of %j and %i', name, 1.5, { a: [1] }, 7.9),
  inspected: [inspect({ a: 1, b: ['x'] }), inspect('text'), inspect(null)],
  equal: [isDeepStrictEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), isDeepStrictEqual([1], ['1'])],
  hashed: [createHash('sha256').update(name).digest('hex'), createHash('md5').update(name, 'utf8').digest('base64'), createHmac('sha256', 'key').update(name).digest('base64url')],
  bytes: [Buffer.from(name).toString('hex'), Buffer.byteLength(name), Buffer.from('w6k=', 'base64').toString(), encodeURIComponent(name), escape(name)],
  addresses: [new URL('../b?x=1#y', 'https://user@example.com:8443/a/c/d').href, new URLSearchParams({ q: name, n: '1 2' }).toString(), querystring.stringify({ a: [1, 2], b: name })],
  paths: [path.join('a', '..', 'b', './c.txt'), path.extname('x.tar.gz'), path.basename('/a/b.js', '.js')],
  sorted: ['b10', 'B2', 'a', 'Á', 'á', 'z', '_'].sort(),
  json: JSON.stringify({ name, nested: { undefined: undefined, nan: NaN, date: new Date(0) } }, null, 1),
  later: await later(name),
});
