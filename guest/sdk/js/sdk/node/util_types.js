// Node's util/types.
import { types } from './util.js';

export const { isDate, isRegExp, isMap, isSet, isPromise, isNativeError, isArrayBuffer, isTypedArray, isUint8Array, isAsyncFunction, isGeneratorFunction, isKeyObject, isCryptoKey } = types;
export default types;
