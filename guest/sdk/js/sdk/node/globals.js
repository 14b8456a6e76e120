// Globals of Node that are bundled with the modules that name them, and with no other.
export { Buffer } from './buffer.js';
