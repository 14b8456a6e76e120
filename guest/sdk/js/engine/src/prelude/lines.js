// How what was made of a value's parts is laid out: in one line, in columns, or in a line each, as Node does.
(function (host, options, parts) {
  'use strict';

  /** What is between two entries. */
  const SEPARATOR = 2;
  /** Up to this many entries of an array are in a line each, if not all in one. */
  const UNGROUPED = 6;
  /** Columns of an array at most. */
  const COLUMNS = 15;
  /** What Node adds for whatever else may be in the line. */
  const MARGIN = 10;

  const COLORS = /\u001b\[\d+(?:;\d+)*m/g;
  const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
  const ASCII = /^[\x20-\x7e]*$/;

  /** Columns that a text takes. */
  function width(text) {
    if (ASCII.test(text)) return text.length;
    let columns = 0;
    for (const character of text.replace(COLORS, '').normalize('NFC')) {
      if (WIDE.test(character)) columns += 2;
      else if (!/[\p{Cc}\p{Cf}\p{Mn}\p{Me}]/u.test(character)) columns++;
    }
    return columns;
  }

  const spaces = (count) => ' '.repeat(count);

  /** Puts the entries of an array side by side, where they are of similar width. */
  function grouped(settings, entries, value) {
    const hasRest = settings.maxArrayLength < entries.length;
    const count = hasRest ? entries.length - 1 : entries.length;
    const widths = entries.slice(0, count).map(width);
    const widest = Math.max(0, ...widths);
    const total = widths.reduce((sum, columns) => sum + columns + SEPARATOR, 0);
    const most = widest + SEPARATOR;
    if (most * 3 + settings.indentation >= settings.breakLength || (total / most <= 5 && widest > 6)) return entries;

    // About a square, where characters are two and a half times as high as wide.
    const bias = Math.max(most - 3 - Math.sqrt(most - total / entries.length), 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * bias * count) / bias),
      Math.floor((settings.breakLength - settings.indentation) / most),
      settings.compact * 4,
      COLUMNS,
    );
    if (columns <= 1) return entries;

    const columnWidths = Array.from({ length: columns }, (_, column) => {
      let columnWidth = 0;
      for (let at = column; at < count; at += columns) columnWidth = Math.max(columnWidth, widths[at]);
      return columnWidth + SEPARATOR;
    });
    const isRight = value === undefined || entries.every((_, at) => typeof value[at] === 'number' || typeof value[at] === 'bigint');
    const rows = [];
    for (let from = 0; from < count; from += columns) {
      const to = Math.min(from + columns, count);
      const row = entries.slice(from, to).map((entry, column) => {
        const isLast = from + column === to - 1;
        const text = isLast ? entry : `${entry}, `;
        const room = columnWidths[column] + entry.length - widths[from + column] - (isLast ? SEPARATOR : 0);
        if (isRight) return text.padStart(room);
        return isLast ? text : text.padEnd(room);
      });
      rows.push(row.join(''));
    }
    if (hasRest) rows.push(entries[count]);
    return rows;
  }

  function fitsInLine(settings, entries, start, base) {
    let length = entries.length + start;
    if (length + entries.length > settings.breakLength) return false;
    for (const entry of entries) length += settings.colors ? entry.replace(COLORS, '').length : entry.length;
    return length <= settings.breakLength && !base.includes('\n');
  }

  /**
   * The whole text of a value. `base` is what comes before its braces; `depth` how deep it is, which with `settings.innermost` tells how
   * much is nested in it.
   */
  parts.laidOut = (settings, entries, { base = '', open, close, isList, depth, value }) => {
    const { compact } = settings;
    const indentation = `\n${spaces(settings.indentation)}`;
    if (compact === true) {
      if (fitsInLine(settings, entries, 0, base)) return `${open}${base && ` ${base}`} ${entries.join(', ')} ${close}`;
      const first = base === '' && open.length === 1 ? ' ' : `${base && ` ${base}`}${indentation}  `;
      return `${open}${first}${entries.join(`,${indentation}  `)} ${close}`;
    }
    const begin = `${base && `${base} `}${open}`;
    let rows = entries;
    if (compact >= 1) {
      if (isList && entries.length > UNGROUPED) rows = grouped(settings, entries, value);
      if (settings.innermost - depth < compact && rows.length === entries.length) {
        const start = rows.length + settings.indentation + open.length + base.length + MARGIN;
        if (fitsInLine(settings, rows, start, base)) {
          const joined = rows.join(', ');
          if (!joined.includes('\n')) return `${begin} ${joined} ${close}`;
        }
      }
    }
    return `${begin}${indentation}  ${rows.join(`,${indentation}  `)}${indentation}${close}`;
  };
  parts.width = width;
})
