// Node's https: as http, with another scheme where none is given.
import { Agent, createServer, globalAgent, module } from './http.js';

export { Agent, createServer, globalAgent };
export const { request, get } = module('https:');
export default { Agent, createServer, get, globalAgent, request };
