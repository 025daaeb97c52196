import { graphql } from 'graphql';
import { BrandResolver } from '../../../src/library/brands/brand.resolver.js';
import { ComplianceResolver } from '../../../src/judging/judgements/compliance.resolver.js';
import { GuidelineResolver } from '../../../src/judging/guidelines/guideline.resolver.js';
import { RuleResolver } from '../../../src/judging/guidelines/rule.resolver.js';
import type { RequestContext } from '../../../src/platform/graphql/context.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { buildGraphqlSchema } from '../../../src/platform/graphql/schema.js';
import { insertAsset } from '../../support/asset-rows.js';
import { type Compliance, openCompliance } from '../../support/compliance-room.js';
import { ReportResolver } from '../../../src/exchange/reports/report.resolver.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { findUndescribed } from '../../support/undescribed.js';

let test: TestDatabase;
let room: Compliance;
let schema: ReturnType<typeof buildGraphqlSchema>;

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openCompliance(test.database, 'api');
  schema = buildGraphqlSchema({}, [
    new BrandResolver(room.brands),
    new ComplianceResolver(room.compliance),
    new GuidelineResolver(room.guidelines),
    new ReportResolver(room.reports),
    new RuleResolver(room.rules),
  ]);
});
afterAll(() => test.close());

async function run<T>(source: string, variableValues: Record<string, unknown> = {}): Promise<T> {
  const contextValue: RequestContext = { viewer: room.admin, requestId: 'test', loaders: new Map() };
  const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
  expect(errors).toBeUndefined();
  return data as T;
}

describe('brands, guidelines, rules and reports over GraphQL', () => {
  it('describes every type, field, argument and enum value', () => {
    expect(findUndescribed(schema)).toEqual([]);
  });

  it('goes from a brand to a report', async () => {
    const { brandCreate } = await run<{ brandCreate: { brand: { id: string } } }>(`mutation {
      brandCreate(input: { key: "acme", name: "Acme", palette: [{ name: "Red", hex: "#F00" }] }) { brand { id palette { name hex } } userErrors { field } }
    }`);
    const brand = brandCreate.brand.id;
    expect(brandCreate).toEqual({ brand: { id: brand, palette: [{ name: 'Red', hex: '#ff0000' }] }, userErrors: [] });
    const { guidelineCreate } = await run<{ guidelineCreate: { guideline: { id: string } } }>(
      `mutation ($brand: ID!) { guidelineCreate(input: { brand: $brand, name: "G", sections: [{ title: "Colour" }] }) { guideline { id } userErrors { field } } }`,
      { brand },
    );
    const { ruleCreate } = await run<{ ruleCreate: { rule: { id: string } } }>(
      `mutation ($guideline: ID!) { ruleCreate(input: { guideline: $guideline, key: "palette", title: "Red", kind: PALETTE, severity: BLOCKER, section: 0 }) {
        rule { id state parameters } userErrors { field } } }`,
      { guideline: guidelineCreate.guideline.id },
    );
    expect(ruleCreate).toMatchObject({ rule: { state: 'DRAFT', parameters: { minShare: 0.8 } }, userErrors: [] });
    const brandId = Buffer.from(brand, 'base64url').toString().split(':')[1]!;
    const asset = await insertAsset(test.database, room.admin.organizationId, {
      title: 'Green',
      brandId,
      colors: [{ hex: '#00ff00', share: 1 }],
    });
    await run(`mutation ($id: ID!) { rulePublish(input: { id: $id }) { rule { state } userErrors { field } } }`, {
      id: ruleCreate.rule.id,
    });
    const answer = await run<Record<string, unknown>>(
      `query ($brand: ID!, $asset: ID!) {
        complianceReport(brand: $brand) { assets coverage score counts { verdict assets } perRule { ruleId key violations } worstAssets { assetId title severityScore findings { ruleKey message } } }
        findings(asset: $asset) { totalCount edges { node { id assetId ruleId verdict severity measured required evidence validUntil } } }
        brand(id: $brand) { key guidelines { name sections { title } rules { key state section } } }
        brands { totalCount edges { node { id guidelines { id } } } }
      }`,
      { brand, asset: toGlobalId('Asset', asset.id) },
    );
    expect(answer).toMatchObject({
      complianceReport: {
        ...{ assets: 1, coverage: 1, score: 0, perRule: [{ ruleId: ruleCreate.rule.id, key: 'palette', violations: 1 }] },
        worstAssets: [{ assetId: toGlobalId('Asset', asset.id), title: 'Green', severityScore: 100, findings: [{ ruleKey: 'palette' }] }],
      },
      findings: {
        totalCount: 1,
        edges: [{ node: { verdict: 'FAIL', severity: 'BLOCKER', ruleId: ruleCreate.rule.id, measured: { allowedShare: 0 } } }],
      },
      brand: {
        key: 'acme',
        guidelines: [{ name: 'G', sections: [{ title: 'Colour' }], rules: [{ key: 'palette', state: 'PUBLISHED', section: 0 }] }],
      },
      brands: { totalCount: 1, edges: [{ node: { id: brand, guidelines: [{ id: guidelineCreate.guideline.id }] } }] },
    });
    const retired = await run<object>(`mutation ($id: ID!) { ruleRetire(input: { id: $id }) { rule { state } userErrors { field } } }`, {
      id: ruleCreate.rule.id,
    });
    expect(retired).toEqual({ ruleRetire: { rule: { state: 'RETIRED' }, userErrors: [] } });
  });

  it('answers what the caller can mend as userErrors with the path of the input', async () => {
    const answer = await run<Record<string, { userErrors: object[] }>>(
      `mutation ($wrong: ID!) {
        brandCreate(input: { key: "b", name: "B", palette: [{ name: "Red", hex: "#f00" }, { name: "Bad", hex: "red" }] }) { brand { id } userErrors { code field } }
        brandUpdate(input: { id: $wrong, name: "x" }) { brand { id } userErrors { code field } }
        guidelineCreate(input: { brand: $wrong, name: "x" }) { guideline { id } userErrors { code field } }
        ruleUpdate(input: { id: $wrong, title: "x" }) { rule { id } userErrors { code field } }
      }`,
      { wrong: toGlobalId('Tag', 1) },
    );
    expect(Object.fromEntries(Object.entries(answer).map(([name, { userErrors }]) => [name, userErrors]))).toEqual({
      brandCreate: [{ code: 'BAD_USER_INPUT', field: 'input.palette[1].hex' }],
      brandUpdate: [{ code: 'BAD_USER_INPUT', field: 'input.id' }],
      guidelineCreate: [{ code: 'BAD_USER_INPUT', field: 'input.brand' }],
      ruleUpdate: [{ code: 'BAD_USER_INPUT', field: 'input.id' }],
    });
  });
});
