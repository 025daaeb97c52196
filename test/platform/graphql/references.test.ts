import { getNamedType, type GraphQLObjectType, isObjectType } from 'graphql';
import { waitingRequest } from '../../../src/waiting-request.js';
import { insertAsset } from '../../support/asset-rows.js';
import { openTestApp, type TestApp, type TestOrganization } from '../../support/test-app.js';

let test: TestApp;
let main: TestOrganization;
let brand: string;
let statements = 0;

const mutate = async (name: string, input: object, selection: string) => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { message } } }`,
    { input },
    main.keys.ADMIN,
  );
  expect(data[name].userErrors).toEqual([]);
  return data[name];
};

beforeAll(async () => {
  test = await openTestApp();
  main = test.organizations.main as TestOrganization;
  brand = (await mutate('brandCreate', { key: 'acme', name: 'Acme' }, 'brand { id }')).brand.id;
  const guideline = (await mutate('guidelineCreate', { brand, name: 'Words' }, 'guideline { id }')).guideline.id;
  const brandId = Buffer.from(brand, 'base64url').toString().split(':')[1]!;
  for (let n = 0; n < 12; n += 1) await insertAsset(test.app.database, main.id, { title: `Picture ${n}`, brandId });
  for (const field of ['campaign', 'rights-holder']) {
    const rule = {
      guideline,
      key: field,
      title: field,
      kind: 'REQUIRED_METADATA',
      severity: 'MAJOR',
      parameters: { fields: [{ key: field }] },
    };
    const { id } = (await mutate('ruleCreate', rule, 'rule { id }')).rule;
    await mutate('rulePublish', { id }, 'rule { id }');
  }
  // What jobs ask beside it does not count. Every statement of a request goes through a handle of its organisation.
  const { database } = test.app;
  const asOrganization = database.asOrganization.bind(database);
  database.asOrganization = ((id: string, work: (tx: never) => Promise<unknown>) =>
    asOrganization(id, ((tx: { query: (...args: unknown[]) => unknown }) => {
      const query = tx.query.bind(tx);
      if (waitingRequest() === undefined) return work(tx as never);
      statements += 1; // for those that are not written in SQL
      return work(
        Object.assign(Object.create(tx), {
          query: (...args: unknown[]) => {
            statements += 1;
            return query(...args);
          },
        }) as never,
      );
    }) as never)) as typeof database.asOrganization;
});
afterAll(() => test?.close());

const FINDINGS = `query ($first: Int!) { findings(first: $first) { edges { node {
  assetId ruleId waiverId
  asset { id title brand { name } }
  rule { id title guideline { name brand { id } } }
  waiver { id }
} } } }`;

async function counted(query: string, variables: object) {
  statements = 0;
  const data = await test.ask(query, variables, main.keys.VIEWER);
  return { data, statements };
}

/** One more: what is looked at once in a while. A statement a row would be ten and more. */
function expectAtOnce(many: number, few: number): void {
  expect(many).toBeGreaterThan(1);
  expect(many).toBeLessThanOrEqual(few + 1);
}

it('things stand beside their ids, and are read for all rows at once', async () => {
  const few = await counted(FINDINGS, { first: 2 });
  const many = await counted(FINDINGS, { first: 24 });
  const rows = many.data.findings.edges.map(({ node }: { node: unknown }) => node);
  expect(rows).toHaveLength(24);
  for (const row of rows) {
    expect([row.asset.id, row.rule.id, row.waiver, row.waiverId]).toEqual([row.assetId, row.ruleId, null, null]);
    expect([row.asset.brand.name, row.rule.guideline.name, row.rule.guideline.brand.id]).toEqual(['Acme', 'Words', brand]);
  }
  expect(new Set(rows.map(({ asset }: { asset: { title: string } }) => asset.title)).size).toBe(12);
  expectAtOnce(many.statements, few.statements);
});

it('a report names its worst assets, rules and findings so too', async () => {
  const query = `query ($brand: ID!, $worst: Int!) { complianceReport(brand: $brand, worst: $worst) {
    brand { id } perRule { rule { id key } } worstAssets { assetId asset { id thumbnailUrl } findings { findingId finding { id message } rule { key } } } } }`;
  const few = await counted(query, { brand, worst: 1 });
  const many = await counted(query, { brand, worst: 12 });
  const report = many.data.complianceReport;
  expect(report.brand.id).toBe(brand);
  expect(report.perRule.map((entry: { rule: { key: string } }) => entry.rule.key).sort()).toEqual(['campaign', 'rights-holder']);
  expect(report.worstAssets.length).toBeGreaterThan(1);
  for (const worst of report.worstAssets) {
    expect(worst.asset.id).toBe(worst.assetId);
    for (const { findingId, finding } of worst.findings) expect(finding.id).toBe(findingId);
  }
  expectAtOnce(many.statements, few.statements);
});

it('nodes(ids:) asks once for each type', async () => {
  const { data } = await counted(FINDINGS, { first: 24 });
  const ids = data.findings.edges.flatMap(({ node }: { node: { assetId: string; ruleId: string } }) => [node.assetId, node.ruleId]);
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
  const few = await counted(query, { ids: ids.slice(0, 2) });
  const many = await counted(query, { ids });
  expect(many.data.nodes.map(({ id }: { id: string }) => id)).toEqual(ids);
  expectAtOnce(many.statements, few.statements);
});

it('nothing of another organisation, and nothing that is gone', async () => {
  const { data } = await counted('{ assets(first: 1) { edges { node { id } } } }', {});
  const { id } = data.assets.edges[0].node;
  const other = await openTestApp({ organizations: ['other'] });
  try {
    const nodes = await other.ask(
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      { ids: [id, 'x', brand] },
      other.organizations.other!.keys.ADMIN,
    );
    expect(nodes).toEqual({ nodes: [null, null, null] });
  } finally {
    await other.close();
  }
});

it('every output field that gives an id gives the thing too, but for what is gone and what was sent in', () => {
  /** Ids of what was deleted, of lists that the caller sent, and where the field that could give the thing has its name already. */
  const ids =
    /(deleted|discarded|removed)Ids?$|^Asset(TagsAdd|TagsRemove)Payload\.|\.of$|^DuplicatePair\.assets$|^MissingFile\.asset$|^RevisionDifference\.|\.guidelineIds$|^MarkSighting\.markId$/;
  const types = Object.values(test.app.schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  );
  const alone: string[] = [];
  let beside = 0;
  for (const type of types) {
    for (const field of Object.values(type.getFields())) {
      if (getNamedType(field.type).name !== 'ID' || field.name === 'id' || ids.test(`${type.name}.${field.name}`)) continue;
      const named = /^Use `(\w+) \{ id \}`\. Goes in \w+ \d{4}\.$/.exec(field.deprecationReason ?? '')?.[1];
      const thing = named && type.getFields()[named];
      if (thing && isObjectType(thing.type) && thing.description) beside += 1;
      else alone.push(`${type.name}.${field.name}`);
    }
  }
  expect(alone).toEqual([]);
  expect(beside).toBeGreaterThan(25);
});
