// `console.table`: rows and columns in a frame.
(function (host, options, parts) {
  'use strict';

  const { valueText: inspect, types, width } = parts;

  const cell = (value) => inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth: value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0 });

  function row(cells, widths) {
    const padded = cells.map((text, at) => ` ${text}${' '.repeat(widths[at] - width(text) - 1)}`);
    return `│${padded.join('│')}│`;
  }

  function framed(head, rows) {
    const widths = head.map((text, at) => Math.max(width(text), ...rows.map((cells) => width(cells[at]))) + 2);
    const lines = widths.map((columns) => '─'.repeat(columns));
    return [`┌${lines.join('┬')}┐`, row(head, widths), `├${lines.join('┼')}┤`, ...rows.map((cells) => row(cells, widths)), `└${lines.join('┴')}┘`].join('\n');
  }

  /** What is a row of the table, by its name. */
  function entriesOf(value) {
    if (types.isMap(value)) return { name: '(iteration index)', entries: Array.from(value, ([key, item], at) => [at, item, key]), hasKeys: true };
    if (types.isSet(value)) return { name: '(iteration index)', entries: Array.from(value, (item, at) => [at, item]) };
    return { name: '(index)', entries: Object.keys(value).map((key) => [key, value[key]]) };
  }

  parts.table = (value, chosen) => {
    if (value === null || typeof value !== 'object') return parts.format(value);
    const { name, entries, hasKeys = false } = entriesOf(value);
    const isRow = (item) => item !== null && (typeof item === 'object' || typeof item === 'function') && !hasKeys;
    const columns = chosen ?? [...new Set(entries.flatMap(([, item]) => (isRow(item) ? Object.keys(item) : [])))];
    const hasValues = entries.some(([, item]) => !isRow(item));
    const head = [name, ...(hasKeys ? ['Key'] : []), ...columns, ...(hasValues ? ['Values'] : [])];
    const rows = entries.map(([at, item, key]) => [
      `${at}`,
      ...(hasKeys ? [cell(key)] : []),
      ...columns.map((column) => (isRow(item) && Object.hasOwn(item, column) ? cell(item[column]) : '')),
      ...(hasValues ? [isRow(item) ? '' : cell(item)] : []),
    ]);
    return framed(head, rows);
  };
})
