// Handlers as they are written for AppSync's direct Lambda resolvers: its event, Lambda's context, a promise or a callback.
(function (host, options, parts) {
  'use strict';

  /** The code of an error that a handler threw, as AppSync has it. */
  const UNHANDLED = 'Lambda:Unhandled';

  /** Handlers that gave no promise, and are answered when nothing is left to wait for: what settles their answers. */
  const waiting = new Set();

  /**
   * Lambda answers null for a handler that is done without having said anything. One in which something was thrown that nobody caught has
   * failed: it ends the process there.
   */
  parts.giveUpWaiting = () => {
    if (waiting.size === 0) return false;
    const uncaught = parts.takeUncaught();
    for (const { settle, reject } of waiting) uncaught === undefined ? settle() : reject(uncaught.reason);
    waiting.clear();
    return true;
  };

  const identity = () => {
    const sub = host.caller();
    if (sub === null || sub === undefined) return null;
    const claims = JSON.parse(host.claims());
    return {
      sub,
      issuer: claims.iss ?? null,
      username: claims['cognito:username'] ?? claims.username ?? sub,
      claims,
      groups: claims['cognito:groups'] ?? null,
      sourceIp: null,
      defaultAuthStrategy: null,
    };
  };

  // Headers are asked for by name: which were sent is not said.
  const headers = () => new Proxy({}, {
    get: (_, name) => (typeof name === 'string' ? host.header(name) ?? undefined : undefined),
    has: (_, name) => typeof name === 'string' && (host.header(name) ?? undefined) !== undefined,
  });

  function info(type, field) {
    const paths = host.selection();
    return {
      fieldName: field,
      parentTypeName: type,
      variables: JSON.parse(host.variables()),
      selectionSetList: paths.map((path) => path.replaceAll('.', '/')),
      selectionSetGraphQL: graphql(paths),
    };
  }

  /** The selection as GraphQL: `{ id teacher { name } }`. */
  function graphql(paths) {
    const tree = new Map();
    for (const path of paths) {
      let at = tree;
      for (const name of path.split('.')) {
        if (!at.has(name)) at.set(name, new Map());
        at = at.get(name);
      }
    }
    const write = (level, indentation) => {
      if (level.size === 0) return '';
      const lines = Array.from(level, ([name, below]) => {
        const inner = write(below, `${indentation}  `);
        return `${indentation}  ${name}${inner && ` ${inner}`}\n`;
      });
      return `{\n${lines.join('')}${indentation}}`;
    };
    return write(tree, '');
  }

  const lambdaContext = (answer) => ({
    callbackWaitsForEmptyEventLoop: true,
    functionName: options.module,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:0:function:${options.module}`,
    memoryLimitInMB: String(options.memory_mib),
    awsRequestId: host.traceId(),
    logGroupName: `/mayfly/${options.module}`,
    logStreamName: host.traceId(),
    getRemainingTimeInMillis: () => host.timeLeftMs(),
    done: answer,
    fail: (error) => answer(error ?? new Error('context.fail was called')),
    succeed: (value) => answer(null, value),
  });

  function call(handler, event) {
    return new Promise((resolve, reject) => {
      const answer = (error, value) => (error === null || error === undefined ? resolve(value) : reject(error));
      const context = lambdaContext(answer);
      const late = { settle: () => resolve(null), reject };
      let isCalled = false;
      // What was begun is done before the answer is given, unless the handler wants it at once.
      const callback = (error, value) => {
        if (isCalled) return;
        isCalled = true;
        late.settle = () => answer(error, value);
        if (!context.callbackWaitsForEmptyEventLoop) late.settle();
      };
      const returned = handler(event, context, callback);
      if (typeof returned?.then !== 'function') waiting.add(late);
      else returned.then((value) => (isCalled && value === undefined ? late.settle() : resolve(value)), reject);
    });
  }

  /** Says of an error what AppSync's clients read beside its message. */
  function explain(places, { errorInfo, data }) {
    if (errorInfo === undefined && data === undefined) return;
    try {
      const details = JSON.stringify({ errorInfo, data });
      for (const place of places) host.errorDetails(place, details);
    } catch (error) {
      // What JSON cannot hold, clients cannot read.
      host.log('warn', `the details of an error were left out: ${parts.messageOf(error)}`, '');
    }
  }

  /** An error of the events at these places, with the code that AppSync would give as `errorType`. */
  function failure(error, places) {
    parts.endOutOfMemory(error);
    if (error !== null && typeof error === 'object') explain(places, error);
    const known = typeof error?.errorType === 'string' ? error.errorType : UNHANDLED;
    host.log('error', parts.inspect(error), '');
    return { code: known, message: parts.messageOf(error), retryable: error?.retryable === true };
  }

  /** One entry of a batch: a value, or an object with `data` and perhaps an error. */
  function entry(value, place) {
    const wrapped = value !== null && typeof value === 'object' && !Array.isArray(value)
      && ('errorMessage' in value || 'errorType' in value)
      && Object.keys(value).every((key) => ['data', 'errorMessage', 'errorType', 'errorInfo'].includes(key));
    if (!wrapped) return parts.encode(value);
    const { data, errorMessage, errorType } = value;
    if (errorMessage === null || errorMessage === undefined) return parts.encode(data);
    explain([place], value);
    return { code: String(errorType ?? UNHANDLED), message: String(errorMessage), retryable: false };
  }

  parts.appsync = (handler) => async (type, field, args, parents) => {
    const event = (source) => ({
      arguments: args,
      identity: identity(),
      source,
      request: { headers: headers(), domainName: null },
      prev: null,
      info: info(type, field),
      stash: {},
    });
    const sources = parents.length === 0 ? [null] : parents;
    try {
      if (!options.batch || parents.length === 0) {
        const answers = [];
        // One after the other, as one instance of a Lambda function has them.
        for (const source of sources) answers.push(parts.encode(await call(handler, event(source))));
        return answers;
      }
      const answers = await call(handler, sources.map(event));
      if (!Array.isArray(answers) || answers.length !== sources.length) {
        const found = Array.isArray(answers) ? `${answers.length} entries` : typeof answers;
        throw new Error(`a batch of ${sources.length} events needs an array of as many answers; the handler gave ${found}`);
      }
      return answers.map(entry);
    } catch (error) {
      const failed = failure(error, sources.keys());
      return sources.map(() => failed);
    }
  };
})
