import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { extendSchema, getIntrospectionQuery, type GraphQLSchema, parse } from 'graphql';
import { accessRoom } from '../../../src/platform/access/access.room.js';
import { sql } from '../../../src/platform/database/sql.js';
import { badInput, VitrineError } from '../../../src/errors.js';
import { buildGraphqlSchema, printSchemaSorted } from '../../../src/platform/graphql/schema.js';
import { createGraphqlServer, type GraphqlServer } from '../../../src/platform/graphql/server.js';
import type { Signer } from '../../../src/platform/http/signed-token.js';
import { WebOrigins } from '../../../src/platform/http/web-origins.js';
import { waitingRequest } from '../../../src/waiting-request.js';
import { recordingLog } from '../../support/recording-log.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { findUndescribed } from '../../support/undescribed.js';
import { cpuMs } from '../../support/cpu-time.js';

const { log, lines } = recordingLog();
let test: TestDatabase;
let access: ReturnType<typeof accessRoom>;
let schema: GraphQLSchema;
let graphql: GraphqlServer;
let server: Server;
let url: string;
let adminKey: string;
let viewerKey: string;
let finishSlow: (() => void) | undefined;
let renaming: ((outcome: string) => void) | undefined;

/** A mutation whose work lasts until its request is given up; `afterFirst`: one change is made by then. */
async function rename(id: string, to: string, afterFirst: boolean): Promise<number> {
  const change = (name: string, before: () => Promise<unknown>) =>
    test.database.asSystem(async (tx) => {
      await tx.execute(sql`UPDATE organization SET name = ${name} WHERE id = ${id}::uuid`);
      await before();
    });
  if (afterFirst) await change(`${to}, first`, async () => undefined);
  const outcome = change(to, () => new Promise((resolve) => waitingRequest()?.signal.addEventListener('abort', resolve)));
  await outcome.then(
    () => renaming?.('committed'),
    (error: VitrineError) => renaming?.(error.code),
  );
  return 1;
}

beforeAll(async () => {
  test = await openTestDatabase();
  access = accessRoom({ database: test.database, signer: {} as Signer, origins: new WebOrigins({ publicUrl: null, webOrigins: [] }) });
  const { apiKeys: keys, organizations } = access.services;
  const { id } = await organizations.ensureOrganization('door', 'The Door');
  adminKey = (await keys.createForOrganization(id, { name: 'admin', role: 'ADMIN' })).key;
  viewerKey = (await keys.createForOrganization(id, { name: 'reader', role: 'VIEWER' })).key;
  schema = buildGraphqlSchema({}, access.resolvers);
  const extended = extendSchema(
    schema,
    parse(`type Box { box(first: Int): Box  n: Int!  missing: Int! }
           extend type Mutation { rename(to: String!, afterFirst: Boolean): Int }
           extend type Query { box(first: Int): Box  slow: Int  broken: Int  refused(value: String): Int  offline: Int  crowded: Int!  deep(filter: DeepInput): Int }
           input DeepInput { not: DeepInput }`),
  );
  const fields = extended.getQueryType()!.getFields();
  extended.getMutationType()!.getFields().rename!.resolve = (_source, { to, afterFirst }: { to: string; afterFirst?: boolean }) =>
    rename(id, to, afterFirst ?? false);
  fields.box!.resolve = () => ({ n: 1 });
  fields.slow!.resolve = () => new Promise((resolve) => (finishSlow = () => resolve(1)));
  fields.broken!.resolve = () => test.database.asSystem((tx) => tx.query(sql`SELECT secret_thing FROM no_such_table`));
  fields.refused!.resolve = (_source, { value }: { value: unknown }) => {
    throw badInput('value', value, ['a', 'b']);
  };
  fields.deep!.resolve = () => 1;
  fields.offline!.resolve = () => {
    throw new VitrineError('DATABASE_UNREACHABLE', 'PostgreSQL cannot be reached (connect ECONNREFUSED 10.1.2.3:5432).');
  };
  fields.crowded!.resolve = () => {
    throw new VitrineError('OVERLOADED', 'too much waits');
  };
  graphql = await createGraphqlServer({
    schema: extended,
    findCaller: access.services.findCaller,
    log,
    limits: { timeoutMs: 1500 },
  });
  server = createServer(express().use('/graphql', graphql.handler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterAll(async () => {
  finishSlow?.();
  await graphql.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await test.close();
});

interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
  body: any;
}

async function send(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
const ask = (query: string, variables?: object, headers?: Record<string, string>) => send({ query, variables }, headers);
const code = (answer: Answer): unknown => answer.body.errors?.[0]?.extensions?.code;
const nested = (depth: number): string => (depth === 1 ? '{ n }' : `{ box(first: 1) ${nested(depth - 1)} }`);

describe('the schema', () => {
  it('describes every type, field and argument', () => {
    expect(findUndescribed(schema)).toEqual([]);
  });

  it('prints sorted, and holds what the resolvers reach', () => {
    const printed = printSchemaSorted(schema);
    expect(printed.indexOf('type ApiKey ')).toBeLessThan(printed.indexOf('type Viewer '));
    expect(printed).toContain('scalar DateTimeISO');
    expect(printed).not.toContain('secretSha256');
    expect(() => buildGraphqlSchema({}, [...access.resolvers, ...access.resolvers])).toThrow(/twice/);
  });

  it('can be introspected without a key', async () => {
    const answer = await ask(getIntrospectionQuery(), undefined, { authorization: 'Bearer ' });
    expect(answer.status).toBe(200);
    expect(answer.body.data.__schema.types.length).toBeGreaterThan(10);
  });
});

describe('the API key', () => {
  const query = '{ viewer { organization { slug name } role apiKeyName } }';
  const expected = { viewer: { organization: { slug: 'door', name: 'The Door' }, role: 'ADMIN', apiKeyName: 'admin' } };

  it('is taken from either header', async () => {
    expect((await ask(query)).body.data).toEqual(expected);
    expect((await ask(query, {}, { authorization: '', 'x-api-key': adminKey })).body.data).toEqual(expected);
    expect((await ask(query, {}, { authorization: `bearer   ${adminKey}` })).body.data).toEqual(expected);
  });

  it('is missed with 401 and a code', async () => {
    const answer = await ask(query, {}, { authorization: '' });
    expect([answer.status, code(answer), answer.headers.get('www-authenticate')]).toEqual([401, 'UNAUTHENTICATED', 'Bearer']);
  });

  it('is refused with 401 when it is wrong, and never ignored', async () => {
    const wrong: Record<string, string>[] = [
      { authorization: `Bearer ${adminKey}x` },
      { authorization: 'Basic YTpi' },
      { authorization: '', 'x-api-key': 'nonsense' },
    ];
    for (const headers of wrong) {
      const answer = await ask('{ __typename }', {}, headers);
      expect([answer.status, code(answer), answer.body.data]).toEqual([401, 'UNAUTHENTICATED', undefined]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.body.extensions.requestId).toBe(answer.headers.get('x-request-id'));
    }
  });

  it('is made, listed and revoked through GraphQL by ADMIN only', async () => {
    const create =
      'mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret apiKey { id name role } userErrors { code field } } }';
    const made = (await ask(create, { input: { name: 'made', role: 'EDITOR' } })).body.data.apiKeyCreate;
    expect(made).toMatchObject({ userErrors: [], apiKey: { name: 'made', role: 'EDITOR' } });
    expect((await ask('{ viewer { role } }', {}, { authorization: `Bearer ${made.secret}` })).body.data.viewer.role).toBe('EDITOR');
    expect((await ask('{ apiKeys(first: 1) { totalCount edges { node { name } } } }')).body.data.apiKeys).toEqual({
      totalCount: 3,
      edges: [{ node: { name: 'made' } }],
    });
    const revoke = 'mutation($id: ID!) { apiKeyRevoke(input: { id: $id }) { apiKey { revokedAt } userErrors { code field } } }';
    expect((await ask(revoke, { id: made.apiKey.id })).body.data.apiKeyRevoke.apiKey.revokedAt).toMatch(/^\d{4}-.*Z$/);
    expect((await ask('{ __typename }', {}, { authorization: `Bearer ${made.secret}` })).status).toBe(401);
    const bad = (await ask(create, { input: { name: '', role: 'EDITOR' } })).body.data.apiKeyCreate;
    expect(bad).toEqual({ secret: null, apiKey: null, userErrors: [{ code: 'BAD_USER_INPUT', field: 'input.name' }] });
    const reader = { authorization: `Bearer ${viewerKey}` };
    for (const answer of [
      await ask(create, { input: { name: 'x', role: 'ADMIN' } }, reader),
      await ask('{ apiKeys { totalCount } }', {}, reader),
    ]) {
      expect(code(answer)).toBe('FORBIDDEN');
    }
  });
});

describe('limits', () => {
  it('refuses too many tokens with 400', async () => {
    const answer = await ask(`{ ${'n '.repeat(2001)} }`);
    expect([answer.status, code(answer)]).toEqual([400, 'QUERY_TOO_COMPLEX']);
    expect(answer.body.errors[0].message).toMatch(/2000 tokens/);
  });

  it('refuses depth, aliases and directives past their limits with 400, and takes what is at them', async () => {
    const depth = (levels: number) => ask(nested(levels));
    const aliases = (count: number) =>
      ask(`{ ${Array.from({ length: count }, (_, index) => `a${index}: __type(name: "Int") { kind }`).join(' ')} }`);
    const directives = (count: number) => ask(`{ ${'... @include(if: true) { __typename } '.repeat(count)} }`);
    for (const [limit, make] of [
      [12, depth],
      [30, aliases],
      [20, directives],
    ] as const) {
      expect((await make(limit)).body.errors).toBeUndefined();
      const answer = await make(limit + 1);
      expect([answer.status, code(answer)]).toEqual([400, 'QUERY_TOO_COMPLEX']);
      expect(answer.body.errors[0].message).toContain(`at most ${limit}`);
    }
  });

  it('counts depth through fragments', async () => {
    const fragments = `fragment A on Box { box { box { box { box { box { ...B } } } } } } fragment B on Box { box { box { box { box { box { box { n } } } } } } }`;
    expect(code(await ask(`{ box { box { ...A } } } ${fragments}`))).toBe('QUERY_TOO_COMPLEX');
  });

  it('reports what an operation may cost, with page sizes given, in variables and by default', async () => {
    const cost = async (query: string, variables?: object) => (await ask(query, variables)).body.extensions.cost as number;
    expect(await cost('{ box(first: 10) { n } }')).toBe(11);
    expect(await cost('{ box { n } }')).toBe(21);
    expect(await cost('query($first: Int) { box(first: $first) { n } }', { first: 50 })).toBe(51);
    expect(await cost('query($first: Int = 7) { box(first: $first) { n } }')).toBe(8);
    expect(await cost('{ box(first: -5) { n } }')).toBe(2);
    expect(await cost('{ box(first: 10) { box(first: 10) { n } } }')).toBe(111);
  });

  it('refuses an operation that costs too much, with 400 and before it runs', async () => {
    for (const [query, variables] of [
      ['{ box(first: 100) { box(first: 100) { box(first: 3) { n } } } }', {}],
      ['query($first: Int) { box(first: $first) { box(first: $first) { box(first: 3) { n } } } }', { first: 100 }],
      ['{ box { box { box { box { n } } } } }', {}],
    ] as const) {
      const answer = await ask(query, variables);
      expect([answer.status, code(answer), answer.body.data]).toEqual([400, 'QUERY_TOO_COMPLEX', undefined]);
    }
  });

  it('refuses fragments that multiply without walking them', async () => {
    const count = 25;
    const fragments = Array.from({ length: count }, (_, n) =>
      n === count - 1 ? `fragment F${n} on Query { __typename }` : `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`,
    );
    const start = cpuMs();
    const answer = await ask(`{ ...F0 } ${fragments.join(' ')}`);
    expect([answer.status, code(answer)]).toEqual([400, 'QUERY_TOO_COMPLEX']);
    expect(cpuMs() - start).toBeLessThan(5000);
  });

  it('answers a circle of fragments and deep introspection as validation errors', async () => {
    const circle = await ask('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }');
    expect([circle.status, code(circle)]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    const deep = await ask(`{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`);
    expect([deep.status, code(deep)]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  it('refuses a large body with 413, packed or not', async () => {
    for (const size of [300_000, 3_000_000]) {
      const answer = await send({ query: `{ __typename } #${'x'.repeat(size)}` });
      expect([answer.status, code(answer)]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      expect(answer.body.extensions.requestId).toBe(answer.headers.get('x-request-id'));
    }
    const { gzipSync } = await import('node:zlib');
    const packed = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', authorization: `Bearer ${adminKey}` },
      body: gzipSync(JSON.stringify({ query: `{ __typename } #${'x'.repeat(3_000_000)}` })),
    });
    expect(packed.status).toBe(413);
  });

  it('refuses values that are nested thousands deep, by POST and by GET, wherever they stand', async () => {
    const deep = (depth: number) => `${'{"not":'.repeat(depth)}{}${'}'.repeat(depth)}`;
    const query = 'query ($f: DeepInput) { deep(filter: $f) }';
    for (const depth of [60, 20_000]) {
      const answer = await send(`{"query": ${JSON.stringify(query)}, "variables": {"f": ${deep(depth)}}}`);
      expect([answer.status, code(answer)]).toEqual([400, 'BAD_USER_INPUT']);
      expect(answer.body.errors[0]).toMatchObject({
        message: expect.stringContaining('f.not: is nested too deeply'),
        extensions: { field: 'f.not' },
      });
    }
    const got = await fetch(`${url}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(`{"f":${deep(600)}}`)}`, {
      headers: { authorization: `Bearer ${adminKey}`, 'apollo-require-preflight': '1' },
    });
    expect([got.status, code({ body: await got.json() } as Answer)]).toEqual([400, 'BAD_USER_INPUT']);
    expect((await ask(query, { f: JSON.parse(deep(5)) })).body.data).toEqual({ deep: 1 });
    const brackets = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const body of [brackets, `{"query": ${brackets}}`, `{"query": "{ __typename }", "extensions": ${brackets}}`])
      expect((await send(body)).status).toBeLessThan(500);
  });

  it('answers callers without a key, or with an unknown one, before it reads, checks or fills in what they ask', async () => {
    const deep = `{"query": "query ($f: DeepInput) { deep(filter: $f) }", "variables": {"f": ${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}}}`;
    const large = JSON.stringify({ query: `{ __typename } #${'x'.repeat(3_000_000)}` });
    const spread = '{ ...A } fragment A on Query { broken }';
    for (const authorization of ['Bearer ', `Bearer vtr_${'A'.repeat(43)}`]) {
      for (const body of [
        deep,
        large,
        { query: '{ nothing }' },
        { query: spread },
        { query: 'query ($n: String!) { __type(name: $n) { name } }' },
      ]) {
        const answer = await send(body, { authorization });
        expect([answer.status, code(answer), answer.headers.get('www-authenticate')]).toEqual([401, 'UNAUTHENTICATED', 'Bearer']);
      }
    }
    const many = `{ __typename ${'@skip(if: false) '.repeat(300)} }`;
    expect((await ask(many, undefined, { authorization: 'Bearer ' })).status).toBe(401);
  });

  it('answers TIMEOUT when a request takes too long, and lives on when its work ends later', async () => {
    const answer = await ask('{ slow }');
    expect([answer.status, code(answer)]).toEqual([504, 'TIMEOUT']);
    finishSlow?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask('{ __typename }')).status).toBe(200);
  });

  describe('of a mutation that is given up', () => {
    const name = async () => (await ask('{ viewer { organization { name } } }')).body.data.viewer.organization.name;
    const outcome = () => new Promise<string>((resolve) => (renaming = resolve));

    it('commits nothing behind the back of who was told TIMEOUT, and says so', async () => {
      const renamed = outcome();
      const answer = await ask('mutation { rename(to: "Late") }');
      expect([answer.status, code(answer)]).toEqual([504, 'TIMEOUT']);
      expect(answer.body.errors[0].message).toContain('nothing was changed');
      expect([await renamed, await name()]).toEqual(['TIMEOUT', 'The Door']);
    });

    it('says that something was changed where it was', async () => {
      const renamed = outcome();
      const answer = await ask('mutation { rename(to: "Twice", afterFirst: true) }');
      expect(answer.body.errors[0].message).toContain('What it had changed by then stays');
      expect([await renamed, await name()]).toEqual(['TIMEOUT', 'Twice, first']);
      await test.database.asSystem((tx) => tx.execute(sql`UPDATE organization SET name = 'The Door' WHERE slug = 'door'`));
    });

    it('commits nothing for a caller who went away', async () => {
      const renamed = outcome();
      const leaving = new AbortController();
      const body = JSON.stringify({ query: 'mutation { rename(to: "Gone") }' });
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` };
      const left = fetch(url, { method: 'POST', headers, body, signal: leaving.signal }).catch((error: Error) => error.name);
      setTimeout(() => leaving.abort(), 300);
      expect(await left).toBe('AbortError');
      expect([await renamed, await name()]).toEqual(['TIMEOUT', 'The Door']);
    });
  });

  it('takes no batches', async () => {
    const answer = await send([{ query: '{ __typename }' }, { query: '{ __typename }' }]);
    expect([answer.status, code(answer)]).toEqual([400, 'BAD_REQUEST']);
  });

  it('refuses requests that a foreign page could send without asking first', async () => {
    const plain = await send(JSON.stringify({ query: '{ __typename }' }), { 'content-type': 'text/plain' });
    expect([plain.status, code(plain)]).toEqual([400, 'BAD_REQUEST']);
    const get = await fetch(`${url}?query={__typename}`);
    expect(get.status).toBe(400);
    const asked = await fetch(`${url}?query={__typename}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(await asked.json()).toMatchObject({ data: { __typename: 'Query' } });
    const mutation = await fetch(
      `${url}?query=${encodeURIComponent('mutation { apiKeyRevoke(input: { id: "x" }) { userErrors { code } } }')}`,
      {
        headers: { 'apollo-require-preflight': '1', authorization: `Bearer ${adminKey}` },
      },
    );
    expect(mutation.status).toBe(405);
  });
});

describe('errors', () => {
  it('names field, value and what is allowed', async () => {
    const answer = await ask('{ refused(value: "c") }');
    expect(answer.status).toBe(200);
    expect(answer.body.errors[0]).toMatchObject({
      path: ['refused'],
      message: expect.stringContaining('"c"'),
      extensions: { code: 'BAD_USER_INPUT', field: 'value', value: 'c', allowed: ['a', 'b'] },
    });
  });

  it('hides what was not meant for the caller and logs it under the request id', async () => {
    const broken = await ask('{ broken }', {}, { 'x-request-id': 'trace-42' });
    expect(broken.body.errors[0]).toEqual({
      message: 'Something went wrong; request trace-42',
      locations: [{ line: 1, column: 3 }],
      path: ['broken'],
      extensions: { code: 'INTERNAL' },
    });
    expect(JSON.stringify(lines.find((line) => line.requestId === 'trace-42'))).toContain('no_such_table');
    const offline = await ask('{ offline }');
    expect(code(offline)).toBe('DATABASE_UNREACHABLE');
    expect(JSON.stringify(offline.body)).not.toContain('10.1.2.3');
    const missing = await ask('{ box { missing } }');
    expect(code(missing)).toBe('INTERNAL');
  });

  it('says when to ask again where too much waits already', async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${viewerKey}` },
      body: JSON.stringify({ query: '{ crowded }' }),
    });
    expect([response.status, Number(response.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(await response.json()).toMatchObject({ errors: [{ message: 'too much waits', extensions: { code: 'OVERLOADED' } }] });
  });

  it('keeps the codes of the GraphQL server for what it refuses', async () => {
    const cases: [unknown, number, string][] = [
      [{ query: '{ n' }, 400, 'GRAPHQL_PARSE_FAILED'],
      [{ query: '{ nothing }' }, 400, 'GRAPHQL_VALIDATION_FAILED'],
      [{ query: 'query($f: Int!) { box(first: $f) { n } }', variables: { f: 'x' } }, 400, 'BAD_USER_INPUT'],
      [{ query: 'query($f: Int!) { box(first: $f) { n } }' }, 400, 'BAD_USER_INPUT'],
      [{ query: 'query A { __typename } query B { __typename }' }, 400, 'OPERATION_RESOLUTION_FAILURE'],
      [{ query: '{ __typename }', operationName: 'X' }, 400, 'OPERATION_RESOLUTION_FAILURE'],
      [{}, 400, 'BAD_REQUEST'],
      ['{ not json', 400, 'BAD_REQUEST'],
    ];
    for (const [body, status, expected] of cases) {
      const answer = await send(body);
      expect([body, answer.status, code(answer)]).toEqual([body, status, expected]);
      expect(JSON.stringify(answer.body)).not.toMatch(/stack|node_modules|\.js:/);
    }
  });

  it('answers 200 for a document that fails when the client names application/json alone', async () => {
    for (const query of ['{ n', '{ nothing }']) {
      expect((await ask(query, {}, { accept: 'application/json' })).status).toBe(200);
      expect((await ask(query, {}, { accept: 'application/graphql-response+json' })).status).toBe(400);
    }
  });
});

describe('the request id', () => {
  it('is taken when it is sane and made when it is not', async () => {
    const taken = await ask('{ __typename }', {}, { 'x-request-id': 'abc-123' });
    expect([taken.headers.get('x-request-id'), taken.body.extensions.requestId]).toEqual(['abc-123', 'abc-123']);
    for (const id of ['a b', 'x'.repeat(65), '<script>']) {
      const made = await ask('{ __typename }', {}, { 'x-request-id': id });
      expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(made.body.extensions.requestId).toBe(made.headers.get('x-request-id'));
    }
  });
});
