// What a value is, whatever its class says, as Node's `util.types` tells it: by what only such a value can do, never by code of the module.
(function (host, options, parts) {
  'use strict';

  const { getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Object;
  const { isPrototypeOf, toString } = Object.prototype;
  const call = Function.prototype.call.bind(Function.prototype.call);
  const getterOf = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;

  /** Of each proxy that was made, what it stands for: `{ target, handler }`, both null when it was revoked. Nothing in the engine tells. */
  const proxies = new WeakMap();
  const PlainProxy = Proxy;
  // Bound, since `Proxy` has no prototype.
  const TrackedProxy = function (target, handler) {
    if (new.target === undefined) throw new TypeError("Constructor Proxy requires 'new'");
    const proxy = new PlainProxy(target, handler);
    proxies.set(proxy, { target, handler });
    return proxy;
  }.bind();
  defineProperty(TrackedProxy, 'name', { value: 'Proxy', configurable: true });
  defineProperty(TrackedProxy, 'length', { value: 2, configurable: true });
  defineProperty(TrackedProxy, 'revocable', {
    value: { revocable(target, handler) {
      const { proxy, revoke } = PlainProxy.revocable(target, handler);
      const made = { target, handler };
      proxies.set(proxy, made);
      return {
        proxy,
        revoke() {
          made.target = made.handler = null;
          revoke();
        },
      };
    } }.revocable,
    writable: true,
    configurable: true,
  });
  defineProperty(globalThis, 'Proxy', { value: TrackedProxy, writable: true, configurable: true });

  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
  const proxyOf = (value) => (isObject(value) ? proxies.get(value) : undefined);

  /** Whether a value is of a kind that a method or getter is for, which throws for others. It is asked last: throwing takes long. */
  const kind = (prototype, probe, ...values) => (value) => {
    if (!isObject(value) || proxies.has(value)) return false;
    if (!call(isPrototypeOf, prototype, value) && isOrdinary(value)) return false;
    try {
      call(probe, value, ...values);
      return true;
    } catch {
      return false;
    }
  };
  /** Whether the prototypes of an object end with that of all objects, and none of them is of another kind. */
  function isOrdinary(value) {
    const prototype = getPrototypeOf(value);
    return prototype === Object.prototype || (prototype !== null && getPrototypeOf(prototype) === Object.prototype && !KIND_PROTOTYPES.has(prototype));
  }
  const KIND_PROTOTYPES = new Set([Map, Set, WeakMap, WeakSet, Date, RegExp, ArrayBuffer, DataView, Number, String, Boolean, BigInt, Symbol, Promise].map((type) => type.prototype));
  const derived = (prototype) => (value) => isObject(value) && !proxies.has(value) && call(isPrototypeOf, prototype, value);

  const typedArray = getPrototypeOf(Uint8Array.prototype);
  const typeOfView = getterOf(typedArray, Symbol.toStringTag);
  const view = (name) => (value) => isObject(value) && call(typeOfView, value) === name;

  const generator = getPrototypeOf(function* () {}.prototype);
  const asyncGenerator = getPrototypeOf(async function* () {}.prototype);
  const [asyncFunctions, generatorFunctions, asyncGeneratorFunctions] = [async () => {}, function* () {}, async function* () {}].map((made) => getPrototypeOf(made));
  const isFunctionOf = (...prototypes) => (value) => typeof value === 'function' && !proxies.has(value) && prototypes.some((prototype) => call(isPrototypeOf, prototype, value));

  const isNumberObject = kind(Number.prototype, Number.prototype.valueOf);
  const isStringObject = kind(String.prototype, String.prototype.valueOf);
  const isBooleanObject = kind(Boolean.prototype, Boolean.prototype.valueOf);
  const isBigIntObject = kind(BigInt.prototype, BigInt.prototype.valueOf);
  const isSymbolObject = kind(Symbol.prototype, Symbol.prototype.valueOf);
  const isArrayBuffer = kind(ArrayBuffer.prototype, getterOf(ArrayBuffer.prototype, 'byteLength'));
  const isSharedArrayBuffer = typeof SharedArrayBuffer === 'undefined' ? () => false : kind(SharedArrayBuffer.prototype, getterOf(SharedArrayBuffer.prototype, 'byteLength'));
  const isTypedArray = (value) => isObject(value) && call(typeOfView, value) !== undefined;
  const isDerivedError = derived(Error.prototype);
  const isPattern = kind(RegExp.prototype, getterOf(RegExp.prototype, 'source'));
  const isDataView = kind(DataView.prototype, getterOf(DataView.prototype, 'byteLength'));

  const types = {
    isExternal: () => false,
    isDate: kind(Date.prototype, Date.prototype.getTime),
    isArgumentsObject: (value) => isObject(value) && !proxies.has(value) && !(Symbol.toStringTag in value) && call(toString, value) === '[object Arguments]',
    isBigIntObject,
    isBooleanObject,
    isNumberObject,
    isStringObject,
    isSymbolObject,
    isBoxedPrimitive: (value) => isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isBigIntObject(value) || isSymbolObject(value),
    isNativeError: (value) => isObject(value) && !proxies.has(value) && (Symbol.toStringTag in value ? isDerivedError(value) : call(toString, value) === '[object Error]'),
    isRegExp: (value) => value !== RegExp.prototype && isPattern(value),
    isAsyncFunction: isFunctionOf(asyncFunctions, asyncGeneratorFunctions),
    isGeneratorFunction: isFunctionOf(generatorFunctions, asyncGeneratorFunctions),
    isGeneratorObject: (value) => derived(generator)(value) || derived(asyncGenerator)(value),
    isPromise: derived(Promise.prototype),
    isMap: kind(Map.prototype, getterOf(Map.prototype, 'size')),
    isSet: kind(Set.prototype, getterOf(Set.prototype, 'size')),
    isMapIterator: derived(getPrototypeOf(new Map().entries())),
    isSetIterator: derived(getPrototypeOf(new Set().values())),
    isWeakMap: kind(WeakMap.prototype, WeakMap.prototype.has, {}),
    isWeakSet: kind(WeakSet.prototype, WeakSet.prototype.has, {}),
    isArrayBuffer,
    isDataView,
    isSharedArrayBuffer,
    isProxy: (value) => proxyOf(value) !== undefined,
    isModuleNamespaceObject: (value) => isObject(value) && !proxies.has(value) && getPrototypeOf(value) === null && getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module' && !getOwnPropertyDescriptor(value, Symbol.toStringTag).configurable,
    isAnyArrayBuffer: (value) => isArrayBuffer(value) || isSharedArrayBuffer(value),
    isCryptoKey: (value) => isObject(value) && !proxies.has(value) && value[Symbol.toStringTag] === 'CryptoKey',
    isKeyObject: (value) => isObject(value) && !proxies.has(value) && value[Symbol.toStringTag] === 'KeyObject',
    isArrayBufferView: (value) => isTypedArray(value) || isDataView(value),
    isTypedArray,
  };
  for (const name of ['Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array', 'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array']) {
    types[`is${name}`] = view(name);
  }
  for (const [name, value] of Object.entries(types)) defineProperty(value, 'name', { value: name, configurable: true });

  parts.types = types;
  /** Also what only inherits from errors. */
  parts.isError = (value) => types.isNativeError(value) || isDerivedError(value);
  parts.proxyOf = proxyOf;
  parts.typeOfView = (value) => call(typeOfView, value);
})
