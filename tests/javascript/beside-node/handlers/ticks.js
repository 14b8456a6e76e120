// In which order promises, ticks, immediates and timers run.
const util = require('util');

/** What is noted, in order, when everything that it set is done, also on a busy machine: `note(name)` gives a callback. */
const order = (run, until = 500) => new Promise((resolve, reject) => {
  const noted = [];
  const note = (name) => () => { noted.push(name); };
  Promise.resolve(run(note, noted)).catch(reject);
  setTimeout(() => resolve(noted), until);
});

/** Loads keys as DataLoader does, and gives the batches: each is sent when the promises are done. */
function loader() {
  const batches = [];
  let open;
  return [batches, (key) => {
    if (open === undefined) {
      const batch = [];
      open = { batch, sent: new Promise((resolve) => Promise.resolve().then(() => process.nextTick(() => { open = undefined; batches.push(batch.length); resolve(); }))) };
    }
    open.batch.push(key);
    return open.sent.then(() => key);
  }];
}

const PARTS = {
  inPromises: () => order(async (note) => {
    await null;
    process.nextTick(note('tick'));
    Promise.resolve().then(note('promise')).then(note('promise of it')).then(note('another'));
  }),
  nested: () => order(async (note) => {
    await null;
    process.nextTick(() => {
      note('one')();
      process.nextTick(note('three'));
      Promise.resolve().then(() => { note('promise')(); process.nextTick(note('four')); }).then(note('promise of it'));
    });
    process.nextTick(note('two'));
  }),
  inTimers: () => order((note) => {
    setTimeout(() => {
      Promise.resolve().then(note('promise'));
      process.nextTick(note('tick'));
      setImmediate(note('immediate'));
      setTimeout(note('timer'), 3);
    }, 1);
  }),
  rounds: () => order((note) => new Promise((resolve) => setImmediate(() => {
    setImmediate(() => { note('immediate')(); process.nextTick(note('tick')); Promise.resolve().then(note('promise')); });
    setImmediate(() => { note('second')(); setTimeout(note('later'), 10); setTimeout(note('timer'), 5); });
    clearImmediate(setImmediate(note('cleared')));
    process.nextTick((...values) => { note(values.join())(); resolve(); }, 'with', 'values');
    queueMicrotask(note('microtask'));
  }))),
  afterCalls: () => order(async (note) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    setImmediate(note('immediate'));
    process.nextTick(note('tick'));
    await null;
    note('promise')();
  }),
  loads: async () => {
    const [batches, load] = loader();
    const keys = await Promise.all([0, 1, 2, 3, 4, 5].map(async (turns) => {
      for (let turn = 0; turn < turns; turn++) await null;
      return load(turns);
    }));
    return [batches, keys];
  },
  refused: () => [process.nextTick, setImmediate, setTimeout].map((set) => { try { set('text'); } catch (error) { return [error.name, error.code]; } }),
  promisified: async () => {
    const [wait, immediate] = [util.promisify(setTimeout), util.promisify(setImmediate)];
    return [await wait(1, 'waited'), await immediate('at once'), wait === require('timers/promises').setTimeout];
  },
};

exports.handler = async ({ arguments: { part } }) => PARTS[part]();
