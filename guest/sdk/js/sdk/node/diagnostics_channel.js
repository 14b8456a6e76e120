// Node's diagnostics_channel: packages tell what they do, and whoever subscribed hears it.
export class Channel {
  #subscribers = [];
  constructor(name) { this.name = name; }
  get hasSubscribers() { return this.#subscribers.length > 0; }
  subscribe(subscriber) { this.#subscribers.push(subscriber); }
  unsubscribe(subscriber) {
    const at = this.#subscribers.indexOf(subscriber);
    if (at < 0) return false;
    this.#subscribers.splice(at, 1);
    return true;
  }
  publish(message) { for (const subscriber of [...this.#subscribers]) subscriber(message, this.name); }
  runStores(message, run, self, ...values) {
    this.publish(message);
    return run.apply(self, values);
  }
}

const channels = new Map();
export function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}
export const hasSubscribers = (name) => channels.get(name)?.hasSubscribers ?? false;
export const subscribe = (name, subscriber) => channel(name).subscribe(subscriber);
export const unsubscribe = (name, subscriber) => channel(name).unsubscribe(subscriber);

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/** Five channels that tell of a call: where it starts and ends, where its promise or callback does, and of an error. */
export class TracingChannel {
  constructor(channels) {
    for (const event of EVENTS) this[event] = typeof channels === 'string' ? channel(`tracing:${channels}:${event}`) : channels[event];
  }
  get hasSubscribers() { return EVENTS.some((event) => this[event].hasSubscribers); }
  subscribe(subscribers) { for (const event of EVENTS) if (subscribers[event]) this[event].subscribe(subscribers[event]); }
  unsubscribe(subscribers) { return EVENTS.every((event) => !subscribers[event] || this[event].unsubscribe(subscribers[event])); }
  traceSync(run, context = {}, self, ...values) {
    return this.#run(context, () => {
      context.result = run.apply(self, values);
      return context.result;
    });
  }
  tracePromise(run, context = {}, self, ...values) {
    const settled = (key, after) => (value) => {
      context[key] = value;
      if (key === 'error') this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
      return after(value);
    };
    return this.#run(context, () => Promise.resolve(run.apply(self, values))
      .then(settled('result', (value) => value), settled('error', (error) => Promise.reject(error))));
  }
  traceCallback(run, position = -1, context = {}, self, ...values) {
    const callback = values.at(position);
    const traced = (...answer) => {
      const [error, result] = answer;
      if (error) {
        context.error = error;
        this.error.publish(context);
      } else context.result = result;
      this.asyncStart.publish(context);
      try {
        return callback.apply(self, answer);
      } finally {
        this.asyncEnd.publish(context);
      }
    };
    values.splice(position, 1, traced);
    return this.#run(context, () => run.apply(self, values));
  }
  /** Tells where a call starts and ends, and what it throws. */
  #run(context, run) {
    this.start.publish(context);
    try {
      return run();
    } catch (error) {
      context.error = error;
      this.error.publish(context);
      throw error;
    } finally {
      this.end.publish(context);
    }
  }
}
export const tracingChannel = (channels) => new TracingChannel(channels);

export default { Channel, TracingChannel, channel, hasSubscribers, subscribe, tracingChannel, unsubscribe };
