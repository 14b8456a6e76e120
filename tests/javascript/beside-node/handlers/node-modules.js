// Modules of Node whose export is a function or a class, and what old packages do with them.
const EventEmitter = require('events');
const assert = require('assert');
const crypto = require('node:crypto');
const tty = require('tty');
const url = require('url');
const util = require('util');
const { performance } = require('perf_hooks');
const { StringDecoder } = require('string_decoder');
const xml2js = require('xml2js');

class Bus extends EventEmitter {}
function Old() { EventEmitter.call(this); }
util.inherits(Old, EventEmitter);
function Older() {}
Older.prototype = Object.create(EventEmitter.prototype);
const mixed = Object.assign({}, EventEmitter.prototype);

const heard = (emitter) => {
  const all = [];
  emitter.on('a', (value) => all.push(value)).once('a', () => all.push('once'));
  emitter.prependOnceListener('a', () => all.push('first'));
  emitter.emit('a', 1);
  emitter.emit('a', 2);
  return [all, emitter.listenerCount('a'), emitter.emit('b')];
};
const settled = (run) => {
  try {
    return run();
  } catch (error) {
    return [error.name, error.code, error.message].join(' | ');
  }
};
const decoded = () => {
  const decoder = new StringDecoder('utf8');
  return [decoder.write(Buffer.from([0xe2, 0x82])), decoder.write(Buffer.from([0xac, 0x61])), decoder.write(Buffer.from([0xf0, 0x9f])), decoder.end()];
};

const PARTS = {
  events: () => [Bus, Old, Older].map((Emitter) => heard(new Emitter())).concat([heard(new (require('events'))()), heard(mixed), EventEmitter.EventEmitter === EventEmitter, typeof EventEmitter.once, new Bus() instanceof EventEmitter]),
  assert: () => [assert(true), settled(() => assert(0, 'nope')), settled(() => assert.strict(false, 'no')), require('assert/strict')(true), typeof assert.AssertionError].map((value) => value ?? null),
  globals: () => [require('process') === process, require('console') === console, tty.isatty(1), typeof performance.now(), require('util/types').isDate(new Date()), require('path/posix').join('a', 'b'), require('sys').format('%s', 1)],
  xml: async () => [await xml2js.parseStringPromise('<a><b x="1">t</b><b>ü</b></a>'), new xml2js.Builder({ headless: true }).buildObject({ a: { b: [1, 2] } })],
  buffers: () => [
    new Buffer('abc'), new Buffer('aGk=', 'base64'), Buffer('x'), new Buffer(3), new Buffer([1, 2]), new Buffer(new Uint8Array([5, 6, 7]).buffer, 1, 1), Buffer.from('abc').map((byte) => byte + 1), Buffer.from('abcd').subarray(1, 3),
  ].map((bytes) => [bytes.toString('hex'), bytes instanceof Buffer, Buffer.isBuffer(bytes), bytes.constructor === Buffer]),
  searches: () => ['lastIndexOf', 'indexOf', 'includes'].map((name) => {
    const bytes = Buffer.from('abcabc');
    return [bytes[name]('a'), bytes[name]('a', 2), bytes[name]('bc', -2), bytes[name](Buffer.from('ca')), bytes[name](0x63), bytes[name](0x63, 4), bytes[name]('x'), bytes[name]('6263', 'hex'), bytes[name]('c', -10)];
  }),
  crypto: () => [5, {}, undefined, null, new Date(0), () => 1, new ArrayBuffer(1), [1]].map((value) => settled(() => crypto.createHash('sha256').update(value).digest('hex'))).concat([
    settled(() => crypto.createHmac('sha256', undefined)), settled(() => crypto.timingSafeEqual('a', Buffer.from('a'))), settled(() => Buffer.from(5)),
    crypto.createHash('sha256').update(new Uint16Array([258])).digest('hex'), crypto.createHmac('sha256', new Uint8Array([1]).buffer).update('x').digest('hex'),
  ]),
  urls: () => [
    { protocol: 'https', hostname: 'h.example', port: 8443, pathname: 'a/b', query: { b: 1, c: ['x y', 'ü'] } }, { protocol: 'https:', host: 'x.com', pathname: '/a', search: 'q=1#2', hash: 'top' }, { pathname: '/only', query: { a: '' } }, { protocol: 'mailto', pathname: 'a@b.c' },
    { protocol: 'http', auth: 'me:pass word', hostname: '::1', port: '80', pathname: '/a?b#c' }, { hostname: 'h', slashes: true, pathname: 'x' }, {}, { protocol: 'custom', slashes: true, host: 'h', search: '?a' }, new URL('https://u:p@h/x?y#z'), 'http://h/a b',
  ].map((parts) => url.format(parts)).concat(url.format(new URL('https://u:p@h/x?y#z'), { auth: false, fragment: false, search: false })),
  decoded,
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
