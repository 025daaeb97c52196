import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type GraphQLField, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import { forgeCursor, type Leaf, leavesOf, ODD, pickerOf, REFUSED, variablesWith } from '../../support/hostile-inputs.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { structuredPicture } from '../../support/structured-picture.js';
import { type GraphqlAnswer, openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

/** The same tries each time, so that a change is not blamed for what another draw would have found; set VITRINE_TEST_SEED to draw others. */
const SEED = Number(process.env.VITRINE_TEST_SEED ?? 20_261_201);
/** Odd values at each place, of those that there are. */
const ODD_AT_PLACE = Number(process.env.VITRINE_TEST_ODD ?? 2);
/** Operations by which a place that many share is tried. */
const OPERATIONS_A_PLACE = 2;
const AT_ONCE = 4;

type Field = GraphQLField<unknown, unknown>;
interface Operation {
  kind: 'query' | 'mutation';
  field: Field;
  /** For fields of objects: the query that finds the object. */
  parent?: Field;
}

let test: TestApp;
let main: TestOrganization;
let root: string;
const pick = pickerOf(SEED);
/** Ids of things that are there, by what fields call them. */
const known: Record<string, string> = {};

beforeAll(async () => {
  process.stdout.write(`hostile input: VITRINE_TEST_SEED=${SEED}\n`);
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'vitrine-hostile-')));
  test = await openTestApp({ config: { VITRINE_IMPORT_ROOTS: root, VITRINE_WEBHOOK_HOSTS: 'localhost:9' } });
  main = test.organizations.main as TestOrganization;
  await fill();
}, 120_000);
afterAll(async () => {
  await test?.close();
  await rm(root, { recursive: true, force: true });
});

async function make(name: string, input: object, selection: string): Promise<string> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} { id } userErrors { message } } }`;
  const made = (await test.ask(query, { input }, main.keys.ADMIN))[name];
  if (made.userErrors.length > 0) throw new Error(`${name}: ${JSON.stringify(made.userErrors)}`);
  const [first] = [made[selection]].flat();
  return first.id;
}

/** One of most things, so that what is asked gets further than "not found". */
async function fill(): Promise<void> {
  const files = [
    { fileName: 'a.png', content: await structuredPicture(1) },
    { fileName: 'b.txt', content: Buffer.from('Words of an offer') },
  ];
  const uploads = await stageFiles(test, main.keys.EDITOR, files);
  known.brand = await make('brandCreate', { key: 'one', name: 'One', palette: [{ name: 'Red', hex: '#c02a5a' }] }, 'brand');
  const fields = { brand: 'one', tags: ['first'], collection: 'All', externalId: 'x-1' };
  const source = { uploads: uploads.map((upload, n) => ({ upload, fields: n === 0 ? fields : {} })) };
  const end = await runImport(test, main.keys.EDITOR, { source });
  known.import = end.id;
  known.asset = end.items[0]?.assetId as string;
  known.guideline = await make('guidelineCreate', { brand: known.brand, name: 'Rules', sections: [{ title: 'One' }] }, 'guideline');
  const rule = { guideline: known.guideline, key: 'wide', title: 'Wide', kind: 'MIN_RESOLUTION', severity: 'MAJOR' };
  known.rule = await make('ruleCreate', { ...rule, parameters: { minWidthPx: 5000, minHeightPx: 5000 } }, 'rule');
  await make('rulePublish', { id: known.rule }, 'rule');
  known.collection = await make('collectionCreate', { name: 'Mine' }, 'collection');
  known.concept = await make('conceptCreate', { name: 'Cats', proposeAt: 0.5 }, 'concept');
  known.savedSearch = await make('savedSearchCreate', { name: 'Offers', filter: { textContains: 'offer' } }, 'savedSearch');
  known.webhook = await make('eventWebhookCreate', { name: 'Hook', url: 'https://localhost:9/', events: ['RELEASE_BROKEN'] }, 'webhook');
  known.edit = await make('assetBulkEditCreate', { assets: [known.asset], change: { title: 'Edited' } }, 'edit');
  known.apiKey = await make('apiKeyCreate', { name: 'Spare', role: 'VIEWER' }, 'apiKey');
  known.upload = await make('stagedUploadCreate', { files: [{ fileName: 'c.png', byteSize: 10 }] }, 'uploads');
  known.schedule = await make('reportScheduleCreate', { name: 'Daily', brand: known.brand, format: 'CSV', every: 'DAY' }, 'schedule');
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  known.deliveryLink = await make('deliveryLinkCreate', { asset: known.asset, expiresAt }, 'deliveryLink');
  const folder = path.join(root, 'watched');
  await mkdir(folder);
  await writeFile(path.join(folder, 'later.txt'), 'later');
  known.folder = await make('watchedFolderCreate', { folder, settleSeconds: 86_400 }, 'watchedFolder');
  const found = await test.ask(
    'query ($id: ID!) { asset(id: $id) { findings { id } versions { id } } tags(first: 1) { edges { node { id } } } }',
    { id: known.asset },
    main.keys.ADMIN,
  );
  known.finding = found.asset.findings[0].id;
  known.version = found.asset.versions[0].id;
  known.tag = found.tags.edges[0].node.id;
}

/** What `id` of an operation means, longest first. */
const BY_OPERATION = {
  ...{ assetImport: 'import', assetBulkEdit: 'edit', eventWebhook: 'webhook', reportSchedule: 'schedule', watchedFolder: 'folder' },
  ...Object.fromEntries(
    ['apiKey', 'brand', 'collection', 'concept', 'deliveryLink', 'guideline', 'rule', 'savedSearch', 'tag'].map((n) => [n, n]),
  ),
};

function sampleFor(operation: string) {
  return (name: string, scalar: string): unknown => {
    if (scalar === 'ID') {
      const prefix = Object.entries(BY_OPERATION).find(([start]) => operation.startsWith(start))?.[1];
      const noun = name === 'id' ? (prefix ?? 'asset') : name.replace(/s$/, '');
      return known[noun] ?? known.asset;
    }
    if (scalar === 'String') return TEXTS[name] ?? 'some text';
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    return { Int: 1, Float: 0.5, SafeInt: 10, Boolean: false, JSONObject: {}, DateTimeISO: tomorrow, LocalDate: '2030-01-31' }[scalar];
  };
}

const TEXTS: Record<string, string> = { url: 'https://localhost:9/', hex: '#123456', key: 'some-key', tags: 'first', fileName: 'd.png' };

function operations(): Operation[] {
  const { schema } = test.app;
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const below = queries.flatMap((parent) => {
    const type = getNamedType(parent.type);
    if (!isObjectType(type) || type.name.endsWith('Connection')) return [];
    return Object.values(type.getFields()).map((field) => ({ kind: 'query' as const, field, parent }));
  });
  const last = (field: Field) => Number(/Delete|Revoke|Undo|Cancel/.test(field.name));
  return [
    ...queries.map((field) => ({ kind: 'query' as const, field })),
    ...below,
    ...mutations.sort((a, b) => last(a) - last(b)).map((field) => ({ kind: 'mutation' as const, field })),
  ].filter(({ field }) => field.args.length > 0);
}

function selectionOf(field: Field): string {
  const type = getNamedType(field.type);
  if (isInterfaceType(type)) return '{ id }';
  if (!isObjectType(type)) return '';
  const fields = type.getFields();
  return `{ __typename ${'userErrors' in fields ? 'userErrors { code field message }' : ''} ${'edges' in fields ? 'totalCount edges { cursor }' : ''} }`;
}

function send({ kind, field, parent }: Operation, variables: object): Promise<GraphqlAnswer> {
  const declared = field.args.filter(({ name }) => name in variables);
  const above = parent ? variablesWith(parent, sampleFor(parent.name)) : {};
  const ofParent = (parent?.args ?? []).filter(({ name }) => name in above);
  const types = [...declared.map(({ name, type }) => `$${name}: ${type}`), ...ofParent.map(({ name, type }) => `$above_${name}: ${type}`)];
  const passed = declared.map(({ name }) => `${name}: $${name}`).join(', ');
  const inner = `${field.name}${passed && `(${passed})`} ${selectionOf(field)}`;
  const passedAbove = ofParent.map(({ name }) => `${name}: $above_${name}`).join(', ');
  const body = parent ? `${parent.name}${passedAbove && `(${passedAbove})`} { ${inner} }` : inner;
  const all = { ...variables, ...Object.fromEntries(Object.entries(above).map(([name, value]) => [`above_${name}`, value])) };
  return test.graphql(`${kind} ${types.length > 0 ? `(${types.join(', ')})` : ''} { ${body} }`, all, main.keys.ADMIN);
}

interface Try {
  operation: Operation;
  leaf: Leaf;
  value: unknown;
  mustRefuse: boolean;
}

function* triesOf(places: Map<string, number>): Generator<Try> {
  for (const operation of operations()) {
    for (const leaf of leavesOf(operation.field)) {
      const tried = places.get(leaf.place) ?? 0;
      if (tried >= OPERATIONS_A_PLACE) continue;
      places.set(leaf.place, tried + 1);
      const refused = REFUSED[leaf.scalar] ?? [];
      for (const value of tried === 0 ? refused : refused.slice(0, 1)) yield { operation, leaf, value, mustRefuse: true };
      const odd = ODD[leaf.scalar] ?? [];
      for (let n = 0; n < ODD_AT_PLACE && odd.length > 0; n += 1) yield { operation, leaf, value: pick(odd), mustRefuse: false };
    }
  }
}

/** What libraries and databases say of themselves, and no user should read. */
const FOREIGN =
  /Cannot read prop|is not a function|is not iterable|call stack|byte sequence|violates|syntax error at|node_modules|at Object\./;

function faultOf(answer: GraphqlAnswer, { leaf, mustRefuse, operation }: Try): string | null {
  const value = answer.data?.[operation.field.name];
  const errors = [...answer.errors.map(({ message, extensions }) => ({ message, ...extensions })), ...(value?.userErrors ?? [])];
  if (answer.status >= 500) return `HTTP ${answer.status}`;
  if (errors.some(({ code }) => !/^[A-Z_]+$/.test(code ?? '') || code === 'INTERNAL' || code === 'INTERNAL_SERVER_ERROR'))
    return 'no code of ours';
  if (errors.some(({ message }) => FOREIGN.test(message))) return 'foreign words';
  if (!mustRefuse) return null;
  const [first] = errors;
  if (first?.code !== 'BAD_USER_INPUT') return 'not refused';
  const top = leaf.path.slice(0, 2).join('.');
  return `${first.field ?? first.message}`.replaceAll(/\[\d+\]/g, '').startsWith(top) || leaf.path[0] === first.field
    ? null
    : `names ${first.field}`;
}

async function runTries(tries: Iterable<Try>): Promise<{ count: number; faults: unknown[] }> {
  const waiting = [...tries];
  const count = waiting.length;
  const faults: unknown[] = [];
  const seen = new Set<string>();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { operation, leaf, value } = next;
        const answer = await send(operation, variablesWith(operation.field, sampleFor(operation.field.name), leaf.path, value));
        const fault = faultOf(answer, next);
        const name = `${operation.parent?.name ?? ''} ${operation.field.name} ${leaf.path.join('.')} ${fault}`;
        if (fault === null || seen.has(name)) continue;
        seen.add(name);
        faults.push([name, short(value), short(answer.text)]);
      }
    }),
  );
  return { count, faults };
}

const short = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))?.slice(0, 300);

it('answers every text, id, number, day and JSON at every place of the schema, and by no fault of its own', async () => {
  const places = new Map<string, number>();
  const { count, faults } = await runTries(triesOf(places));
  const logged = test.logLines.filter((line) => Number(line.level) >= 50).map(({ msg, err }) => [msg, (err as Error | undefined)?.message]);
  expect({ faults, logged }).toEqual({ faults: [], logged: [] });
  expect([places.size > 300, count > 1000]).toEqual([true, true]);
  process.stdout.write(`hostile input: ${count} requests at ${places.size} places\n`);
}, 600_000);

it('refuses cursors that were made by hand', async () => {
  const faults: unknown[] = [];
  let lists = 0;
  for (const operation of operations().filter(({ kind, field }) => kind === 'query' && field.args.some(({ name }) => name === 'after'))) {
    const sample = sampleFor(operation.field.name);
    const answer = await send(operation, variablesWith(operation.field, sample, ['first'], 1));
    const list = operation.parent ? answer.data?.[operation.parent.name] : answer.data;
    const cursor = list?.[operation.field.name]?.edges?.[0]?.cursor as string | undefined;
    if (cursor === undefined) continue;
    lists += 1;
    for (let n = 0; n < 8; n += 1) {
      const after = forgeCursor(cursor, pick);
      const forged = { ...variablesWith(operation.field, sample, ['first'], 1), after };
      const fault = faultOf(await send(operation, forged), {
        operation,
        leaf: { path: ['after'], scalar: 'String', place: '' },
        value: after,
        mustRefuse: false,
      });
      if (fault !== null) faults.push([operation.field.name, Buffer.from(after, 'base64url').toString().slice(0, 200), fault]);
    }
  }
  expect(faults).toEqual([]);
  expect(lists).toBeGreaterThan(8);
}, 300_000);
