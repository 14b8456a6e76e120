// Statements by text: libraries send SQL, and what runs is the operator's statement that says the same. Of its text there is a hash, and the
// names of its parameters in the order in which they appear.
(function (host, options, parts) {
  'use strict';

  const [backends, told] = options.reach?.sql === undefined ? [[], []] : JSON.parse(options.reach.sql);
  if (options.reach !== undefined) delete options.reach.sql;

  const byText = new Map();
  const procedures = new Map();
  /** A procedure's name without brackets and the default schema. */
  const called = (procedure) => procedure.replaceAll(/[[\]]/g, '').toLowerCase().replace(/^dbo\./, '');

  for (const [name, backend, hash, places, procedure, access, parameters, columns] of told) {
    const statement = {
      name,
      backend,
      access,
      parameters: new Map(parameters.map(([parameter, type, isList, isOutput, size]) => [parameter, { type, isList, isOutput, size }])),
      columns: new Map(columns),
      places,
    };
    if (procedure === null) byText.set(hash, statement);
    else procedures.set(called(procedure), statement);
  }

  /** The statement of a text, and which names of the text each of its parameters has; none when there is none. */
  function find(text) {
    const [[hash], ...places] = host.statementText(text);
    const statement = byText.get(hash);
    return statement && { statement, names: statement.places.map((parameter, at) => [parameter, places[at]]) };
  }

  const key = (name) => (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
  const inline = (entries) => `{ ${entries.map(([name, type]) => `${name} = ${JSON.stringify(type)}`).join(', ')} }`;
  const grants = (name) => `[modules.${key(options.module)}.grants]\nsql = [${[...told.map(([known]) => known), name].map((known) => JSON.stringify(known)).join(', ')}]`;

  /** A name for a statement that has none yet: what it does, and to which table. */
  function proposed(text) {
    const verb = /\w+/.exec(text)?.[0].toLowerCase() ?? 'run';
    const table = /\b(?:from|into|update|join)\s+([\w.[\]]+)/i.exec(text)?.[1] ?? 'statement';
    const plain = `${verb}_${table.replaceAll(/[[\]]/g, '').split('.').at(-1)}`.toLowerCase();
    const taken = new Set(told.map(([name]) => name));
    for (let count = 1; ; count++) {
      const name = count === 1 ? plain : `${plain}_${count}`;
      if (!taken.has(name)) return name;
    }
  }

  const indented = (text) => {
    const lines = text.replaceAll('\r', '').split('\n');
    const depths = lines.filter((line) => line.trim() !== '').slice(1).map((line) => line.search(/\S/));
    const depth = depths.length === 0 ? 0 : Math.min(...depths);
    return lines.map((line, at) => (at === 0 ? line.trimStart() : line.slice(Math.min(depth, line.search(/\S|$/)))).trimEnd()).join('\n').trim();
  };

  /** What to write for a text; `types` has the types of parameters, as SQL Server writes them, as far as they are known. */
  function paste(text, types = {}) {
    let written = indented(text).replaceAll('\\', '\\\\').replaceAll('"""', '\\"""');
    const [, ...places] = host.statementText(text);
    const parameters = places.map((names) => {
      const type = types[names[0]] ?? 'nvarchar(4000)';
      if (names.length === 1) return [names[0], type];
      const list = `${names[0].replace(/\d+$/, '')}s`;
      const pattern = names.map((name) => `@${name}`).join('\\s*,\\s*');
      written = written.replaceAll(new RegExp(`\\(\\s*${pattern}\\s*\\)`, 'g'), `(@${list})`);
      return [list, `list<${type}>`];
    });
    const name = proposed(written);
    const access = /^\s*(?:select|with)\b/i.test(written) ? 'read' : 'write';
    const lines = [
      `[statements.${name}]`,
      `backend = ${JSON.stringify(backends[0] ?? 'NAME')}`,
      `text = """\n${written}\n"""`,
      `access = "${access}"`,
    ];
    if (parameters.length > 0) lines.push(`parameters = ${inline(parameters)}`);
    return `${lines.join('\n')}\n\n${grants(name)}`;
  }

  function pasteProcedure(procedure, types) {
    const name = called(procedure).replaceAll(/\W/g, '_');
    const lines = [`[statements.${name}]`, `backend = ${JSON.stringify(backends[0] ?? 'NAME')}`, `procedure = ${JSON.stringify(procedure)}`, 'access = "write"'];
    const entries = Object.entries(types);
    if (entries.length > 0) lines.push(`parameters = ${inline(entries)}`);
    return `${lines.join('\n')}\n\n${grants(name)}`;
  }

  const UNKNOWN = `is not a statement that module \`${options.module}\` is granted; write in mayfly.toml, and build again:`;

  parts.statements = {
    find(text, types) {
      const found = find(text);
      if (found !== undefined) return found;
      throw new Error(`this text ${UNKNOWN}\n${paste(text, types)}`);
    },
    procedure(name, types) {
      const statement = procedures.get(called(name));
      if (statement !== undefined) return statement;
      throw new Error(`procedure \`${name}\` ${UNKNOWN}\n${pasteProcedure(name, types)}`);
    },
  };

  /** Warnings of texts that stand in the module's code, each with its place. */
  parts.unknownTexts = (texts) => texts
    .filter(([, text]) => find(text) === undefined)
    .map(([place, text]) => `${place}: this text ${UNKNOWN}\n${paste(text)}`);
})
