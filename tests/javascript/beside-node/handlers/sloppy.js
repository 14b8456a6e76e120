// CommonJS without 'use strict', as older handlers are.
total = 0;
const parts = {
  forgottenVar: () => {
    result = [];
    for (i = 0; i < 3; i++) result.push(i);
    return [result, typeof globalThis.i, ++total];
  },
  ignoredWrites: () => {
    const frozen = Object.freeze({ a: 1 });
    frozen.a = 2;
    frozen.b = 3;
    const read = { get a() { return 1; } };
    read.a = 2;
    'text'.length = 9;
    undefined_is = undefined;
    return [frozen, read.a, delete frozen.a];
  },
  thisOfFunctions: () => {
    function plain() { return this === globalThis; }
    function boxed() { return typeof this; }
    return [plain(), boxed.call('text'), boxed.call(1)];
  },
  thisOfFile: () => [file === module.exports, typeof require, typeof module, typeof exports],
  arguments: () => {
    function first(a) { arguments[0] = 9; return a; }
    function factorial(n) { return n < 2 ? 1 : n * arguments.callee(n - 1); }
    return [first(1), factorial(5)];
  },
  evaluated: () => {
    eval('var found = 1; function named() { return 2; }');
    return [found, named(), typeof eval('this')];
  },
  withs: () => {
    with ({ a: 1, b: 2 }) return a + b;
  },
  deleted: () => {
    globalThis.loose = 1;
    return [delete loose, typeof loose];
  },
  octal: () => [010, '\101'],
  duplicates: () => {
    function sum(a, a) { return a; }
    return sum(1, 2);
  },
  hoisted: () => {
    const before = typeof inner;
    { function inner() { return 1; } }
    return [before, typeof inner];
  },
  strictAgain: () => {
    'use strict';
    try { undeclared = 1; return 'none'; } catch (error) { return error.name; }
  },
  classes: () => {
    class Strict { test() { try { forgotten = 1; return 'none'; } catch (error) { return error.name; } } }
    return new Strict().test();
  },
};
const file = this;

exports.handler = async (event) => parts[event.arguments.part]();
