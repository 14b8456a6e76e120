// Node's path, as it is on systems with slashes.
import { argumentError } from './arguments.js';

function checkText(name, value) {
  if (typeof value !== 'string') throw argumentError(`The "${name}" argument must be of type string`, value);
}
const normalizeParts = (parts, absolute) => {
  const kept = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (part !== '..' || !absolute) kept.push(part);
  }
  return kept;
};
export const sep = '/';
export const delimiter = ':';
export const isAbsolute = (path) => {
  checkText('path', path);
  return path.startsWith('/');
};
export const normalize = (path) => {
  checkText('path', path);
  if (path === '') return '.';
  const absolute = isAbsolute(path);
  const body = normalizeParts(path.split('/'), absolute).join('/');
  const end = path.endsWith('/') && body !== '' ? '/' : '';
  return absolute ? `/${body}${end}` : body === '' ? (end || path.endsWith('/') ? './' : '.') : `${body}${end}`;
};
export const join = (...paths) => {
  for (const path of paths) checkText('path', path);
  const joined = paths.filter((path) => path !== '').join('/');
  return joined === '' ? '.' : normalize(joined);
};
export const resolve = (...paths) => {
  let resolved = '';
  for (const [at, path] of [...paths.entries()].reverse()) {
    checkText(`paths[${at}]`, path);
    if (path === '') continue;
    resolved = resolved === '' ? path : `${path}/${resolved}`;
    if (isAbsolute(path)) break;
  }
  return `/${normalizeParts(resolved.split('/'), true).join('/')}`;
};
const trimmed = (path) => (path.length > 1 ? path.replace(/\/+$/, '') : path);
export const basename = (path, suffix) => {
  if (suffix !== undefined) checkText('suffix', suffix);
  checkText('path', path);
  const base = trimmed(path).split('/').at(-1);
  if (path === suffix) return '';
  return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
};
export const dirname = (path) => {
  checkText('path', path);
  if (path === '//') return '/';
  const at = trimmed(path).lastIndexOf('/');
  return at < 0 ? '.' : at === 0 ? '/' : trimmed(path).slice(0, at);
};
export const extname = (path) => {
  const base = basename(path);
  const at = base.lastIndexOf('.');
  return at <= 0 || base === '..' ? '' : base.slice(at);
};
export const relative = (from, to) => {
  checkText('from', from);
  checkText('to', to);
  const [left, right] = [resolve(from).split('/').filter(Boolean), resolve(to).split('/').filter(Boolean)];
  let same = 0;
  while (same < left.length && left[same] === right[same]) same++;
  return [...left.slice(same).map(() => '..'), ...right.slice(same)].join('/');
};
export const parse = (path) => {
  const [base, ext] = [basename(path), extname(path)];
  const dir = path === '//' || trimmed(path).includes('/') ? dirname(path) : '';
  return { root: isAbsolute(path) ? '/' : '', dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
};
export const format = ({ dir, root = '', base, name = '', ext = '' }) => {
  const file = base || `${name}${ext && !ext.startsWith('.') ? '.' : ''}${ext}`;
  return dir ? (dir === root ? `${dir}${file}` : `${dir}/${file}`) : `${root}${file}`;
};
export const toNamespacedPath = (path) => path;
const path = { sep, delimiter, isAbsolute, normalize, join, resolve, basename, dirname, extname, relative, parse, format, toNamespacedPath };
path.posix = path;
export const posix = path;
export default path;
