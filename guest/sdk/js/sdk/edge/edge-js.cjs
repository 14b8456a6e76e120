// `edge-js`: functions of assemblies, called in the worker that has the assembly. Inputs and answers cross as edge-js has them; dates and
// bytes travel as `{"$date": …}` and `{"$binary": …}` (host/workers/dotnet/Input.cs).
const { Buffer } = require('../node/buffer.js');

const { host, moduleName } = globalThis.__mayfly;

/** The workers: name, the assembly's file if it is known, and the methods that the module is granted. */
const workers = globalThis.__mayfly.workers.map(([name, assembly, methods]) => ({ name, assembly, methods }));

const fileOf = (path) => path.replaceAll('\\', '/').split('/').pop();
const key = (name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
const list = (methods) => `[${methods.map((method) => JSON.stringify(method)).join(', ')}]`;

/** What to write in mayfly.toml so that a method of a worker can be called. */
const toGrant = (worker, methods, method) => `[workers.${key(worker)}.methods.${key(method)}]
access = "read"    # "write" when it changes something: then it is never tried twice

[modules.${key(moduleName)}.grants]
workers.${key(worker)} = ${list([...methods, method])}`;

const LOOKS_LIKE_TAG = /^\$+(date|binary)$/;

/** A value as the worker reads it. */
function outgoing(value) {
  switch (typeof value) {
    case 'undefined': return null;
    case 'string': case 'boolean': return value;
    case 'number': return Number.isFinite(value) ? value : null;
    case 'object': break;
    default: throw new TypeError(`edge-js: a ${typeof value} cannot be sent to another process; send data`);
  }
  if (value === null) return null;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (ArrayBuffer.isView(value)) return { $binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  if (value instanceof ArrayBuffer) return { $binary: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(outgoing);
  const entries = Object.entries(value);
  const escape = entries.length === 1 && LOOKS_LIKE_TAG.test(entries[0][0]) ? '$' : '';
  return Object.fromEntries(entries.map(([name, item]) => [escape + name, outgoing(item)]));
}

/** A value that the worker answered. */
function incoming(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(incoming);
  const names = Object.keys(value);
  if (names.length === 1 && LOOKS_LIKE_TAG.test(names[0])) {
    const [name] = names;
    if (name === '$date') return new Date(value.$date);
    if (name === '$binary') return Buffer.from(value.$binary, 'base64');
    return { [name.slice(1)]: incoming(value[name]) };
  }
  for (const name of names) value[name] = incoming(value[name]);
  return value;
}

/**
 * An exception of .NET as edge-js gives it: an error whose name is the exception's type. The host's own errors stay what they are; AppSync's
 * handlers, which do not know them, pass their code on as `errorType`.
 */
function exception(error) {
  if (typeof error?.code !== 'string') return error;
  if (error.code !== 'backend') return Object.assign(error, { errorType: `Worker:${error.code}` });
  const [, name, message] = /^([A-Za-z_][\w.+`]*): ([^]*)$/.exec(error.message) ?? [undefined, 'Error', String(error.message)];
  const made = new Error(message, { cause: error });
  Object.defineProperty(made, 'name', { value: name, writable: true, configurable: true });
  return made;
}

/** What edge-js takes for its options. */
function optionsOf(language, given) {
  const options = given ?? language;
  if (given !== undefined && typeof language !== 'string') throw new Error('The first argument must be a string identifying the language compiler to use.');
  if (typeof options === 'string' && /\.dll$/i.test(options)) return { assemblyFile: options };
  if (typeof options === 'object' && options !== null && typeof options.assemblyFile === 'string' && options.source === undefined) return options;
  throw new Error('edge-js: source of .NET cannot be compiled in a resolver; build an assembly of it, and name that: '
    + "edge.func({ assemblyFile: 'LegacyApi.dll', typeName: 'LegacyApi.Startup', methodName: 'Invoke' })");
}

/** The worker of an assembly, and the name by which a method is granted. */
function find(assemblyFile, typeName, methodName) {
  const file = fileOf(assemblyFile);
  const method = `${typeName}.${methodName}`;
  const short = `${typeName.split('.').pop()}.${methodName}`;
  const spellings = [method, short, methodName];
  const having = workers.filter(({ assembly }) => assembly !== null && fileOf(assembly).toLowerCase() === file.toLowerCase());
  // Which assembly is on another machine nobody says here; the method has to be told apart by its name.
  if (having.length === 0) having.push(...workers.filter(({ assembly, methods }) => assembly === null && spellings.some((spelling) => methods.includes(spelling))));
  if (having.length === 0) {
    const name = file.replace(/\.dll$/i, '').replace(/[^\w-]/g, '-').toLowerCase() || 'legacy';
    throw new Error(`edge-js: no worker has the assembly ${file}; write in mayfly.toml, and build again:
[workers.${key(name)}]
dotnet = ${JSON.stringify(/^([\\/]|[A-Za-z]:)/.test(assemblyFile) ? `bin/${file}` : assemblyFile.replaceAll('\\', '/'))}

${toGrant(name, [], short)}`);
  }
  for (const { name, methods } of having) {
    const granted = spellings.find((spelling) => methods.includes(spelling));
    if (granted !== undefined) return { worker: name, method: granted };
  }
  const [{ name, methods }] = having;
  throw new Error(`edge-js: the method \`${method}\` of worker \`${name}\` is not granted to module \`${moduleName}\`; write in mayfly.toml, and build again:
${toGrant(name, methods, short)}`);
}

/** `edge.func(options)`: a function of an input and a callback; without a callback it gives a promise. */
function func(language, given) {
  const options = optionsOf(language, given);
  const { assemblyFile } = options;
  const typeName = options.typeName ?? `${fileOf(assemblyFile).replace(/\.dll$/i, '')}.Startup`;
  const { worker, method } = find(assemblyFile, typeName, options.methodName ?? 'Invoke');
  const call = async (input) => {
    try {
      return incoming(await host.workerCall(worker, method, JSON.stringify(outgoing(input))));
    } catch (error) {
      throw exception(error);
    }
  };
  return function (input, callback) {
    if (callback === true) throw new Error('edge-js: synchronous calls are not supported in resolvers; leave out `true`, and await the promise');
    if (typeof callback !== 'function') return call(input);
    // What the callback throws is not a failure of the call: it is logged as an unhandled rejection.
    call(input).then((answer) => callback(null, answer), (error) => callback(error));
    return undefined;
  };
}

module.exports = { func };
