// Values of every kind, as util.inspect, util.format and console show them, and what else util has.
const util = require('util');

const CUSTOM = util.inspect.custom;
class Point{constructor(){this.x=1;this.y=2}} class Empty{} class Sub extends Point{} class MyErr extends Error{} class Named extends Error{constructor(m){super(m);this.name='NamedError'}}
const err=(e,st='\n    at f (file.js:1:2)\n    at g (file.js:3:4)')=>{e.stack=(e.stack||'').split('\n    at')[0]+st;Object.defineProperty(e,'stack',{enumerable:false});return e};
const circ=()=>{const a={b:{c:{}}};a.b.c.d=a;a.b.e=a.b;return a};
const deep=n=>{let o={v:1};for(let i=0;i<n;i++)o={o};return o};
const VALUES = {
 str:()=>'a\'b',str2:()=>'a\'"b',str3:()=>'a\'"`b\n\t\u0001\x7f\ud800',long:()=>'x'.repeat(200),longnl:()=>({a:'line one is long enough\nline two is long enough as well\nline three '+'y'.repeat(60)}),vlong:()=>'z'.repeat(10005),
 nums:()=>[1,-0,NaN,Infinity,1.5,1e21,123456789.123456,1000,-1234567],big:()=>[1n,12345678901234567890n],prims:()=>[true,null,undefined,Symbol('a b'),Symbol()],
 obj:()=>({a:1,'b-c':2,[Symbol('s')]:3,1:4,$x:1,_y:2,é:1}),empty:()=>({}),earr:()=>[],nested:()=>deep(6),nestarr:()=>[[[[[1]]]]],
 sparse:()=>[1,,2,,,3,,],sparse2:()=>{const a=[];a[10]=1;return a},sparse3:()=>new Array(5),hugesparse:()=>{const a=[1];a[5000]=2;a.length=9000;return a},arrprops:()=>Object.assign([1,2],{x:1,'-1':2}),arr100:()=>Array.from({length:120},(_, i)=>i),arr27:()=>Array.from({length:27},(_, i)=>'item'+i),arr7:()=>[1,22,333,4444,55555,666666,7777777],mixed:()=>['a',1,'bbb',22,'cccccc',3,true,null,undefined,'dd'],objs:()=>Array.from({length:8},(_, i)=>({id:i,name:'n'+i})),longitems:()=>Array.from({length:8},(_, i)=>'x'.repeat(i*9)),
 floats:()=>Array.from({length:30},(_, i)=>i*1.25),wide:()=>['漢字','あ','a','b','c','d','e','f'],
 getter:()=>({get a(){return 1},set a(v){},get b(){return {x:1}},set c(v){},get d(){throw new Error('boom')},get e(){return null},get f(){return 'str'}}),
 map:()=>new Map([['a',1],[{k:1},{v:[1,2]}]]),emap:()=>new Map(),set:()=>new Set([1,'a',{x:1}]),eset:()=>new Set(),mapprops:()=>Object.assign(new Map([[1,2]]),{x:1}),bigset:()=>new Set(Array.from({length:150},(_, i)=>i)),nestmap:()=>new Map([[1,new Map([[2,new Map([[3,new Map([[4,5]])]])]])]]),
 weak:()=>[new WeakMap(),new WeakSet(),],date:()=>new Date(0),baddate:()=>new Date(NaN),dateprop:()=>Object.assign(new Date(0),{x:1}),re:()=>/a\/b/gi,reprop:()=>Object.assign(/x/,{a:1}),
 fn:()=>function foo(){},arrow:()=>()=>1,anon:()=>(()=>function(){})(),async:()=>async function af(){},gen:()=>function* g(){},agen:()=>async function* ag(){},cls:()=>class A{},clsx:()=>class B extends Point{},canon:()=>(()=>class{})(),fnprop:()=>Object.assign(function f(){},{a:1,b:{c:2}}),clsstat:()=>class S{static x=1},bound:()=>(function q(){}).bind(null),method:()=>({m(){},async n(){},*o(){},get p(){return 1}}),bifn:()=>[Math.max,Array,Map,Object],
 point:()=>new Point,emptyc:()=>new Empty,sub:()=>new Sub,nullp:()=>Object.assign(Object.create(null),{a:1}),nullpe:()=>Object.create(null),nullarr:()=>Object.setPrototypeOf([1],null),nullmap:()=>Object.setPrototypeOf(new Map([[1,2]]),null),nullset:()=>Object.setPrototypeOf(new Set([1]),null),nulldate:()=>Object.setPrototypeOf(new Date(0),null),nullre:()=>Object.setPrototypeOf(/x/,null),nullfn:()=>Object.setPrototypeOf(function nf(){},null),nullcls:()=>{class N{} N.prototype=null;return N},
 subarr:()=>new (class MyArr extends Array{})(1,2,3),submap:()=>new (class MyMap extends Map{})([[1,2]]),subset:()=>new (class MySet extends Set{})([1]),subdate:()=>new (class MyDate extends Date{})(0),subre:()=>new (class MyRe extends RegExp{})('x'),subfn:()=>new (class MyFn extends Function{})('return 1'),subprom:()=>({}),
 tag:()=>({[Symbol.toStringTag]:'Tagged',a:1}),tagc:()=>new (class T{get [Symbol.toStringTag](){return 'TT'}})(),tagc2:()=>Object.assign(new (class T{get [Symbol.toStringTag](){return 'T'}})(),{a:1}),
 protoObj:()=>Object.create({a:1}),protoCls:()=>Object.create(new Point),protoNull:()=>Object.create(Object.create(null)),protoNull2:()=>Object.create(Object.create(Object.create(null),{x:{value:1,enumerable:true}})),
 err:()=>err(new Error('msg')),err0:()=>err(new Error('msg'),''),errtype:()=>err(new TypeError('tt')),errprop:()=>Object.assign(err(new Error('p')),{code:'E1',info:{a:{b:1}}}),errcause:()=>err(new Error('outer',{cause:err(new Error('inner'))})),errcauseobj:()=>err(new Error('o',{cause:{a:1}})),errcauseundef:()=>err(new Error('o',{cause:undefined})),agg:()=>err(new AggregateError([err(new Error('a')),err(new Error('b'))],'all')),suberr:()=>err(new MyErr('sub')),named:()=>err(new Named('nn')),errempty:()=>err(new Error('')),errin:()=>({e:err(new Error('multi\nline'))}),errarr:()=>[err(new Error('x'),'')],errname:()=>{const e=err(new Error('m'));e.name='Custom';return e},errmsg:()=>{const e=err(new Error('m'));e.message='changed';return e},errnostack:()=>{const e=new Error('m');e.stack=undefined;return e},errstack5:()=>{const e=new Error('m');e.stack='custom stack';return e},errnull:()=>Object.setPrototypeOf(err(new Error('np')),null),errdeep:()=>({a:{b:{c:{e:err(new Error('d'))}}}}),errtag:()=>{const e=err(new Error('t'));Object.defineProperty(e,Symbol.toStringTag,{value:'Tg'});return e},errlongcause:()=>{const st=Array.from({length:8},(_, i)=>'\n    at f'+i+' (x.js:'+i+':1)').join('');return err(new Error('o',{cause:err(new Error('i'),'\n    at q (y.js:1:1)'+st)}),'\n    at z (y.js:2:2)'+st)},
 boxed:()=>[Object(1),Object('str'),Object(true),Object(1n),Object(Symbol('q')),new Number(-0)],boxedp:()=>Object.assign(Object('ab'),{x:1}),subnum:()=>new (class MyNum extends Number{})(3),
 args:()=>(function(){return arguments})(1,'b'),genobj:()=>(function*(){})(),agenobj:()=>(async function*(){})(),circ,circarr:()=>{const a=[1];a.push(a);return a},circmap:()=>{const m=new Map();m.set('m',m);return m},circ2:()=>{const a={};const b={a};a.b=b;return {a,b,c:[a,b]}},circerr:()=>{const e=err(new Error('c'));e.self=e;return e},
 prom:()=>new Promise(()=>{}),promprop:()=>Object.assign(new Promise(()=>{}),{x:1}),
 u8:()=>new Uint8Array([1,2,3]),u8e:()=>new Uint8Array(0),f64:()=>new Float64Array([1.5,-0]),b64:()=>new BigInt64Array([1n]),ab:()=>new ArrayBuffer(4),abbig:()=>new ArrayBuffer(120),dv:()=>new DataView(new ArrayBuffer(4)),subu8:()=>new (class MyU extends Uint8Array{})(2),u8prop:()=>Object.assign(new Uint8Array(2),{x:1}),u8big:()=>new Uint8Array(150),
 proxy:()=>new Proxy({a:1},{get(){throw new Error('trap')}}),proxyfn:()=>new Proxy(function pf(){},{}),proxyarr:()=>new Proxy([1,2],{}),proxyrev:()=>{const r=Proxy.revocable({},{});r.revoke();return r.proxy},proxymap:()=>new Proxy(new Map([[1,2]]),{}),proxyp:()=>new Proxy(new Point,{}),
 custom:()=>({[CUSTOM](d,o,i){return 'custom '+d+typeof o.stylize+typeof i}}),customobj:()=>({[CUSTOM](){return {replaced:{deep:{er:1}}}}}),customnest:()=>({a:{b:{[CUSTOM](d){return 'line1\nline2 '+d}}}}),customthis:()=>({x:1,[CUSTOM](){return this}}),customopts:()=>({[CUSTOM](d,o,i){return i({a:{b:1}},{...o,depth:d})}}),customstyle:()=>({[CUSTOM](d,o){return o.stylize('s','special')}}),
 long1:()=>({aaaaaaaaaaaaaaaaaaaa:'bbbbbbbbbbbbbbbbbbbbbbbbb',cccccccccccccccccccc:'dddddddddddddddddddddd',e:1}),long2:()=>({a:{b:{c:1}},d:[1,2,{e:3}]}),long3:()=>({users:Array.from({length:4},(_, i)=>({id:i,name:'User number '+i,tags:['a','b'],address:{city:'X',zip:'123'}}))}),event:()=>({version:'2.0',routeKey:'$default',headers:{accept:'*/*','content-length':'12','x-forwarded-for':'1.2.3.4'},requestContext:{http:{method:'GET',path:'/'},authorizer:{jwt:{claims:{a:1}}}},isBase64Encoded:false}),
 nonenum:()=>Object.defineProperty({a:1},'hidden',{value:2}),protokey:()=>({['__proto__']:1}),symdesc:()=>({[Symbol('a\nb')]:1,[Symbol()]:2}),frozen:()=>Object.freeze({a:1}),
 math:()=>Math,json:()=>JSON,refl:()=>Reflect,globals:()=>[Symbol.iterator],classinst:()=>new (class{constructor(){this.a=1}})(),ctor5:()=>({constructor:5}),ctorname:()=>({constructor:{name:'Foo'}}),ctornull:()=>Object.create({constructor:null}),privates:()=>new (class Pv{#x=1;y=2})(),getset2:()=>new (class G{get x(){return 1}})(),mapit:()=>({}),ifn:()=>({f:Symbol,g:Date}),
 strs:()=>['a','bb','ccc'],nestedmix:()=>({a:[{b:{c:{d:{e:1}}}}],m:new Map([['k',{a:{b:{c:1}}}]]),s:new Set([[1,[2,[3,[4]]]]])}),emptyin:()=>({a:{},b:[],c:new Map(),d:new Set(),e:''}),url:()=>new URL('https://u:p@example.com:8080/p?q=1#h'),urlin:()=>({u:new URL('https://example.com/')}),
};

const OPTIONS = {
  plain: undefined, flat: { depth: 0 }, deep: { depth: null }, one: { compact: 1 }, compact: { compact: true }, compactNarrow: { compact: true, breakLength: 30 }, expanded: { compact: false }, narrow: { breakLength: 40 },
  wide: { breakLength: Infinity }, few: { maxArrayLength: 2 }, all: { maxArrayLength: null }, short: { maxStringLength: 5 }, sorted: { sorted: true }, getters: { getters: true }, colored: { colors: true }, shownProxies: { showProxy: true },
  notCustom: { customInspect: false }, separated: { numericSeparator: true }, none: { depth: -1 },
};
const settled = (run) => {
  try {
    return run();
  } catch (error) {
    return [error.name, error.code ?? null, error.message];
  }
};
const shownWith = (options) => Object.entries(VALUES).map(([name, make]) => [name, settled(() => util.inspect(make(), options))]);

class Spoken { toString() { return 'spoken'; } }
const FORMATS = () => [
  ['a %s', 'b'], ['%s', 1n], ['%s', Symbol('x')], ['%s', { a: { b: 1 } }], ['%s', Object.create(null)], ['%s', () => 1], ['%s', new Spoken()], ['%s', new (class Some extends Array {})()], ['%s', new Date(0)], ['%s', -0],
  ['%s', null], ['%s', undefined], ['%s', [1, [2, [3]]]], ['%s', { toString() { return 'own'; } }], ['%s', { [Symbol.toPrimitive]() { return 'primitive'; } }], ['%s', new URL('https://example.com/')], ['%d', Symbol('x')], ['%d', '42'],
  ['%d', {}], ['%d', 5n], ['%d', ''], ['%i', '42.5px'], ['%i', 5n], ['%i', Symbol('x')], ['%f', '1.5x'], ['%f', Symbol('x')], ['%j', { a: 1 }], ['%j', undefined], ['%j', circ()], ['%j', { toJSON() { return 'json'; } }],
  ['%O', { a: { b: { c: { d: 1 } } } }], ['%c', 'css', 'x'], ['%%', 'a'], ['%%'], ['%s%%', 'a'], ['%'], ['%x', 'a'], ['a%'], ['%s'], ['%s %s', 'a'], ['a', 'b', 3, { x: 1 }], [1, 2, '3'], [{ a: 1 }, 'b'], [],
  ['%s', 'a', 'b', { c: 1 }], ['%s', 'x%s', 'y'], ['100%', 5], ['%d%', 5], [null], [undefined], ['%o', [1, { a: 1 }]],
];

/** What a console of one's own writes. */
function written(run) {
  const lines = [];
  const stream = (name) => ({ write(text) { lines.push([name, text]); return true; }, on() {}, once() {}, removeListener() {}, listenerCount() { return 1; } });
  run(new console.Console({ stdout: stream('out'), stderr: stream('error') }));
  return lines;
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const fails = () => { throw new Error('it is looked at'); };
/** What cannot be looked at without an error. */
const HOSTILE = () => [
  { get a() { return fails(); } }, new Proxy({}, { get: fails, has: fails, ownKeys: fails, getPrototypeOf: fails, getOwnPropertyDescriptor: fails }), revoked(), Object.create(new Proxy({}, { get: fails, getPrototypeOf: fails })),
  { [CUSTOM]: fails }, { toString: fails }, { toJSON: fails }, { [Symbol.toPrimitive]: fails }, Object.assign(new Error('x'), { stack: 5 }), Object.assign(new Error('x'), { message: { a: 1 } }), { constructor: 5 }, Object.create({ constructor: null }),
  { [Symbol.toStringTag]: 5 }, { get [Symbol.toStringTag]() { return fails(); } }, new (class extends Error { get stack() { return fails(); } })('x'), new (class extends Map { get size() { return fails(); } })(), circ(), deep(3000), 1n, Symbol('x'),
];

const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'dir', 'dirxml', 'table', 'trace', 'assert', 'group', 'count', 'timeLog'];

const KINDS = () => [
  ...Object.values(VALUES).map((make) => make()), new Map().entries(), new Set().values(), 1, 'x', null, undefined, Symbol('x'), 1n, Object.create(Map.prototype), Object.create(Error.prototype), Object.create(Date.prototype),
  Object.create(RegExp.prototype), Object.create(Number.prototype), RegExp.prototype, Map.prototype, Date.prototype, Error.prototype, globalThis, { [Symbol.toStringTag]: 'Map' }, new Proxy(new Date(0), {}), new Proxy(() => 1, {}),
];
const TYPES = [
  'isDate', 'isArgumentsObject', 'isBigIntObject', 'isBooleanObject', 'isNumberObject', 'isStringObject', 'isSymbolObject', 'isBoxedPrimitive', 'isNativeError', 'isRegExp', 'isAsyncFunction', 'isGeneratorFunction', 'isGeneratorObject', 'isPromise',
  'isMap', 'isSet', 'isMapIterator', 'isSetIterator', 'isWeakMap', 'isWeakSet', 'isArrayBuffer', 'isDataView', 'isSharedArrayBuffer', 'isProxy', 'isAnyArrayBuffer', 'isArrayBufferView', 'isTypedArray', 'isUint8Array', 'isFloat64Array', 'isBigInt64Array',
];

const COMMANDS = [
  [['-f', '--bar', 'b'], { foo: { type: 'boolean', short: 'f' }, bar: { type: 'string' } }], [['-abc', 'x'], { a: { type: 'boolean', short: 'a' }, b: { type: 'boolean', short: 'b' }, c: { type: 'string', short: 'c' } }],
  [['--bar=x=y', '--', '-z', 'p'], { bar: { type: 'string' } }, { allowPositionals: true }], [['p', 'q'], {}, { allowPositionals: true }], [['p'], {}], [['--nope'], {}], [['--nope'], {}, { allowPositionals: true }],
  [['--bar'], { bar: { type: 'string', short: 'b' } }], [['--foo=1'], { foo: { type: 'boolean' } }], [['--bar', '-x'], { bar: { type: 'string' } }], [['-b', '-x'], { bar: { type: 'string', short: 'b' } }], [['-bx'], { bar: { type: 'string', short: 'b' } }],
  [['-m', '1', '-m', '2'], { m: { type: 'string', short: 'm', multiple: true } }], [[], { d: { type: 'string', default: 'dd' }, e: { type: 'boolean' } }], [['--x', '--y=1', 'z'], {}, { strict: false }], [['-abc'], {}, { strict: false }],
  [['-'], {}, { allowPositionals: true }], [['--'], {}], [['-af', 'v', 'w'], { a: { type: 'boolean', short: 'a' }, f: { type: 'string', short: 'f' } }, { allowPositionals: true }], [['--bar', '--', 'x'], { bar: { type: 'string' } }, { allowPositionals: true }],
  [['-f='], { f: { type: 'string', short: 'f' } }], [['--bar='], { bar: { type: 'string' } }], [['--a'], { a: { type: 'number' } }],
];

const PARTS = {
  ...Object.fromEntries(Object.entries(OPTIONS).map(([name, options]) => [name, () => shownWith(options)])),
  formats: () => FORMATS().map((values) => settled(() => util.format(...values))),
  formatsWith: () => [[{ colors: true }, '%s %O', 'a', { x: 1 }], [{ depth: 0 }, { a: { b: 1 } }], [null, 'x'], [5]].map((values) => settled(() => util.formatWithOptions(...values))),
  web: () => {
    const query = new URLSearchParams('a=1&b=2&a=3');
    const address = new URL('https://u:p@example.com:8080/p?q=1#h');
    const headers = new Headers({ a: '1', 'content-type': 'x' });
    return [query, [query], new URLSearchParams(), { a: { b: { c: query } } }, new URLSearchParams({ long: 'x'.repeat(50), longer: 'y'.repeat(50) }), address, [address], { a: { b: address } }, headers, { a: { b: { c: headers } } }].map((value) => util.inspect(value)).concat([-1, 0, null].flatMap((depth) => [query, address].map((value) => util.inspect(value, { depth }))));
  },
  legacy: () => [util.inspect({ a: { b: 1 } }, false, 0), util.inspect({ a: 1 }, false, 2, true), util.inspect.custom.toString(), util.inspect.defaultOptions, Object.keys(util.inspect.colors).length > 40, util.inspect.styles],
  consoles: () => [
    written((own) => { own.log('a %s', 'b', { c: 1 }); own.error(new Map([[1, 2]])); own.warn('w'); own.info('i'); own.debug({ d: 1 }); own.dirxml({ x: 1 }, 'y'); }),
    written((own) => { own.group('outer'); own.log({ a: 'x'.repeat(40), b: 'y'.repeat(40) }); own.group(); own.log('two\nlines'); own.groupEnd(); own.groupEnd(); own.log('none'); own.groupEnd(); }),
    written((own) => { own.count(); own.count('x'); own.count(); own.countReset(); own.count(); own.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); own.dir({ [CUSTOM]: () => 'custom' }); }),
    written((own) => { own.assert(true, 'no'); own.assert(false, 'a %s', 'b'); own.assert(false); own.assert(false, { a: 1 }); own.log(); own.log(circ()); own.log('%j', circ()); own.log('%d', Symbol('x')); }),
    ...[[1, 2], [{ a: 1, b: 'x' }, { a: 2, c: true }], { x: { a: 1 }, y: 5 }, new Map([['a', 1]]), new Set([1, 'b']), 5, 'text', null, [[1, 2], [3, 4]], [], [{ a: { b: 1 } }], [['ä漢']]].map((value) => written((own) => own.table(value))),
    written((own) => own.table([{ a: 1, b: 2 }], ['b'])),
    [typeof console.Console, settled(() => new console.Console())[1], written((own) => own.timeEnd('never'))],
  ],
  // Node's throw where a value's own code does; the log here does not.
  logs: () => {
    for (const value of HOSTILE()) {
      for (const method of METHODS) {
        for (const values of [[value], ['%s', value], ['%d', value], ['%i', value], ['%j', value], ['%o', value], ['%O', value], ['text', value]]) {
          try {
            if (!process.versions.v8) console[method](...values);
          } catch (error) {
            return [method, values[0], error.message];
          }
        }
        console.groupEnd();
      }
    }
    return 'all';
  },
  looksAtNothing: () => HOSTILE().slice(0, 3).map((value) => util.inspect(value)),
  kinds: () => TYPES.map((name) => [name, KINDS().map((value) => +util.types[name](value)).join('')]),
  kindsModule: () => Object.keys(require('util/types')).filter((name) => name.startsWith('is') && !['isExternal', 'isEventTarget', 'isKeyObject', 'isCryptoKey', 'isModuleNamespaceObject'].includes(name) && util.types[name] !== require('util/types')[name]),
  proxies: () => [Proxy.name, Proxy.length, typeof Proxy.revocable, 'prototype' in Proxy, settled(() => Proxy({}, {}))[0], settled(() => class extends Proxy {})[0], settled(() => new Proxy(1, {}))[0], Array.isArray(new Proxy([], {})), new Proxy({ a: 1 }, {}).a, settled(() => revoked().a)[0], util.inspect(new Proxy(new Proxy({ a: 1 }, {}), {}))],
  parsed: () => COMMANDS.flatMap(([args, options, more]) => [false, true].map((tokens) => settled(() => util.inspect(util.parseArgs({ args, options, ...more, tokens }), { depth: 9 })))),
  stripped: () => ['\u001b[31mred\u001b[39m', 'a\u001b]8;;http://x\u0007link\u001b]8;;\u0007b', 'plain', '\u009b1mx', 5].map((text) => settled(() => util.stripVTControlCharacters(text))),
  texts: () => [util.toUSVString('a\ud800b'), util.toUSVString(5), util.styleText('red', 'x'), settled(() => util.styleText('red', 5))],
};

exports.handler = async (event) => PARTS[event.arguments.part]();
