// `localeCompare`: the order of texts that Node has in English, which is that of most languages of Europe. Letters are compared first, then
// accents, then case, lower before upper. The tables are of ASCII, Latin-1 and Latin Extended-A, and what decomposes into these; anything
// else is ordered by code points, symbols before digits and letters behind those of Latin.
(function () {
  'use strict';

  const SYMBOLS = '\t\n\v\f\r\u0085\u2028\u2029 _-‐‑‒–—―,;:!¡?¿.…·\'‘’‚‛‹›"“”„‟«»()[]{}§¶@*/\\&#%‰†‡•′″`´^¯¨¸°©®+±÷×<=>¬|¦~';
  const LETTERS = '¤¢$£¥€0123456789abcdefghiıjklmnŋopqĸrstŧuvwxyzþʼ';
  const ACCENTS = '\u0313\u0314\u0301\u0300\u0306\u0302\u030c\u030a\u0308\u030b\u0303\u0307\u0338\u0327\u0328\u0304\u0335\u0305\u0309\u030f\u0310\u0311\u031b\u0321\u0322\u0323\u0324\u0325\u0326\u032d\u032e\u0330\u0331';

  /** Weights of what is in no table begin here, so that every symbol of `SYMBOLS` is less, and every one of `LETTERS` between. */
  const OTHER_SYMBOLS = 1_000;
  const OF_LETTERS = 2_000_000;
  const OTHER_LETTERS = 3_000_000;
  const OTHER_ACCENTS = 100;

  /** Accents of no character: of eth and of a dot behind l, of letters that are written as one, and of a long s. */
  const [OF_ETH, JOINED, LONG] = ['\ue000', '\ue001', '\ue002'];

  /** Of letters that differ in case only, the order. */
  const [LOWER, COMPATIBLE, UPPER, COMPATIBLE_UPPER, RAISED, FRACTION] = [0, 1, 2, 3, 4, 5];

  /** What a character stands for. */
  const EXPANDED = {
    đ: 'd\u0335', ð: `d${OF_ETH}`, ħ: 'h\u0335', ł: 'l\u0335', ø: 'o\u0338', æ: `a${JOINED}e`, œ: `o${JOINED}e`, ß: `s${JOINED}s`, ſ: `s${LONG}`, ŀ: `l${OF_ETH}`, '…': '...',
  };
  const COMPATIBLES = {
    ª: ['a', RAISED], º: ['o', RAISED], '¹': ['1', RAISED], '²': ['2', RAISED], '³': ['3', RAISED], '¼': ['1⁄4', FRACTION], '½': ['1⁄2', FRACTION], '¾': ['3⁄4', FRACTION],
    ĳ: ['ij', COMPATIBLE], Ĳ: ['ij', COMPATIBLE_UPPER], ŉ: ['ʼn', COMPATIBLE], µ: ['μ', COMPATIBLE], '™': ['tm', RAISED], '№': ['no', COMPATIBLE_UPPER], '\u00a0': [' ', COMPATIBLE], '…': ['...', COMPATIBLE], '‑': ['‐', COMPATIBLE],
  };

  const IGNORED = /^[\p{Cc}\p{Cf}\u034f\ufe00-\ufe0f]$/u;
  const MARK = /^[\p{Mn}\ue000-\ue002]$/u;
  const LETTER = /^[\p{L}\p{N}\p{M}]$/u;

  /** Of each known character, its weight. */
  const weights = new Map();
  [...SYMBOLS].forEach((character, index) => weights.set(character, index + 1));
  [...LETTERS].forEach((character, index) => weights.set(character, OF_LETTERS + index));
  const accents = new Map([...`${ACCENTS}${OF_ETH}${JOINED}${LONG}`].map((mark, index) => [mark, index + 2]));
  accents.set(OF_ETH, 2 * OTHER_ACCENTS + 0xffff);
  accents.set(JOINED, 2 * OTHER_ACCENTS + 0x10000);
  accents.set(LONG, 2 * OTHER_ACCENTS + 0x10001);

  /** Of each character of ASCII its weight, 0 for one that is ignored, and whether it is a capital letter. */
  const plainWeights = Int32Array.from({ length: 128 }, (_, code) => weights.get(String.fromCharCode(code).toLowerCase()) ?? 0);
  const isCapital = (code) => code > 64 && code < 91;

  function weightOf(character) {
    const known = weights.get(character);
    if (known !== undefined) return known;
    return (LETTER.test(character) ? OTHER_LETTERS : OTHER_SYMBOLS) + character.codePointAt(0);
  }

  const sign = (left, right) => (left < right ? -1 : left > right ? 1 : 0);

  /** Compares texts of ASCII, or says `undefined` where one has something else that matters. */
  function comparePlain(left, right) {
    const length = Math.min(left.length, right.length);
    let byCase = 0;
    for (let at = 0; at < length; at++) {
      const one = left.charCodeAt(at);
      const two = right.charCodeAt(at);
      if (one > 127 || two > 127) return undefined;
      const weight = plainWeights[one];
      const other = plainWeights[two];
      if (weight === 0 || other === 0) return undefined;
      if (weight !== other) return sign(weight, other);
      if (one !== two && byCase === 0) byCase = isCapital(one) ? 1 : -1;
    }
    if (left.length === right.length) return byCase;
    const next = (left.length > length ? left : right).charCodeAt(length);
    return next > 127 || plainWeights[next] === 0 ? undefined : sign(left.length, right.length);
  }

  /** The weights of a text: of its letters, of its accents, and of their case. */
  function weigh(text, isNumeric) {
    const key = { letters: [], accents: [], cases: [] };
    const add = (character, order) => {
      if (MARK.test(character)) {
        key.accents.push(accents.get(character) ?? OTHER_ACCENTS + character.codePointAt(0));
        return;
      }
      key.letters.push(weightOf(character));
      key.accents.push(1);
      key.cases.push(order);
    };
    // A letter of Cyrillic decomposes, but is one of its own; of Catalan there is one that is written as two.
    const characters = [...text.normalize('NFD').replace(/[иИ]\u0306/g, (letter) => letter.normalize('NFC')).replace(/(?<=[lL])·/g, OF_ETH)];
    for (let at = 0; at < characters.length; at++) {
      const character = characters[at];
      if (isNumeric && character >= '0' && character <= '9') {
        at += addNumber(key, characters, at) - 1;
        continue;
      }
      const code = character.codePointAt(0);
      if (code < 128) {
        if (plainWeights[code] === 0) continue;
        key.letters.push(plainWeights[code]);
        key.accents.push(1);
        key.cases.push(isCapital(code) ? UPPER : LOWER);
        continue;
      }
      if (IGNORED.test(character) && !weights.has(character)) continue;
      const [parts, order] = COMPATIBLES[character] ?? [];
      if (parts !== undefined) {
        for (const part of parts) add(part, order);
        continue;
      }
      const lower = character === 'İ' ? character : character.toLowerCase();
      for (const part of EXPANDED[lower] ?? lower) add(part, lower === character ? LOWER : UPPER);
    }
    return key;
  }

  /** Adds a number that is written in digits, so that a longer one is greater, and says how many characters it has. */
  function addNumber(key, characters, from) {
    let end = from;
    while (characters[end] >= '0' && characters[end] <= '9') end++;
    let start = from;
    while (start < end && characters[start] === '0') start++;
    key.letters.push(weights.get('0'), end - start);
    for (const digit of characters.slice(start, end)) key.letters.push(+digit);
    key.accents.push(1);
    key.cases.push(LOWER);
    return end - from;
  }

  function compareWeights(left, right) {
    const length = Math.min(left.length, right.length);
    for (let at = 0; at < length; at++) {
      if (left[at] !== right[at]) return sign(left[at], right[at]);
    }
    return sign(left.length, right.length);
  }

  const refuse = (what) => {
    throw new Error(`localeCompare with ${what} needs Intl, which this engine does not have; it knows the options \`numeric\` and \`sensitivity\``);
  };
  const SENSITIVITIES = ['base', 'accent', 'case', 'variant'];

  /** Options that were given, or those of the language (`en-u-kn`). */
  function read(locales, options) {
    const locale = Array.isArray(locales) ? locales[0] : locales;
    const settings = { sensitivity: 'variant', isNumeric: /-u-(?:.*-)?kn(?:-true|$|-(?!false))/.test(locale ?? '') };
    if (options === undefined) return settings;
    const { numeric, sensitivity = 'variant', caseFirst = 'false', ignorePunctuation = false, usage = 'sort', collation = 'default' } = options;
    if (!SENSITIVITIES.includes(`${sensitivity}`)) throw new RangeError(`Value ${sensitivity} out of range for String.prototype.localeCompare options property sensitivity`);
    if (caseFirst !== 'false') refuse('the option `caseFirst`');
    if (ignorePunctuation) refuse('the option `ignorePunctuation`');
    if (usage !== 'sort') refuse('the option `usage`');
    if (collation !== 'default') refuse('the option `collation`');
    return { sensitivity: `${sensitivity}`, isNumeric: numeric === undefined ? settings.isNumeric : Boolean(numeric) };
  }

  function compare(left, right, { sensitivity, isNumeric }) {
    const one = weigh(left, isNumeric);
    const two = weigh(right, isNumeric);
    const byLetters = compareWeights(one.letters, two.letters);
    if (byLetters !== 0 || sensitivity === 'base') return byLetters;
    if (sensitivity === 'case') {
      const capitals = ({ cases }) => cases.map((order) => (order === UPPER || order === COMPATIBLE_UPPER ? 1 : 0));
      return compareWeights(capitals(one), capitals(two));
    }
    const byAccents = compareWeights(one.accents, two.accents);
    return byAccents !== 0 || sensitivity === 'accent' ? byAccents : compareWeights(one.cases, two.cases);
  }

  const { localeCompare } = {
    localeCompare(that, locales, options) {
      if (this === null || this === undefined) throw new TypeError('String.prototype.localeCompare called on null or undefined');
      const left = String(this);
      const right = String(that);
      const isPlain = options === undefined && locales === undefined;
      if (isPlain && left === right) return 0;
      return (isPlain ? comparePlain(left, right) : undefined) ?? compare(left, right, read(locales, options));
    },
  };
  // It takes two more than it counts.
  Object.defineProperty(localeCompare, 'length', { value: 1 });
  Object.defineProperty(String.prototype, 'localeCompare', { value: localeCompare, writable: true, configurable: true });
})
