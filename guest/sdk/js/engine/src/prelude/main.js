// What a module is, and what an invocation does with it. Gives the functions that the engine calls.
(function (host, options, parts) {
  'use strict';

  /** The code of errors that a resolver did not give one. */
  const FAILED = 'FAILED';

  /** An error of a resolver: clients see its code and message. */
  class ResolverError extends Error {
    constructor(code, message, { retryable = false, cause } = {}) {
      super(message, cause === undefined ? undefined : { cause });
      this.code = String(code);
      this.retryable = retryable;
    }
    get name() { return 'ResolverError'; }
  }

  /** An error that a call of the host answered with. */
  class HostError extends ResolverError {
    get name() { return 'HostError'; }
  }

  parts.hostError = (code, message, retryable) => new HostError(code, message, { retryable });

  const batches = new WeakSet();

  /** Marks a resolver that is given all parents at once. */
  function batch(resolver) {
    if (typeof resolver !== 'function') throw new TypeError('batch takes a function of (parents, args, context)');
    const marked = function (...values) { return resolver.apply(this, values); };
    batches.add(marked);
    return marked;
  }

  /** What is known of the operation. */
  const context = {
    get traceId() { return host.traceId(); },
    get caller() { return host.caller() ?? null; },
    get claims() { return JSON.parse(host.claims()); },
    get selection() { return host.selection(); },
    get variables() { return JSON.parse(host.variables()); },
    header: (name) => host.header(String(name)) ?? null,
    timeLeftMs: () => host.timeLeftMs(),
    toJSON: () => ({}),
  };

  const isObject = (value) => value !== null && (typeof value === 'object' || typeof value === 'function');

  const OutOfMemory = globalThis.InternalError;

  /** Ends the invocation if what was thrown says that memory is used up. Where there is none to make an error of, the engine throws null. */
  parts.endOutOfMemory = (error) => {
    if (error === null) host.endOutOfMemory(false);
    else if (error instanceof OutOfMemory && error.message === 'out of memory') host.endOutOfMemory(true);
  };

  /** What follows in a message on what is wrong: what an operator has to write. It is in the text, since drivers copy messages and no more. */
  const REMEDY = /; write in mayfly\.toml, and build again:\n[^]*/;

  /**
   * What clients read of what was thrown. What an operator has to write is in the log alone: it has names, and texts of statements. So is
   * an object without a message: it may be a whole request, with its secrets.
   */
  parts.messageOf = (error) => {
    const text = isObject(error) ? error.message : String(error);
    return typeof text === 'string' ? parts.named(text).replace(REMEDY, '') : 'a resolver threw an object without a message';
  };

  /** An answer as JSON text. */
  parts.encode = (value) => {
    if (value === undefined) return 'null';
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`a resolver answered with a ${typeof value}, which JSON cannot hold`);
    return text;
  };

  /** An error as the host takes it. Anything can be thrown, also what throws when it is looked at. */
  function failure(error) {
    try {
      return described(error);
    } catch {
      return { code: FAILED, message: 'a resolver threw something that cannot be shown', retryable: false };
    }
  }

  /** One without a code of its own is a surprise, whose place is worth a line in the log; so is what clients do not read. */
  function described(error) {
    parts.endOutOfMemory(error);
    const code = typeof error?.code === 'string' && error.code.length > 0 ? error.code : undefined;
    const message = parts.messageOf(error);
    if (code === undefined || error.message !== message) host.log('error', parts.inspect(error), '');
    return {
      // Not cut in the middle of a pair.
      code: (code ?? FAILED).toWellFormed().slice(0, 64).replace(/[\ud800-\udbff]$/, ''),
      message,
      retryable: error?.retryable === true,
    };
  }

  async function one(resolver, ...values) {
    try {
      return parts.encode(await resolver(...values));
    } catch (error) {
      return failure(error);
    }
  }

  async function all(resolver, parents, args) {
    try {
      const answers = await resolver(parents, args, context);
      if (!Array.isArray(answers) || answers.length !== parents.length) {
        const found = Array.isArray(answers) ? `${answers.length} answers` : `a ${typeof answers}`;
        throw new ResolverError('INVALID_OUTPUT', `a batch of ${parents.length} parents needs an array of as many answers; the resolver gave ${found}`);
      }
      return answers.map((answer) => (answer instanceof Error ? failure(answer) : parts.encode(answer)));
    } catch (error) {
      const failed = failure(error);
      return parents.map(() => failed);
    }
  }

  const resolvers = new Map();
  let dispatch = async (type, field, args, parents) => {
    const resolver = resolvers.get(`${type}.${field}`);
    if (resolver === undefined) {
      const failed = { code: FAILED, message: `this module has no resolver for ${type}.${field}`, retryable: false };
      return parents.length === 0 ? [failed] : parents.map(() => failed);
    }
    if (parents.length === 0) return [await one(resolver, args, context)];
    if (batches.has(resolver)) return all(resolver, parents, args);
    return Promise.all(parents.map((parent) => one(resolver, parent, args, context)));
  };

  /** What a module exports by a name, also from CommonJS. */
  const exported = (module, name) => module[name] ?? module.default?.[name];

  function registerResolvers(module) {
    const types = exported(module, 'resolvers');
    if (types === null || typeof types !== 'object') {
      throw new Error('it exports no `resolvers`; write `export const resolvers = { Query: { field: async (args, context) => … } }`, or set `handler = "appsync"` in its section if it is a Lambda handler');
    }
    for (const [type, fields] of Object.entries(types)) {
      if (fields === null || typeof fields !== 'object') throw new Error(`\`resolvers.${type}\` must be an object of functions`);
      for (const [field, resolver] of Object.entries(fields)) {
        if (typeof resolver !== 'function') throw new Error(`\`resolvers.${type}.${field}\` must be a function`);
        resolvers.set(`${type}.${field}`, resolver);
      }
    }
    if (resolvers.size === 0) throw new Error('`resolvers` has no field; write `{ Query: { field: async (args, context) => … } }`');
    return [...resolvers.keys()].join('\n');
  }

  function registerHandler(module) {
    const handler = exported(module, 'handler') ?? (typeof module.default === 'function' ? module.default : undefined);
    if (typeof handler !== 'function') {
      throw new Error('it exports no function `handler`; write `exports.handler = async (event, context) => …`, or leave `handler = "appsync"` out of its section');
    }
    dispatch = parts.appsync(handler);
    return '';
  }

  /** Promises that were rejected while nobody listened, and why. */
  const rejections = new Map();

  /** What was thrown in a timer. */
  const thrown = [];
  parts.thrownInTimer = (reason) => thrown.push(reason);

  /** Tells the process's listeners of what was thrown and nobody caught; false where there are none. */
  parts.tellOfException = (error, origin) => {
    if (process.listenerCount('uncaughtException') === 0) return false;
    parts.endOutOfMemory(error);
    try {
      process.emit('uncaughtException', error, origin);
    } catch (another) {
      host.log('error', `a listener of uncaughtException failed: ${parts.inspect(another)}`, '');
      thrown.push(another);
    }
    return true;
  };

  /** What Node makes of a reason that is not an error, for listeners of exceptions. */
  function asError(reason) {
    if (reason instanceof Error) return reason;
    const shown = isObject(reason) ? `#<${reason.constructor?.name ?? 'Object'}>` : String(reason);
    const message = `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${shown}".`;
    return Object.assign(new Error(message), { code: 'ERR_UNHANDLED_REJECTION' });
  }

  /** Tells the process's listeners of promises that were rejected while nobody listened; false where there are no listeners, or none such. */
  parts.tellOfRejections = () => {
    if (rejections.size === 0) return false;
    const isTold = process.listenerCount('unhandledRejection') > 0;
    if (!isTold && process.listenerCount('uncaughtException') === 0) return false;
    const batch = [...rejections];
    rejections.clear();
    for (const [promise, reason] of batch) {
      parts.endOutOfMemory(reason);
      if (!isTold) parts.tellOfException(asError(reason), 'unhandledRejection');
      else attemptToTell(reason, promise);
    }
    return true;
  };
  function attemptToTell(reason, promise) {
    try {
      process.emit('unhandledRejection', reason, promise);
    } catch (error) {
      if (parts.tellOfException(error, 'unhandledRejection')) return;
      host.log('error', `a listener of unhandledRejection failed: ${parts.inspect(error)}`, '');
      thrown.push(error);
    }
  }

  /** The first thing that nobody caught, which then is somebody's: `{ reason }`, or none. */
  parts.takeUncaught = () => {
    if (thrown.length > 0) return { reason: thrown.shift() };
    for (const [promise, reason] of rejections) {
      rejections.delete(promise);
      return { reason };
    }
    return undefined;
  };

  // For the SDK, which is bundled with the module.
  Object.defineProperty(globalThis, '__mayfly', {
    value: {
      host,
      context,
      batch,
      ResolverError,
      HostError,
      // Made after this.
      get inspect() { return parts.inspect; },
      get util() { return parts.util; },
      get statusText() { return parts.statusText; },
      get statements() { return parts.statements; },
      sendTo: parts.sendTo,
      bytesOf: parts.bytesOf,
      moduleName: options.module,
      workers: options.reach?.worker === undefined ? [] : JSON.parse(options.reach.worker),
    },
  });

  return {
    register(module) {
      const fields = options.handler === 'appsync' ? registerHandler(module) : registerResolvers(module);
      for (const reason of [...thrown, ...rejections.values()]) throw reason;
      const warnings = parts.unknownTexts(options.texts ?? []);
      delete options.texts;
      return [fields, ...warnings].join('\u0001');
    },
    dispatch: (type, field, args, parents) => dispatch(type, field, args, parents),
    hostError: parts.hostError,
    rejected(promise, reason, handled) {
      if (handled) rejections.delete(promise);
      else rejections.set(promise, reason);
    },
    /** Called when nothing runs: runs a timer that is due and gives -1, or says in how many milliseconds one is. */
    turn: (hasCalls) => parts.runTimer(hasCalls),
    /** Called when nothing is left to wait for: whether something could be done. */
    last: () => parts.giveUpWaiting(),
    /** Reports what nobody caught: where there is no answer, memory that was used up is why. */
    finish(hasAnswer) {
      if (!hasAnswer) for (const reason of rejections.values()) parts.endOutOfMemory(reason);
      parts.tellOfRejections();
      for (const reason of rejections.values()) host.log('error', `unhandled rejection: ${parts.inspect(reason)}`, '');
    },
  };
})
