// Node's events, for what imports it by this name in the SDK.
export { EventEmitter, once } from './events.cjs';
