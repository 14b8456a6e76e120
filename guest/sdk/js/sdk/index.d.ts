/** Write Mayfly resolvers in JavaScript and TypeScript. */

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What is known of the operation an invocation belongs to. */
export interface Context {
  /** The trace id of the operation: 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** The caller's id (the `sub` claim), or null for an anonymous caller. */
  readonly caller: string | null;
  /** The caller's verified claims, empty for an anonymous caller. */
  readonly claims: Record<string, unknown>;
  /** Fields the operation selects below this field, as paths: `id`, `teacher.name`. */
  readonly selection: string[];
  /** The variables of the operation, as the client sent them. */
  readonly variables: Record<string, unknown>;
  /** A header of the request; null if it was not sent, or the operator did not list it for guests. */
  header(name: string): string | null;
  /** Milliseconds until the invocation's deadline. */
  timeLeftMs(): number;
}

/** A field of a root type. */
export type RootResolver<Args = any, Answer = any> = (args: Args, context: Context) => Answer | Promise<Answer>;
/** A field of an object, called for each parent. */
export type FieldResolver<Parent = any, Args = any, Answer = any> = (parent: Parent, args: Args, context: Context) => Answer | Promise<Answer>;
/** A field of many objects in one go: an answer, or an error, for each parent, in their order. */
export type BatchResolver<Parent = any, Args = any, Answer = any> = (
  parents: Parent[],
  args: Args,
  context: Context,
) => (Answer | Error)[] | Promise<(Answer | Error)[]>;

/** What a module exports under the name `resolvers`: by type, then by field. */
export type Resolvers = { [type: string]: { [field: string]: RootResolver | FieldResolver } };

/** Marks a resolver that is given all parents at once. */
export function batch<Parent = any, Args = any, Answer = any>(resolver: BatchResolver<Parent, Args, Answer>): FieldResolver<Parent, Args, Answer>;

/** An error of a resolver: clients see its message, and its code as `extensions.reason`. */
export class ResolverError extends Error {
  constructor(code: string, message: string, options?: { retryable?: boolean; cause?: unknown });
  /** Upper case by custom, at most 64 characters. */
  code: string;
  /** Whether the same call, made again later, may succeed. */
  retryable: boolean;
}

/** What a call of the host is rejected with: `code` is one of `denied`, `invalid`, `not-found`, `condition-failed`, `conflict`, and so on. */
export class HostError extends ResolverError {}

export const context: Context;

export interface ReadOptions {
  /** Whether to see every write acknowledged before; costs twice. */
  consistent?: boolean;
  /** The top-level attributes to fetch; all when left out. */
  attributes?: string[];
}
export interface Expressions {
  /** What `#names` mean. */
  names?: Record<string, string>;
  /** What `:values` mean. */
  values?: Record<string, unknown>;
}
export interface WriteOptions extends Expressions {
  /** The condition that must hold. */
  condition?: string;
}
export interface UpdateOptions extends WriteOptions {
  /** The update expression. */
  update: string;
}
export interface QueryOptions extends Expressions, ReadOptions {
  /** The key condition: `PK = :pk`. */
  key: string;
  filter?: string;
  index?: string;
  limit?: number;
  ascending?: boolean;
  /** The `lastKey` of the previous page. */
  startKey?: Record<string, unknown> | null;
}
export interface Page<Item> {
  items: Item[];
  lastKey: Record<string, unknown> | null;
}

export interface Table {
  /** The item, or null. Gets of many invocations are sent as one request. */
  get<Item = any>(key: Record<string, unknown>, options?: ReadOptions): Promise<Item | null>;
  /** As many as keys, null where there is no item. */
  batchGet<Item = any>(keys: Record<string, unknown>[], options?: ReadOptions): Promise<(Item | null)[]>;
  query<Item = any>(options: QueryOptions): Promise<Page<Item>>;
  /** The item that was there before, or null. */
  put<Item = any>(item: Record<string, unknown>, options?: WriteOptions): Promise<Item | null>;
  /** The item as it is afterwards. */
  update<Item = any>(key: Record<string, unknown>, options: UpdateOptions): Promise<Item>;
  /** The item that was there, or null. */
  delete<Item = any>(key: Record<string, unknown>, options?: WriteOptions): Promise<Item | null>;
}

/** One write of a transaction, made by the functions of `dynamodb`. */
export interface TransactItem {
  readonly action: 'put' | 'update' | 'delete' | 'check';
}

export const dynamodb: {
  table(name: string): Table;
  /** Does all of 1 to 100 writes, or none. Repeating it with the same token within ten minutes does nothing. */
  transactWrite(items: TransactItem[], options?: { token?: string }): Promise<null>;
  put(table: string, item: Record<string, unknown>, options?: WriteOptions): TransactItem;
  update(table: string, key: Record<string, unknown>, options: UpdateOptions): TransactItem;
  delete(table: string, key: Record<string, unknown>, options?: WriteOptions): TransactItem;
  check(table: string, key: Record<string, unknown>, options: WriteOptions & { condition: string }): TransactItem;
};

/** Values by parameter name. */
export type Parameters = Record<string, unknown>;
export interface ProcedureAnswer {
  resultSets: Record<string, any>[][];
  output: Record<string, any>;
  returnValue: number;
}
export interface Statements {
  /** The rows of a statement that reads. */
  query<Row = any>(statement: string, parameters?: Parameters): Promise<Row[]>;
  /** Runs a statement that writes; null where the server does not count. */
  execute(statement: string, parameters?: Parameters): Promise<{ rowsAffected: number | null }>;
  /** Calls a stored procedure. */
  call(statement: string, parameters?: Parameters): Promise<ProcedureAnswer>;
}
export interface Transaction extends Statements {
  commit(): Promise<null>;
  rollback(): Promise<null>;
}
export const sql: Statements & {
  /** Rows a few at a time, for more than a guest should hold at once. */
  stream<Row = any>(statement: string, parameters?: Parameters, options?: { rowsAtOnce?: number }): AsyncGenerator<Row>;
  /** Begins a transaction; without a commit the host rolls it back. */
  begin(backend: string): Transaction;
  /** Commits when the function is done, rolls back when it throws. */
  transaction<Answer>(backend: string, work: (transaction: Transaction) => Promise<Answer>): Promise<Answer>;
};

export interface HttpOptions {
  /** Values of the route's parameters. */
  values?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | null | undefined | (string | number | boolean)[]>;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** A body of JSON. */
  json?: unknown;
}
export interface HttpAnswer {
  readonly status: number;
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  /** Names in lower case. */
  readonly headers: Record<string, string>;
  text(): string;
  json<Value = any>(): Value;
  bytes(): Uint8Array;
  /** The same, when its status is 2xx; otherwise it throws `BAD_STATUS`. */
  success(): HttpAnswer;
}
type Ask = (route: string, options?: HttpOptions) => Promise<HttpAnswer>;

/**
 * A service of the configuration. Routes are named as they were granted, with their parameters: `/students/{id}`. `fetch` asks the same
 * services by address.
 */
export function http(service: string): { get: Ask; head: Ask; post: Ask; put: Ask; patch: Ask; delete: Ask };

/** A worker of the configuration: legacy code in a process of its own. Arguments and answers are JSON. */
export function worker(name: string): { call<Answer = any>(method: string, value?: unknown): Promise<Answer> };

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
type Write = (message: string, fields?: Record<string, unknown>) => void;
export const log: Record<Level, Write> & {
  /** Whether a line of this level would be written. */
  enabled(level: Level): boolean;
};

export const clock: {
  now(): Date;
  /** Milliseconds since the invocation began. */
  elapsedMs(): number;
  /** Waits, as `setTimeout` does: a call of the host, which ends with the deadline. */
  sleep(ms: number): Promise<void>;
};

export const random: {
  /** At most 65,536 bytes of the host's cryptographic generator. */
  bytes(length: number): Uint8Array;
  uuid(): string;
};
