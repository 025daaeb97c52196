import path from 'node:path';

export interface Violation {
  file: string;
  rule: string;
  detail: string;
}

/** One import line: `target` is a path under src/ for our own files, the bare name for everything else. */
interface ImportLine {
  target: string;
  own: boolean;
  typeOnly: boolean;
  names: string[];
  reexport: boolean;
}

/** Who may import what exists only once; `typeOnly` folders may name its types. */
const OWNERS: readonly { module: RegExp; owner: RegExp; typesIn?: RegExp }[] = [
  { module: /^onnxruntime-/, owner: /^engines\/embedding\/onnx-session\.ts$/ },
  { module: /^sharp$/, owner: /^engines\/media\// },
  { module: /^exiftool-vendored/, owner: /^engines\/media\/exif-tool\.ts$/ },
  { module: /^@hyzyla\/pdfium$/, owner: /^engines\/media\/pdf\.ts$/ },
  { module: /^pg$/, owner: /^platform\/database\//, typesIn: /^platform\/jobs\// },
  { module: /^(@prisma\/|prisma$|@electric-sql\/)/, owner: /^platform\/database\// },
  { module: /^pg-boss$/, owner: /^platform\/jobs\// },
  { module: /^(@apollo\/|@as-integrations\/|@escape\.tech\/)/, owner: /^platform\/graphql\// },
  { module: /^@aws-sdk\//, owner: /^platform\/files\// },
  { module: /^@tus\//, owner: /^library\/uploads\/resumable-uploads\.ts$/ },
  { module: /^tus-js-client$/, owner: /^program\/cli\// },
];

/** Statements that several rooms share on purpose, each with its reason. */
const SHARED_STATEMENTS: Record<string, string> = {
  'engines/embedding/search-row.queries.ts': 'one function copies filter columns to search rows, for every room that changes them',
  'judging/judgements/compliance-filter.queries.ts': 'search is one SQL statement, and the verdict filter is a part of it',
  'judging/judgements/rule-check.queries.ts': 'a draft of a rule is tried by the statement that judges',
  'judging/rules/rule-scope.queries.ts': 'what a rule is about is read where rules are written and where they judge',
  'library/uploads/staged-upload.queries.ts': 'an import reads its uploads in its own transaction',
};

/** From the top: a folder imports only from folders below it, and from the ground. */
export const FLOORS = ['program', 'exchange', 'finding', 'judging', 'seeing', 'library', 'engines', 'platform'];
const GROUND = new Set([
  'errors.ts',
  'plain-data.ts',
  'log.ts',
  'config.ts',
  'viewer.ts',
  'background-priority.ts',
  'lane-queue.ts',
  'once.ts',
  'shared-work.ts',
  'waiting-request.ts',
  'vocabulary',
]);
/** What puts the house together stands above all floors. */
const ROOF = new Set(['main.ts', 'app.ts', 'rooms.ts', 'schema.ts']);
const ROLES = 'room|types|inputs|resolver|service|queries|job|worker|process|drawings|loader|command';
const FILE_NAME = new RegExp(`^[a-z0-9]+(-[a-z0-9]+)*(\\.(${ROLES}))?\\.ts$`);
const FOLDER_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const GRAB_BAGS = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'base', 'index', 'misc', 'shared', 'lib']);
const CONTAINERS = /^(inversify|tsyringe|typedi|awilix|@nestjs\/|injection-js)/;
const IMPORT = /^(import|export)\s+(type\s+)?([^'";]*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'|(?<!typeof )\bimport\(\s*'([^']+)'\s*\)/gm;

/**
 * Checks the import lines of all source files against the rules of the design.
 * @param files path under src/ (with forward slashes) to its text
 * @param packages names of the packages that a user's installation has
 */
export function checkArchitecture(files: ReadonlyMap<string, string>, packages: ReadonlySet<string>): Violation[] {
  const imports = new Map([...files].map(([file, text]) => [file, readImports(file, text)]));
  const violations = [...imports].flatMap(([file, lines]) => [
    ...checkName(file),
    ...checkText(file, files.get(file) as string),
    ...lines.flatMap((line) => [...checkPackage(file, line, packages), ...checkLayer(file, line)]),
  ]);
  return [...violations, ...findCycles(imports, (file) => file, 'no cycles'), ...findCycles(imports, roomOf, 'no circle of rooms')];
}

export function readImports(file: string, text: string): ImportLine[] {
  return [...withoutComments(text).matchAll(IMPORT)].map((match) => {
    const specifier = (match[4] ?? match[5] ?? match[6]) as string;
    const clause = match[3] ?? '';
    const names = (/\{([^}]*)\}/.exec(clause)?.[1] ?? '').split(',').flatMap((name) => name.trim() || []);
    const onlyNamed = clause.startsWith('{');
    const own = specifier.startsWith('.');
    return {
      target: own ? path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts') : specifier,
      own,
      typeOnly: match[2] !== undefined || (onlyNamed && names.length > 0 && names.every((name) => name.startsWith('type '))),
      names: names.filter((name) => !name.startsWith('type ')).map((name) => name.replace(/ as .*/, '')),
      reexport: match[1] === 'export',
    };
  });
}

function checkName(file: string): Violation[] {
  const parts = file.split('/');
  const name = parts.pop() as string;
  const found: Violation[] = [];
  if (!FILE_NAME.test(name)) found.push({ file, rule: 'names', detail: `a file is called noun.role.ts in kebab-case; roles: ${ROLES}` });
  for (const folder of parts.filter((part) => !FOLDER_NAME.test(part)))
    found.push({ file, rule: 'names', detail: `folder ${folder} is not kebab-case` });
  for (const word of [...parts, name.split('.')[0] as string]) {
    if (GRAB_BAGS.has(word)) found.push({ file, rule: 'no grab bags', detail: `"${word}" says nothing about what is in it` });
  }
  return found;
}

function checkText(file: string, text: string): Violation[] {
  const found: Violation[] = [];
  const code = withoutComments(text);
  if (
    file !== 'config.ts' &&
    /\bprocess\s*(\.|\?\.|\[['"`])\s*env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|\{[^}]*\benv\b[^}]*\}\s*from\s+'node:process'/.test(code)
  ) {
    found.push({ file, rule: 'one owner', detail: 'reads the environment; only config.ts does' });
  }
  for (const [, name] of code.matchAll(/\b(?:require|resolve)\(\s*'([^'.][^']*)'/g)) {
    const owner = OWNERS.find((entry) => entry.module.test(packageOf(name as string)));
    if (owner && !owner.owner.test(file))
      found.push({ file, rule: 'one owner', detail: `loads ${name}, which belongs to ${owner.owner.source}` });
  }
  if (/\.(asOwner|openSession)\(/.test(code) && !/^platform\/(database|jobs)\//.test(file) && !file.endsWith('.queries.ts')) {
    found.push({ file, rule: 'tenancy', detail: 'works as the owner of the database, outside every organisation' });
  }
  return found;
}

function checkPackage(file: string, line: ImportLine, packages: ReadonlySet<string>): Violation[] {
  if (line.own) return [];
  const found: Violation[] = [];
  const owner = OWNERS.find((entry) => entry.module.test(line.target));
  if (owner && !owner.owner.test(file) && !(line.typeOnly && owner.typesIn?.test(file))) {
    found.push({ file, rule: 'one owner', detail: `imports ${line.target}, which belongs to ${owner.owner.source}` });
  }
  if (CONTAINERS.test(line.target)) found.push({ file, rule: 'no DI framework', detail: line.target });
  if (!line.target.startsWith('node:') && !packages.has(packageOf(line.target))) {
    found.push({
      file,
      rule: 'known packages',
      detail: `imports ${line.target}: neither a dependency in package.json nor a built-in module with its node: prefix`,
    });
  }
  return found;
}

function checkLayer(file: string, line: ImportLine): Violation[] {
  if (!line.own) return [];
  const { target } = line;
  const room = roomOf(file);
  const targetRoom = roomOf(target);
  const found: Violation[] = [];
  const add = (rule: string, detail: string) => found.push({ file, rule, detail });

  const floor = floorOf(file);
  const targetFloor = floorOf(target);
  if (floor > targetFloor) add('floors', `imports ${target}, which stands above it: ${storeyOf(target)} over ${storeyOf(file)}`);
  if (line.reexport && !line.typeOnly && target.startsWith(room === '' ? '' : `${room}/`)) add('no barrels', `re-exports ${target}`);
  if (target.startsWith('platform/database/prisma-client/') && room !== 'platform/database')
    add('one owner', `imports ${target}; Prisma belongs to platform/database/`);

  const role = roleOf(file);
  const targetRole = roleOf(target);
  if (role === 'resolver') {
    if (targetRole === 'queries' || targetRoom === 'platform/database') add('layers', `a resolver imports ${target}; it asks its service`);
    // `asset-collections.resolver.ts` joins two rooms: it stands in the upper one and asks the lower one's service.
    if (targetRole === 'service' && targetRoom !== room && !file.endsWith(`-${path.posix.basename(targetRoom)}.resolver.ts`))
      add('layers', `a resolver imports ${target}; it asks its own room's service only`);
  }
  if (role === 'queries' && ['service', 'resolver', 'job'].includes(targetRole))
    add('layers', `queries import ${target}; they know the database only`);
  if (
    ['types', 'inputs'].includes(role) &&
    !line.typeOnly &&
    (['service', 'resolver', 'queries', 'job'].includes(targetRole) || targetRoom === 'platform/database')
  ) {
    add('layers', `${role} import ${target}`);
  }
  if (targetRole === 'resolver' && role !== 'room' && room !== 'platform/graphql' && !ROOF.has(file))
    add('layers', `imports ${target}; only its room knows a resolver`);
  if (targetRole === 'room' && file !== 'rooms.ts') add('layers', `imports ${target}; only rooms.ts makes rooms`);
  if (targetRole === 'queries' && targetRoom !== room && !line.typeOnly && !ROOF.has(file) && !(target in SHARED_STATEMENTS)) {
    add('layers', `imports ${target}; other rooms are asked through their service`);
  }
  const writesSql = role === 'queries' || room === 'platform/database' || file.startsWith('judging/rules/');
  if (target === 'platform/database/sql.ts' && !line.typeOnly && !writesSql)
    add('SQL in its place', `imports ${line.names.join(', ')} from ${target}; SQL lives in *.queries.ts and judging/rules/`);
  if (target.startsWith('platform/database/') && !line.typeOnly && !writesSql && !ROOF.has(file))
    add('layers', `imports ${target}; only queries, platform/database/ and the program's start do`);
  return found;
}

/** Strongly connected files, or rooms of files (Tarjan), each reported once, at its first; type imports count. */
function findCycles(imports: ReadonlyMap<string, readonly ImportLine[]>, nodeOf: (file: string) => string, rule: string): Violation[] {
  const targets = new Map<string, Set<string>>();
  for (const [file, lines] of imports) {
    const node = nodeOf(file);
    const own = targets.get(node) ?? new Set();
    targets.set(node, own);
    for (const line of lines.filter(({ own: ours, target }) => ours && imports.has(target))) {
      const target = nodeOf(line.target);
      if (target !== node || target === line.target) own.add(target);
    }
  }
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const targetsOf = (node: string) => [...(targets.get(node) as Set<string>)];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node) as number);
    stack.push(node);
    for (const target of targetsOf(node)) {
      if (!order.has(target)) visit(target);
      if (stack.includes(target)) low.set(node, Math.min(low.get(node) as number, low.get(target) as number));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1 || targetsOf(node).includes(node)) cycles.push(group);
  };
  for (const node of targets.keys()) if (!order.has(node)) visit(node);
  return cycles.map((group) => ({
    file: [...group].sort()[0] as string,
    rule,
    detail: shortestCycle(group, targetsOf).join(' > '),
  }));
}

function shortestCycle(group: readonly string[], targetsOf: (file: string) => string[]): string[] {
  const start = [...group].sort()[0] as string;
  const paths: string[][] = [[start]];
  const seen = new Set<string>();
  for (const current of paths) {
    for (const target of targetsOf(current.at(-1) as string).filter((file) => group.includes(file))) {
      if (target === start) return [...current, start];
      if (!seen.has(target)) paths.push([...current, target]);
      seen.add(target);
    }
  }
  return [...group];
}

/** `library/tags` of `library/tags/label.ts`, `vocabulary` of its files, the file itself where it stands in no folder. */
export function roomOf(file: string): string {
  const [first, second, third] = file.split('/') as [string, string?, string?];
  return third === undefined ? first : `${first}/${second}`;
}

/** The program starts above all floors, commands know the app, the ground is below every floor. A folder that is neither stands beside the house, and nothing may import it. */
function floorOf(file: string): number {
  if (file === 'main.ts') return 0;
  if (ROOF.has(file)) return 1;
  const first = file.split('/')[0] as string;
  if (GROUND.has(first)) return FLOORS.length + 1;
  return FLOORS.indexOf(first) + 1;
}

function storeyOf(file: string): string {
  return ['the start', ...FLOORS, 'the ground'][floorOf(file)] as string;
}

function roleOf(file: string): string {
  return /\.([a-z]+)\.ts$/.exec(file)?.[1] ?? '';
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
