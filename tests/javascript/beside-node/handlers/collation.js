// The order of texts that localeCompare gives, in English.
const CHARACTERS = [];
for (let code = 0; code < 0x180; code++) CHARACTERS.push(String.fromCharCode(code));
CHARACTERS.push(...'‐‑‒–—―‘’‚‛“”„‟†‡•…‰′″‹›€™ẞơữậİαΩжйё漢あ🙂☃');

let state = 5;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >>> 8) % below;
};
const POOLS = [CHARACTERS, [...'abAB áàÁß_-10'], [...'sSß ſ'], [...'aeæÆAEäéoœ'], [...'dđðDĐlłLŁ'], CHARACTERS.slice(32, 127), [...'0123456789ab.']];

/** How random words compare; words often begin as the one they are compared with. */
function words(count, options) {
  state = 5;
  return Array.from({ length: count }, () => {
    const pool = POOLS[random(POOLS.length)];
    const word = () => Array.from({ length: random(6) }, () => pool[random(pool.length)]).join('');
    const one = word();
    const two = random(3) === 0 ? one.slice(0, random(one.length + 1)) + word() : word();
    return one.localeCompare(two, undefined, options) + 1;
  }).join('');
}

const settled = (run) => {
  try {
    return run();
  } catch (error) {
    return [error.name, error.message];
  }
};

const names = ['Øre', 'Zürich', 'Łódź', 'straße', 'strasse', 'Strasse', 'æble', 'able', 'Azul', 'ðe', 'dz', 'þing', 'zoo', 'œuvre', 'of', 'Émile', 'emil', 'co-op', 'coop', 'co op', 'item 10', 'item 9', "O'Neil", 'ONeil', '_private', '#1', '$5', '(a)'];

const PARTS = {
  characters: () => CHARACTERS.filter((_, at) => at % 3 === 0).map((one) => CHARACTERS.map((two) => one.localeCompare(two) + 1).join('')),
  words: () => words(4000),
  numeric: () => words(2000, { numeric: true }),
  base: () => words(2000, { sensitivity: 'base' }),
  accent: () => words(2000, { sensitivity: 'accent' }),
  case: () => words(2000, { sensitivity: 'case' }),
  variant: () => words(2000, { sensitivity: 'variant', numeric: true }),
  names: () => [names.toSorted((one, two) => one.localeCompare(two)), names.toSorted((one, two) => one.localeCompare(two, 'en', { sensitivity: 'base', numeric: true })), names.toSorted((one, two) => one.localeCompare(two, 'en-u-kn-true'))],
  refused: () => ['x', null, ''].map((sensitivity) => settled(() => 'a'.localeCompare('b', 'en', { sensitivity }))),
  shape: () => [String.prototype.localeCompare.name, String.prototype.localeCompare.length, 'a'.localeCompare(), 'undefined'.localeCompare(), settled(() => String.prototype.localeCompare.call(null, 'a'))],
};

exports.handler = async (event) => PARTS[event.arguments.part]();
