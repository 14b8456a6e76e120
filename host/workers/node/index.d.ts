/** The call that runs. */
export interface Call {
  /** The method's name. */
  readonly method: string;
  /** The trace id of the operation that the call belongs to. */
  readonly traceId: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left of the caller's time; negative when it is over. */
  timeLeftMs(): number;
  /** The frame of the call as JSON text, for those who read its numbers with all their digits. */
  readonly text: string;
}

/** A method: its answer, or the promise of one, is any value that `JSON.stringify` takes. */
export type Method = (this: Methods, args: any, call: Call) => unknown;
export interface Methods {
  [name: string]: Method;
}

/** What a method throws to fail a call with a code of its own. */
export class WorkerError extends Error {
  constructor(code: string, message: string, options?: { cause?: unknown });
  code: string;
}

/** Answers calls until the host has no more, and then ends the process. Call it once, when everything is loaded. */
export function serve(options: {
  methods: Methods;
  /** What this worker is called in the host's log. */
  name?: string;
  version?: string;
  /** The longest frame that is read or written, in bytes; 64 MiB when left out. */
  maxFrame?: number;
}): void;
