// A worker of Mayfly in Node. The protocol is in docs/worker-protocol.md: frames of a length and JSON come and go on standard input,
// which is a socket; standard output and standard error are lines of the host's log, so `console.log` stays what it is.
//
//     const { serve } = require('mayfly-worker');
//     serve({ methods: { async Add({ a, b }) { return a + b; } } });
//
// One call at a time. What a method throws is an error of that call, and the worker goes on; what is thrown outside of a call ends the
// process, as Node does it, and the host starts another one. Numbers are JavaScript's: see `call.text` for more digits than those have.
'use strict';

const fs = require('node:fs');
const net = require('node:net');

const PROTOCOL = 1;
const HEAD_BYTES = 4;

/** What a method throws to fail a call with a code of its own. */
class WorkerError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'WorkerError';
    this.code = String(code);
  }
}

/** Ends the process: what comes next on the socket could be another call's answer. */
function giveUp(problem) {
  fs.writeSync(2, `mayfly worker: ${problem}\n`);
  process.exit(1);
}

/** Gives frames, as text, from the pieces in which they come. */
class Frames {
  #pieces = [];
  #bytes = 0;
  constructor(maxBytes) { this.maxBytes = maxBytes; }

  *of(piece) {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= HEAD_BYTES) {
      const length = this.#head().readUInt32BE(0);
      if (length === 0 || length > this.maxBytes) giveUp(`a frame of ${length} bytes; 1 to ${this.maxBytes} are allowed`);
      if (this.#bytes < HEAD_BYTES + length) return;
      const all = Buffer.concat(this.#pieces);
      this.#pieces = [all.subarray(HEAD_BYTES + length)];
      this.#bytes = all.length - HEAD_BYTES - length;
      yield all.subarray(HEAD_BYTES, HEAD_BYTES + length);
    }
  }

  get inside() { return this.#bytes > 0; }

  /** The first piece, made to hold a whole head; a large frame is joined once, when it is there. */
  #head() {
    while (this.#pieces[0].length < HEAD_BYTES) this.#pieces.splice(0, 2, Buffer.concat(this.#pieces.slice(0, 2)));
    return this.#pieces[0];
  }
}

/** What is known of a call, for the method. */
function described(message, text, abort) {
  const until = performance.now() + (Number(message.deadline_ms) || 0);
  return {
    method: message.method,
    traceId: typeof message.trace_id === 'string' ? message.trace_id : '',
    signal: abort.signal,
    timeLeftMs: () => until - performance.now(),
    text,
  };
}

/** What was thrown, as a message. Anything can be thrown. */
function failure(id, error) {
  let code = 'FAILED';
  let message = 'something was thrown that cannot be shown';
  try {
    message = typeof error?.message === 'string' ? error.message : String(error);
    if (typeof error?.code === 'string' && error.code !== '') code = error.code;
    if (!(error instanceof WorkerError)) console.error(error);
  } catch {
    // It stays what it was.
  }
  return JSON.stringify({ type: 'error', id, code, message });
}

class Worker {
  #options;
  #socket;
  #frames;
  #running = null;
  #draining = false;

  constructor(options) {
    this.#options = options;
    this.#frames = new Frames(options.maxFrame ?? 64 << 20);
  }

  start() {
    if (!fs.fstatSync(0).isSocket()) {
      giveUp('standard input is not a socket: the host starts workers; to try one by hand, use `mayfly worker check -- COMMAND`');
    }
    this.#socket = new net.Socket({ fd: 0, readable: true, writable: true });
    this.#socket.on('data', (piece) => {
      for (const frame of this.#frames.of(piece)) this.#take(frame);
    });
    this.#socket.on('end', () => (this.#frames.inside ? giveUp('the socket ended inside a frame') : process.exit(0)));
    this.#socket.on('error', (error) => giveUp(error.message));
    const { name, version, methods } = this.#options;
    this.#send(JSON.stringify({ type: 'hello', protocol: PROTOCOL, methods: Object.keys(methods), name, version }));
  }

  #send(text) {
    const body = Buffer.from(text);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([head, body]), () => {
      if (this.#draining && this.#running === null) process.exit(0);
    });
  }

  #take(frame) {
    let text;
    let message;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(frame);
      message = JSON.parse(text);
    } catch (error) {
      return giveUp(`not JSON: ${error.message}`);
    }
    if (message === null || typeof message !== 'object' || Array.isArray(message)) return giveUp('a message is not an object');
    const { type, id } = message;
    if (['call', 'ping', 'cancel'].includes(type) && !Number.isSafeInteger(id)) return giveUp(`\`${type}\` without an id`);
    switch (type) {
      case 'call':
        if (this.#running !== null) return giveUp('`call` while a call runs');
        return void this.#call(message, text);
      case 'ping':
        if (this.#running !== null) return giveUp('`ping` while a call runs');
        return this.#send(JSON.stringify({ type: 'pong', id }));
      case 'cancel':
        if (this.#running?.id === id) this.#running.abort.abort(new WorkerError('CANCELLED', 'nobody waits for the answer any more'));
        return undefined;
      case 'drain':
        this.#draining = true;
        if (this.#running === null) process.exit(0);
        return undefined;
      default:
        return giveUp(`unknown message \`${type}\``);
    }
  }

  async #call(message, text) {
    const abort = new AbortController();
    this.#running = { id: message.id, abort };
    let answer;
    try {
      answer = await this.#answer(message, text, abort);
    } catch (error) {
      answer = failure(message.id, error);
    }
    this.#running = null;
    this.#send(answer);
  }

  async #answer(message, text, abort) {
    const { methods } = this.#options;
    if (!Object.hasOwn(methods, message.method)) throw new WorkerError('UNKNOWN_METHOD', `the worker has no method \`${message.method}\``);
    const value = await methods[message.method](message.arguments, described(message, text, abort));
    const answer = JSON.stringify({ type: 'result', id: message.id, value: value === undefined ? null : value });
    if (Buffer.byteLength(answer) > this.#frames.maxBytes) throw new WorkerError('ANSWER_TOO_LARGE', `the answer has ${Buffer.byteLength(answer)} bytes`);
    return answer;
  }
}

function serve(options) {
  const methods = options?.methods;
  if (methods === null || typeof methods !== 'object') throw new TypeError('serve takes { methods: { async Name(args, call) { … } } }');
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method !== 'function') throw new TypeError(`the method \`${name}\` is not a function`);
  }
  new Worker(options).start();
}

module.exports = { serve, WorkerError };
