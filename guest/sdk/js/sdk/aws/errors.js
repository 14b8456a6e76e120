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
  return Object.assign(error, { code: name });
}

/** An error that DynamoDB answers with. */
export function serviceError(name, message, { status = 400, retryable = false, cause } = {}) {
  return Object.assign(named(name, message, cause), {
    statusCode: status,
    retryable,
    $retryable: retryable ? {} : undefined,
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status },
  });
}

export const invalid = (message) => serviceError('ValidationException', message);

/** What DynamoDB says of a value that is not what its place in the request takes. */
export const unexpected = () => serviceError('SerializationException', 'Unexpected value type in payload');

/** An error of the host, as AWS would tell it. */
export function translated(error) {
  if (!(error instanceof HostError)) return error;
  const { retryable } = error;
  const [, reasons] = / \(reasons: ([\w, ]+)\)$/.exec(error.message) ?? [];
  if (reasons !== undefined) return canceled(error, reasons);
  const [name, status] = ERRORS[error.code] ?? ['InternalServerError', 500];
  return serviceError(name, MESSAGES[name] ?? error.message, { status, retryable, cause: error });
}

/** The error of a transaction whose items have these reasons. */
function canceled(error, reasons) {
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons}]`;
  const made = serviceError('TransactionCanceledException', message, { retryable: error.retryable, cause: error });
  const CancellationReasons = reasons.split(', ').map((Code) => (Code === 'None' ? { Code } : { Code, Message: REASONS[Code] }));
  return Object.assign(made, { CancellationReasons });
}
