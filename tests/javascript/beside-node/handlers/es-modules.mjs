// The same modules as ES modules import them.
import EventEmitter, { EventEmitter as Named, once } from 'events';
import assert, { strictEqual } from 'node:assert';
import process, { env } from 'node:process';
import * as events from 'node:events';
import { format } from 'node:url';

export const handler = async ({ arguments: { text } }) => {
  strictEqual(1, 1);
  assert(true);
  const emitter = new EventEmitter();
  setTimeout(() => emitter.emit('said', text), 1);
  const said = await once(emitter, 'said');
  return [said, Named === EventEmitter, events.EventEmitter === EventEmitter, events.default === EventEmitter, process.env === env, typeof assert.rejects, format({ pathname: text })];
};
