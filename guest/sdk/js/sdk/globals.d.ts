/**
 * The globals that a resolver has beside those of the language, for `tsconfig.json` to include. What TypeScript's library "dom" or
 * `@types/node` would declare has the same names here: include one or the other.
 */

interface Console {
  assert(holds?: boolean, ...values: unknown[]): void;
  count(label?: string): void;
  countReset(label?: string): void;
  debug(...values: unknown[]): void;
  dir(value?: unknown): void;
  error(...values: unknown[]): void;
  group(...values: unknown[]): void;
  groupCollapsed(...values: unknown[]): void;
  groupEnd(): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  table(...values: unknown[]): void;
  time(label?: string): void;
  timeEnd(label?: string): void;
  timeLog(label?: string): void;
  trace(...values: unknown[]): void;
  warn(...values: unknown[]): void;
}
/** Writes to the log of the host. */
declare var console: Console;

/** Node's process, as far as a resolver may look at it. */
declare var process: {
  /** `modules.NAME.environment` of mayfly.toml. What is assigned becomes a text. */
  readonly env: Record<string, string | undefined>;
  /** Is told of a promise that was rejected while nobody listened; without a listener, the log is. */
  on(name: 'unhandledRejection', listener: (reason: unknown, promise: Promise<unknown>) => void): typeof process;
  /** Is told of what a timer, a tick or a microtask threw; without a listener, the log is. */
  on(name: 'uncaughtException', listener: (error: Error, origin: 'uncaughtException' | 'unhandledRejection') => void): typeof process;
  on(name: string | symbol, listener: (...values: any[]) => void): typeof process;
  once(name: string | symbol, listener: (...values: any[]) => void): typeof process;
  off(name: string | symbol, listener: (...values: any[]) => void): typeof process;
  readonly platform: string;
  readonly version: string;
  readonly versions: { readonly node: string };
  cwd(): string;
  hrtime: { (): [number, number]; bigint(): bigint };
  nextTick(callback: (...values: any[]) => void, ...values: any[]): void;
  uptime(): number;
};
declare var global: typeof globalThis;

/** A timer. It ends with the invocation at the latest. */
interface Timer {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
  refresh(): this;
}
declare function setTimeout<Values extends any[]>(callback: (...values: Values) => void, ms?: number, ...values: Values): Timer;
declare function setInterval<Values extends any[]>(callback: (...values: Values) => void, ms?: number, ...values: Values): Timer;
declare function setImmediate<Values extends any[]>(callback: (...values: Values) => void, ...values: Values): Timer;
declare function clearTimeout(timer: Timer | undefined): void;
declare function clearInterval(timer: Timer | undefined): void;
declare function clearImmediate(timer: Timer | undefined): void;
declare function queueMicrotask(callback: () => void): void;
declare function structuredClone<Value>(value: Value): Value;
declare function atob(base64: string): string;
declare function btoa(bytes: string): string;
declare var performance: { now(): number; readonly timeOrigin: number };
declare var crypto: { getRandomValues<View extends ArrayBufferView>(view: View): View; randomUUID(): string };

declare class TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  decode(bytes?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}

declare class DOMException extends Error {
  constructor(message?: string, name?: string);
  readonly code: number;
}
declare class Event {
  constructor(type: string, options?: { cancelable?: boolean });
  readonly type: string;
  readonly target: EventTarget | null;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}
declare class CustomEvent<Detail = any> extends Event {
  constructor(type: string, options?: { cancelable?: boolean; detail?: Detail });
  readonly detail: Detail;
}
declare class EventTarget {
  addEventListener(type: string, listener: (event: Event) => void, options?: { once?: boolean }): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  dispatchEvent(event: Event): boolean;
}
declare class AbortSignal extends EventTarget {
  static abort(reason?: unknown): AbortSignal;
  static timeout(ms: number): AbortSignal;
  static any(signals: Iterable<AbortSignal>): AbortSignal;
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
}
declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare class URLSearchParams {
  constructor(init?: string | URLSearchParams | Record<string, string> | Iterable<readonly [string, string]>);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, all: URLSearchParams) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}
declare class URL {
  constructor(address: string | URL, base?: string | URL);
  static canParse(address: string | URL, base?: string | URL): boolean;
  static parse(address: string | URL, base?: string | URL): URL | null;
  hash: string;
  host: string;
  hostname: string;
  href: string;
  readonly origin: string;
  password: string;
  pathname: string;
  port: string;
  protocol: string;
  search: string;
  readonly searchParams: URLSearchParams;
  username: string;
  toString(): string;
  toJSON(): string;
}

type HeadersInit = Headers | Record<string, string> | Iterable<readonly [string, string]>;
type BodyInit = string | ArrayBuffer | ArrayBufferView | URLSearchParams;
interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  redirect?: 'follow' | 'error' | 'manual';
  signal?: AbortSignal | null;
}
interface Body {
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  json(): Promise<any>;
  text(): Promise<string>;
}
declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(callback: (value: string, name: string, all: Headers) => void): void;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  entries(): IterableIterator<[string, string]>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
interface Request extends Body {}
declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit);
  readonly headers: Headers;
  readonly method: string;
  readonly signal: AbortSignal;
  readonly url: string;
  clone(): Request;
}
interface Response extends Body {}
declare class Response {
  constructor(body?: BodyInit | null, init?: { status?: number; statusText?: string; headers?: HeadersInit });
  static json(value: unknown, init?: { status?: number; statusText?: string; headers?: HeadersInit }): Response;
  readonly headers: Headers;
  readonly ok: boolean;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  clone(): Response;
}
/** Asks a service of mayfly.toml that the module is granted. */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

type BufferEncoding = 'utf8' | 'utf-8' | 'hex' | 'base64' | 'base64url' | 'ascii' | 'latin1' | 'binary' | 'utf16le' | 'ucs2';
type BufferEnd<Name extends string> = `${Name}${'LE' | 'BE'}`;
type BufferNumber = 'Int8' | 'UInt8' | BufferEnd<'Int16' | 'UInt16' | 'Int32' | 'UInt32' | 'Float' | 'Double'>;
type BufferBigInt = BufferEnd<'BigInt64' | 'BigUInt64'>;
type BufferNumbers = { [Name in BufferNumber as `read${Name}`]: (offset?: number) => number }
  & { [Name in BufferNumber as `write${Name}`]: (value: number, offset?: number) => number }
  & { [Name in BufferBigInt as `read${Name}`]: (offset?: number) => bigint }
  & { [Name in BufferBigInt as `write${Name}`]: (value: bigint, offset?: number) => number }
  & { [Name in BufferEnd<'Int' | 'UInt'> as `read${Name}`]: (offset: number, byteLength: number) => number }
  & { [Name in BufferEnd<'Int' | 'UInt'> as `write${Name}`]: (value: number, offset: number, byteLength: number) => number };
/** Node's bytes: the common part. */
interface Buffer extends BufferNumbers {}
declare class Buffer extends Uint8Array<ArrayBuffer> {
  static from(text: string, encoding?: BufferEncoding): Buffer;
  static from(bytes: ArrayBuffer, offset?: number, length?: number): Buffer;
  static from(bytes: ArrayLike<number> | Iterable<number>): Buffer;
  static alloc(size: number, fill?: string | number | Uint8Array, encoding?: BufferEncoding): Buffer;
  static allocUnsafe(size: number): Buffer;
  static byteLength(value: string | ArrayBuffer | ArrayBufferView, encoding?: BufferEncoding): number;
  static compare(one: Uint8Array, other: Uint8Array): -1 | 0 | 1;
  static concat(list: readonly Uint8Array[], length?: number): Buffer;
  static isBuffer(value: unknown): value is Buffer;
  static isEncoding(name: string): boolean;
  copy(target: Uint8Array, targetStart?: number, start?: number, end?: number): number;
  equals(other: Uint8Array): boolean;
  includes(value: string | number | Uint8Array, from?: number, encoding?: BufferEncoding): boolean;
  indexOf(value: string | number | Uint8Array, from?: number, encoding?: BufferEncoding): number;
  lastIndexOf(value: string | number | Uint8Array, from?: number, encoding?: BufferEncoding): number;
  swap16(): this;
  swap32(): this;
  swap64(): this;
  toJSON(): { type: 'Buffer'; data: number[] };
  toString(encoding?: BufferEncoding, start?: number, end?: number): string;
  write(text: string, offset?: number, length?: number, encoding?: BufferEncoding): number;
}
