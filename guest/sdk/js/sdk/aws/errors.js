// Errors of DynamoDB as AWS's SDKs throw them. The second generation reads `code` and `statusCode`, the third `name`, `$fault` and
// `$metadata`; an error here has both.

const { HostError } = globalThis.__mayfly;

/** What AWS calls the host's errors, and their status. */
const ERRORS = {
  denied: ['AccessDeniedException', 400],
  invalid: ['ValidationException', 400],
  'not-found': ['ResourceNotFoundException', 400],
  'condition-failed': ['ConditionalCheckFailedException', 400],
  conflict: ['TransactionConflictException', 400],
  throttled: ['ProvisionedThroughputExceededException', 400],
  unavailable: ['ServiceUnavailable', 503],
  deadline: ['TimeoutError', 500],
  'outcome-unknown': ['InternalServerError', 500],
};

/** What AWS says of them, where it always says the same. */
const MESSAGES = {
  ConditionalCheckFailedException: 'The conditional request failed',
  ResourceNotFoundException: 'Requested resource not found',
};

/** What the host refuses before it asks, and what AWS says of it. */
const REFUSALS = [
  [/^item: larger than \d+ bytes/, 'Item size has exceeded the maximum allowed size'],
  [/^key: (\d+ attributes where one or two were expected|.* is not a number, text or binary value with content)$/, 'The provided key element does not match the schema'],
  [/: a number of more than 38 digits$/, 'Attempting to store more than 38 significant digits in a Number'],
];

/** What AWS says of why an item of a transaction failed, where it always says the same. */
const REASONS = {
  ConditionalCheckFailed: 'The conditional request failed',
  TransactionConflict: 'Transaction is ongoing for the item',
  ItemCollectionSizeLimitExceeded: 'Collection size exceeded',
};

/** An error with a name that both generations find. */
export function named(name, message, cause) {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  Object.defineProperty(error, 'name', { value: name, writable: true, configurable: true });
  return Object.assign(error, { code: name, time: new Date() });
}

/** An error that DynamoDB answers with. */
export function serviceError(name, message, { status = 400, retryable = false, cause } = {}) {
  return Object.assign(named(name, message, cause), {
    statusCode: status,
    retryable,
    $retryable: retryable ? {} : undefined,
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status, attempts: 1, totalRetryDelay: 0 },
  });
}

export const invalid = (message) => serviceError('ValidationException', message);

/** The error for parts of a request that are outside of what DynamoDB takes, each said in its words. */
export const unsatisfied = (problems) => invalid(`${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems
  .map(({ value, place, rule }) => `Value ${value === undefined ? '' : `${value} `}at '${place}' failed to satisfy constraint: Member must ${rule}`).join('; ')}`);

/** What DynamoDB says of a value that is not what its place in the request takes. */
export const unexpected = () => serviceError('SerializationException', 'Unexpected value type in payload');

/** An error of the host, as AWS would tell it. */
export function translated(error) {
  if (!(error instanceof HostError)) return error;
  const { retryable } = error;
  const [, reasons] = / \(reasons: ([\w, ]+)\)$/.exec(error.message) ?? [];
  if (reasons !== undefined) return canceled(error, reasons);
  const [known, status] = ERRORS[error.code] ?? ['InternalServerError', 500];
  const [, name = known] = / \((\w+Exception)\)$/.exec(error.message) ?? [];
  return serviceError(name, said(name, error.message), { status, retryable, cause: error });
}

/** AWS's own message where it is known, or the host's. */
function said(name, message) {
  const [, told] = / DynamoDB refused the request as invalid: (.+)$/.exec(message) ?? [];
  const [, refusal] = REFUSALS.find(([pattern]) => pattern.test(message)) ?? [];
  return told ?? refusal ?? MESSAGES[name] ?? message;
}

/** What the host says of a transaction's items, such as `; item 2: Item size has exceeded the maximum allowed size`. */
const ITEM_TEXTS = /; item (\d+): (.+?)(?=; item \d+: | \(reasons: )/g;

/** The error of a transaction whose items have these reasons. */
function canceled(error, reasons) {
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons}]`;
  const made = serviceError('TransactionCanceledException', message, { retryable: error.retryable, cause: error });
  const texts = Object.fromEntries([...error.message.matchAll(ITEM_TEXTS)].map(([, item, text]) => [item, text]));
  const CancellationReasons = reasons.split(', ').map((Code, at) => (Code === 'None' ? { Code } : { Code, Message: texts[at + 1] ?? REASONS[Code] }));
  return Object.assign(made, { CancellationReasons });
}
