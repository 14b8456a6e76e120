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

/** Why an item of a transaction failed, by the host's code. */
const REASONS = {
  'condition-failed': { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
  conflict: { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
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

/** An error of the host, as AWS would tell it. The items are those of a transaction. */
export function translated(error, items) {
  if (!(error instanceof HostError)) return error;
  const { retryable } = error;
  if (items !== undefined && error.code in REASONS) return canceled(error, items);
  const [name, status] = ERRORS[error.code] ?? ['InternalServerError', 500];
  return serviceError(name, MESSAGES[name] ?? error.message, { status, retryable, cause: error });
}

function canceled(error, items) {
  const reasons = cancellationReasons(error.code, items);
  const codes = reasons?.map(({ Code }) => Code).join(', ');
  const message = reasons === undefined ? error.message : `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  const made = serviceError('TransactionCanceledException', message, { retryable: error.retryable, cause: error });
  return reasons === undefined ? made : Object.assign(made, { CancellationReasons: reasons });
}

/** The host tells why a transaction failed, not which item did. Where only one can have, its reason is known; otherwise none is given. */
function cancellationReasons(code, items) {
  const isSuspect = (item) => code !== 'condition-failed' || Object.values(item).some((write) => write?.ConditionExpression !== undefined);
  if (items.filter(isSuspect).length !== 1) return undefined;
  return items.map((item) => (isSuspect(item) ? { ...REASONS[code] } : { Code: 'None' }));
}
