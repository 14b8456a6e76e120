// The order of sorting by a comparator, as V8 has it: comparators that never answer 0, or answer with booleans, are common, and what they
// make of ties follows from which two values are compared, and in which order.
//
// Arrays are sorted by TimSort: runs that are in order already are extended to a least length by binary insertion, and merged; a merge
// whose one side wins again and again looks for where the other one begins ("gallops"). Typed arrays are merged from halves. Comparators
// are only asked whether an answer is below 0, so that NaN counts as 0. Without one the engine's own sort is used.
(function () {
  'use strict';

  /** This many wins in a row begin to gallop, and fewer end it. */
  const MIN_GALLOP = 7;

  /** Runs are made at least half as long as this, and merged from this length on. */
  const MAX_RUN = 64;

  /** The places of a short array's values before it is sorted. */
  const PLACES = Int32Array.from({ length: MAX_RUN }, (_, index) => index);

  const { defineProperty, getPrototypeOf } = Object;
  const isDefined = (value) => value !== undefined;

  function checkComparator(compare) {
    if (compare === undefined || typeof compare === 'function') return;
    throw new TypeError('The comparison function must be either a function or undefined');
  }

  function objectOf(value) {
    if (value === null || value === undefined) throw new TypeError('Cannot convert undefined or null to object');
    return Object(value);
  }

  const lengthOf = (object) => {
    const length = Math.trunc(+object.length);
    return length > 0 ? Math.min(length, Number.MAX_SAFE_INTEGER) : 0;
  };

  // Arrays.
  const { sort: plainSort, toSorted: plainToSorted } = Array.prototype;

  const arrayMethods = {
    sort(compare) {
      checkComparator(compare);
      if (compare === undefined) return plainSort.call(this);
      const object = objectOf(this);
      const length = lengthOf(object);
      if (length < 2) return object;

      const values = valuesOf(object, length);
      const sorted = timSort(values.includes(undefined) ? values.filter(isDefined) : values, compare);
      // Written back as a whole, whatever the comparator did to the array. Undefined is last, and holes behind it.
      for (var at = 0; at < sorted.length; at++) object[at] = sorted[at];
      for (; at < values.length; at++) object[at] = undefined;
      for (; at < length; at++) delete object[at];
      return object;
    },

    toSorted(compare) {
      checkComparator(compare);
      if (compare === undefined) return plainToSorted.call(this);
      const object = objectOf(this);
      const length = lengthOf(object);
      if (length > 2 ** 32 - 1) throw new RangeError('Invalid array length');

      const values = [];
      for (var at = 0; at < length; at++) {
        var value = object[at];
        if (value !== undefined) values.push(value);
      }
      const sorted = timSort(values, compare);
      while (sorted.length < length) sorted.push(undefined);
      return sorted;
    },
  };

  /** What is in an array or what is like one, without holes. */
  function valuesOf(object, length) {
    const values = [];
    for (var at = 0; at < length; at++) if (at in object) values.push(object[at]);
    return values;
  }

  // Variables of what runs for each comparison are `var`, whose use is not checked: measured, that halves the time of its loops. What moves
  // are places of values, which `copyWithin` moves by many.

  /** The values of an array without holes, in order. */
  function timSort(values, compare) {
    const { length } = values;
    if (length < 2) return values;
    const order = length < MAX_RUN ? PLACES.slice(0, length) : Int32Array.from(values.keys());
    if (length < MAX_RUN) insert(values, order, compare, 0, naturalRun(values, order, compare, 0, length), length);
    else sortByRuns(values, order, compare);
    const sorted = [];
    for (var at = 0; at < length; at++) sorted[at] = values[order[at]];
    return sorted;
  }

  function sortByRuns(values, order, compare) {
    const { length } = values;
    const sorting = { values, order, compare, minGallop: MIN_GALLOP, starts: [], lengths: [] };
    const least = leastRun(length);
    for (let start = 0; start < length;) {
      let run = naturalRun(values, order, compare, start, length);
      if (run < least) {
        const forced = Math.min(least, length - start);
        insert(values, order, compare, start, start + run, start + forced);
        run = forced;
      }
      sorting.starts.push(start);
      sorting.lengths.push(run);
      mergeWhereUneven(sorting);
      start += run;
    }
    mergeAll(sorting);
  }

  /** So that the number of runs is a power of two, or a little less. */
  function leastRun(length) {
    let rest = 0;
    while (length >= MAX_RUN) {
      rest |= length & 1;
      length >>= 1;
    }
    return length + rest;
  }

  /** The length of the run that begins at a place; one that descends is turned round. */
  function naturalRun(values, order, compare, start, end) {
    var at = start + 1;
    if (at === end) return 1;
    var last = values[order[at]];
    var descends = +compare(last, values[order[start]]) < 0;
    for (at++; at < end; at++) {
      var value = values[order[at]];
      if (+compare(value, last) < 0 !== descends) break;
      last = value;
    }
    if (descends) order.subarray(start, at).reverse();
    return at - start;
  }

  /** Inserts each value from a place on into the sorted ones before it. */
  function insert(values, order, compare, start, from, end) {
    for (var at = from; at < end; at++) {
      var place = order[at];
      var value = values[place];
      var left = start;
      var right = at;
      while (left < right) {
        var middle = (left + right) >> 1;
        if (+compare(value, values[order[middle]]) < 0) right = middle;
        else left = middle + 1;
      }
      if (left < at) {
        order.copyWithin(left + 1, left, at);
        order[left] = place;
      }
    }
  }

  /** Merges until each run is longer than the next two together, as far as V8 looks. */
  function mergeWhereUneven(sorting) {
    const { lengths } = sorting;
    const isEven = (index) => index < 2 || lengths[index - 2] > lengths[index - 1] + lengths[index];
    while (lengths.length > 1) {
      let index = lengths.length - 2;
      if (!isEven(index + 1) || !isEven(index)) {
        if (lengths[index - 1] < lengths[index + 1]) index--;
      } else if (lengths[index] > lengths[index + 1]) {
        return;
      }
      mergeAt(sorting, index);
    }
  }

  function mergeAll(sorting) {
    const { lengths } = sorting;
    while (lengths.length > 1) {
      let index = lengths.length - 2;
      if (index > 0 && lengths[index - 1] < lengths[index + 1]) index--;
      mergeAt(sorting, index);
    }
  }

  /** Merges a run with the next. What is in its place already at both ends is left there. */
  function mergeAt(sorting, index) {
    const { values, order, compare, starts, lengths } = sorting;
    let start = starts[index];
    let length = lengths[index];
    const next = starts[index + 1];
    let nextLength = lengths[index + 1];
    lengths[index] = length + nextLength;
    starts.splice(index + 1, 1);
    lengths.splice(index + 1, 1);

    const skipped = gallopRight(values, order, compare, values[order[next]], start, length, 0);
    start += skipped;
    length -= skipped;
    if (length === 0) return;
    nextLength = gallopLeft(values, order, compare, values[order[next - 1]], next, nextLength, nextLength - 1);
    if (nextLength === 0) return;
    if (length <= nextLength) mergeUp(sorting, start, length, next, nextLength);
    else mergeDown(sorting, start, length, next, nextLength);
  }

  /** Where in a run a value belongs, before those that are equal to it; looked for from a hint on, in growing steps. */
  function gallopLeft(values, order, compare, key, start, length, hint) {
    var from = start + hint;
    var last = 0;
    var step = 1;
    if (+compare(values[order[from]], key) < 0) {
      var most = length - hint;
      while (step < most && +compare(values[order[from + step]], key) < 0) {
        last = step;
        step = step * 2 + 1;
      }
      last += hint;
      step = (step < most ? step : most) + hint;
    } else {
      most = hint + 1;
      while (step < most && !(+compare(values[order[from - step]], key) < 0)) {
        last = step;
        step = step * 2 + 1;
      }
      var nearer = last;
      last = hint - (step < most ? step : most);
      step = hint - nearer;
    }
    last++;
    while (last < step) {
      var middle = (last + step) >> 1;
      if (+compare(values[order[start + middle]], key) < 0) last = middle + 1;
      else step = middle;
    }
    return step;
  }

  /** The same, behind those that are equal to it. */
  function gallopRight(values, order, compare, key, start, length, hint) {
    var from = start + hint;
    var last = 0;
    var step = 1;
    if (+compare(key, values[order[from]]) < 0) {
      var most = hint + 1;
      while (step < most && +compare(key, values[order[from - step]]) < 0) {
        last = step;
        step = step * 2 + 1;
      }
      var nearer = last;
      last = hint - (step < most ? step : most);
      step = hint - nearer;
    } else {
      most = length - hint;
      while (step < most && !(+compare(key, values[order[from + step]]) < 0)) {
        last = step;
        step = step * 2 + 1;
      }
      last += hint;
      step = (step < most ? step : most) + hint;
    }
    last++;
    while (last < step) {
      var middle = (last + step) >> 1;
      if (+compare(key, values[order[start + middle]]) < 0) step = middle;
      else last = middle + 1;
    }
    return step;
  }

  /** Merges two runs, of which the first is not longer, from the front. Either may be used up where a comparator contradicts itself. */
  function mergeUp(sorting, start, length, next, nextLength) {
    const { values, order, compare } = sorting;
    var kept = order.slice(start, start + length);
    var at = 0;
    var to = start;
    /** What is left when the second run is used up, or all of the first but its last value, which is the greatest. */
    const end = () => {
      if (nextLength === 0 || length === 0) return order.set(kept.subarray(at, at + length), to);
      order.copyWithin(to, next, next + nextLength);
      order[to + nextLength] = kept[at];
    };

    order[to++] = order[next++];
    if (--nextLength === 0 || length === 1) return end();
    var { minGallop } = sorting;
    for (;;) {
      var wins = 0;
      var nextWins = 0;
      do {
        if (+compare(values[order[next]], values[kept[at]]) < 0) {
          order[to++] = order[next++];
          nextWins++;
          wins = 0;
          if (--nextLength === 0) return end();
        } else {
          order[to++] = kept[at++];
          wins++;
          nextWins = 0;
          if (--length === 1) return end();
        }
      } while (wins < minGallop && nextWins < minGallop);

      minGallop++;
      do {
        sorting.minGallop = minGallop = Math.max(1, minGallop - 1);
        wins = gallopRight(values, kept, compare, values[order[next]], at, length, 0);
        if (wins > 0) {
          order.set(kept.subarray(at, at + wins), to);
          to += wins;
          at += wins;
          length -= wins;
          if (length < 2) return end();
        }
        order[to++] = order[next++];
        if (--nextLength === 0) return end();
        nextWins = gallopLeft(values, order, compare, values[kept[at]], next, nextLength, 0);
        if (nextWins > 0) {
          order.copyWithin(to, next, next + nextWins);
          to += nextWins;
          next += nextWins;
          nextLength -= nextWins;
          if (nextLength === 0) return end();
        }
        order[to++] = kept[at++];
        if (--length === 1) return end();
      } while (wins >= MIN_GALLOP || nextWins >= MIN_GALLOP);
      sorting.minGallop = ++minGallop;
    }
  }

  /** Merges two runs, of which the second is shorter, from the back. */
  function mergeDown(sorting, start, length, next, nextLength) {
    const { values, order, compare } = sorting;
    var kept = order.slice(next, next + nextLength);
    var at = nextLength - 1;
    var to = next + nextLength - 1;
    var from = start + length - 1;
    /** What is left when the first run is used up, or all of the second but its first value, which is the least. */
    const end = () => {
      if (length === 0 || nextLength === 0) return order.set(kept.subarray(0, nextLength), to - nextLength + 1);
      order.copyWithin(to - length + 1, from - length + 1, from + 1);
      order[to - length] = kept[at];
    };

    order[to--] = order[from--];
    if (--length === 0 || nextLength === 1) return end();
    var { minGallop } = sorting;
    for (;;) {
      var wins = 0;
      var nextWins = 0;
      do {
        if (+compare(values[kept[at]], values[order[from]]) < 0) {
          order[to--] = order[from--];
          wins++;
          nextWins = 0;
          if (--length === 0) return end();
        } else {
          order[to--] = kept[at--];
          nextWins++;
          wins = 0;
          if (--nextLength === 1) return end();
        }
      } while (wins < minGallop && nextWins < minGallop);

      minGallop++;
      do {
        sorting.minGallop = minGallop = Math.max(1, minGallop - 1);
        wins = length - gallopRight(values, order, compare, values[kept[at]], start, length, length - 1);
        if (wins > 0) {
          to -= wins;
          from -= wins;
          order.copyWithin(to + 1, from + 1, from + 1 + wins);
          length -= wins;
          if (length === 0) return end();
        }
        order[to--] = kept[at--];
        if (--nextLength === 1) return end();
        nextWins = nextLength - gallopLeft(values, kept, compare, values[order[from]], 0, nextLength, nextLength - 1);
        if (nextWins > 0) {
          to -= nextWins;
          at -= nextWins;
          order.set(kept.subarray(at + 1, at + 1 + nextWins), to + 1);
          nextLength -= nextWins;
          if (nextLength < 2) return end();
        }
        order[to--] = order[from--];
        if (--length === 0) return end();
      } while (wins >= MIN_GALLOP || nextWins >= MIN_GALLOP);
      sorting.minGallop = ++minGallop;
    }
  }

  // Typed arrays.
  const typedArray = getPrototypeOf(Uint8Array.prototype);
  const { sort: plainTypedSort, toSorted: plainTypedToSorted } = typedArray;

  const typedMethods = {
    sort(compare) {
      checkComparator(compare);
      // The engine's own also refuses what is no typed array.
      if (compare === undefined || !ArrayBuffer.isView(this) || !(this.length > 1)) return plainTypedSort.call(this);
      const sorted = mergeSorted(this, compare);
      const count = Math.min(sorted.length, this.length);
      for (let index = 0; index < count; index++) this[index] = sorted[index];
      return this;
    },

    toSorted(compare) {
      checkComparator(compare);
      const made = plainTypedToSorted.call(this);
      if (compare === undefined || made.length < 2) return made;
      made.set(this);
      return typedMethods.sort.call(made, compare);
    },
  };

  /** The values of a typed array in order. */
  function mergeSorted(values, compare) {
    const target = Array.from(values);
    const merge = (from, low, high, to) => {
      const middle = (low + high) >> 1;
      if (middle - low > 1) merge(to, low, middle, from);
      if (high - middle > 1) merge(to, middle, high, from);
      let left = low;
      let right = middle;
      for (let at = low; at < high; at++) {
        const isLeft = right >= high || (left < middle && !(+compare(from[left], from[right]) > 0));
        to[at] = from[isLeft ? left++ : right++];
      }
    };
    merge(target.slice(), 0, target.length, target);
    return target;
  }

  for (const [prototype, methods] of [[Array.prototype, arrayMethods], [typedArray, typedMethods]]) {
    for (const [name, value] of Object.entries(methods)) defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
})
