import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { RuleSeverity, Verdict } from '../../../src/vocabulary/compliance.js';
import { insertAsset } from '../../support/asset-rows.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

interface Row {
  assetId: string;
  verdict: Verdict;
  severity: RuleSeverity;
  ruleKind: string;
}

let test: TestApp;
let key: string;
let collection: string;
const collected = new Set<string>();
let all: Row[];

const mutate = async (name: string, input: object, selection: string) => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { message } } }`,
    { input },
    key,
  );
  expect(data[name].userErrors).toEqual([]);
  return data[name];
};
const QUERY = `query ($filter: FindingsFilter, $after: String, $verdict: ComplianceVerdict) { findings(filter: $filter, verdict: $verdict, first: 7, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { id assetId verdict severity ruleKind } } } }`;

/** All pages, and the total that each of them said. */
async function list(filter: object | null, verdict: string | null = null): Promise<{ rows: Row[]; totals: Set<number> }> {
  const rows: Row[] = [];
  const totals = new Set<number>();
  for (let after: string | null = null; ; ) {
    const { findings } = await test.ask(QUERY, { filter, after, verdict }, key);
    rows.push(...findings.edges.map(({ node }: { node: Row }) => node));
    totals.add(findings.totalCount);
    if (!findings.pageInfo.hasNextPage) return { rows, totals };
    after = findings.pageInfo.endCursor;
  }
}

beforeAll(async () => {
  test = await openTestApp();
  const { id, keys } = test.organizations.main!;
  key = keys.ADMIN;
  const brand = (await mutate('brandCreate', { key: 'acme', name: 'Acme' }, 'brand { id }')).brand.id;
  const guideline = (await mutate('guidelineCreate', { brand, name: 'G' }, 'guideline { id }')).guideline.id;
  const brandId = Buffer.from(brand, 'base64url').toString().split(':')[1]!;
  collection = (await mutate('collectionCreate', { name: 'Spring' }, 'collection { id }')).collection.id;
  for (let n = 0; n < 10; n += 1) {
    const made = await insertAsset(test.app.database, id, {
      title: `Picture ${n}`,
      brandId,
      width: n < 5 ? 100 : 4000,
      height: n < 5 ? 100 : 4000,
    });
    if (n % 3 === 0) collected.add(toGlobalId('Asset', made.id));
  }
  await mutate('collectionAssetsAdd', { collection, assets: [...collected] }, 'collection { id }');
  for (const [kind, severity, parameters] of [
    ['MIN_RESOLUTION', 'BLOCKER', { minWidthPx: 1000, minHeightPx: 1000 }],
    ['MIN_RESOLUTION', 'INFO', { minWidthPx: 50, minHeightPx: 50 }],
    ['REQUIRED_METADATA', 'MAJOR', { fields: [{ key: 'campaign' }] }],
  ] as const) {
    const rule = await mutate(
      'ruleCreate',
      { guideline, key: `r-${severity.toLowerCase()}`, title: kind, kind, severity, parameters },
      'rule { id }',
    );
    await mutate('rulePublish', { id: rule.rule.id }, 'rule { id }');
  }
  all = (await list(null)).rows;
});
afterAll(() => test?.close());

it('findings are listed and counted by several verdicts, severities, kinds, and by collection, whatever goes together', async () => {
  expect(new Set(all.map(({ verdict }) => verdict)).size).toBeGreaterThan(1);
  const choices = {
    verdicts: [undefined, ['FAIL'], ['FAIL', 'PASS', 'FAIL'], ['NEEDS_REVIEW', 'NOT_APPLICABLE']],
    severities: [undefined, ['BLOCKER', 'INFO'], ['MAJOR']],
    kinds: [undefined, ['MIN_RESOLUTION'], ['MIN_RESOLUTION', 'REQUIRED_METADATA'], ['PALETTE']],
    collection: [undefined, collection],
  };
  for (const verdicts of choices.verdicts)
    for (const severities of choices.severities)
      for (const kinds of choices.kinds)
        for (const inside of choices.collection) {
          const { rows, totals } = await list({ verdicts, severities, kinds, collection: inside });
          const wanted = all.filter(
            (row) =>
              (!verdicts || verdicts.includes(row.verdict)) &&
              (!severities || severities.includes(row.severity)) &&
              (!kinds || kinds.includes(row.ruleKind)) &&
              (!inside || collected.has(row.assetId)),
          );
          expect([verdicts, severities, kinds, inside, rows]).toEqual([verdicts, severities, kinds, inside, wanted]);
          expect([...totals]).toEqual([wanted.length]);
        }
}, 60_000);

it('the filter goes beside the other arguments, and refuses what can match nothing or is something else', async () => {
  expect((await list({ severities: ['BLOCKER'] }, 'FAIL')).rows).toEqual(
    all.filter(({ verdict, severity }) => verdict === 'FAIL' && severity === 'BLOCKER'),
  );
  for (const [filter, field] of [
    [{ verdicts: [] }, 'filter.verdicts'],
    [{ kinds: [] }, 'filter.kinds'],
    [{ collection: all[0]!.assetId }, 'filter.collection'],
  ] as const) {
    const { errors } = await test.graphql(QUERY, { filter }, key);
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  }
});
