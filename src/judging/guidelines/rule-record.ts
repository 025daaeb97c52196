import { isDeepStrictEqual } from 'node:util';
import { etagOf } from '../../platform/graphql/etag.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { JsonInput } from '../../platform/database/sql.js';
import { scopeColumn } from '../rules/rule-scope.queries.js';
import type { RuleScope } from '../rules/rule-scope.js';
import type { RuleKind, RuleSeverity, RuleState, RuleTestExpectation } from '../../vocabulary/compliance.js';

/** Parameters of a rule, defaults filled in. */
export type RuleParameters = Record<string, unknown>;

/** An asset that a rule must pass, or fail. */
export interface RuleTestCase {
  assetId: string;
  expected: RuleTestExpectation;
  note: string;
}

export interface RuleRecord {
  id: string;
  guidelineId: string;
  brandId: string;
  key: string;
  title: string;
  kind: RuleKind;
  severity: RuleSeverity;
  parameters: RuleParameters;
  /** Names of tags; the rule applies to assets with any of them, to all of the brand when empty. */
  scopeTags: string[];
  /** A filter that assets have to match besides; null: none. */
  scope: RuleScope | null;
  /** Position of the section it enforces. */
  section: number | null;
  state: RuleState;
  testCases: RuleTestCase[];
  /** Grows with every change of what the rule asks. */
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewRule {
  guidelineId: string;
  key: string;
  title: string;
  kind: RuleKind;
  severity: RuleSeverity;
  parameters: RuleParameters;
  scopeTags?: readonly string[] | null;
  scope?: object | null;
  section?: number | null;
}

/** What is left out stays as it is; `section: null` takes the rule out of its section, `scope: null` the filter away. */
export interface RuleChanges {
  ifMatch?: string | null;
  title?: string | null;
  severity?: RuleSeverity | null;
  parameters?: RuleParameters | null;
  scopeTags?: readonly string[] | null;
  scope?: object | null;
  section?: number | null;
}

/** Columns of a rule that a change is compared by. */
export interface RuleColumns {
  title: string;
  severity: string;
  parameters: RuleParameters;
  scopeTagIds: number[];
  /** Left out: stays as it is. */
  scope?: RuleScope | null;
  sectionId: string | null;
}

/** A rule as Prisma reads it. */
export type RuleRow = Omit<RuleRecord, 'scopeTags' | 'testCases' | 'section' | 'kind' | 'severity' | 'state' | 'parameters' | 'scope'> &
  Omit<RuleColumns, 'parameters' | 'scope'> & { kind: string; state: string; parameters: unknown; scope: unknown };

/** Writes what differs and counts the revision up. @returns what differs, in the words of the API; empty when nothing does */
export async function changeRule(tx: OrganizationTx, row: RuleRow, columns: RuleColumns): Promise<string[]> {
  const names = {
    title: 'title',
    severity: 'severity',
    parameters: 'parameters',
    scopeTagIds: 'scopeTags',
    scope: 'scope',
    sectionId: 'section',
  } as const;
  const given = (Object.keys(names) as (keyof RuleColumns)[]).filter((column) => columns[column] !== undefined);
  const differing = given.filter((column) => !isDeepStrictEqual(row[column], columns[column]));
  if (differing.length === 0) return [];
  await tx.rows.rule.updateMany({
    where: { organizationId: tx.organizationId, id: row.id },
    data: {
      ...columns,
      parameters: columns.parameters as JsonInput,
      scope: columns.scope === undefined ? undefined : scopeColumn(columns.scope),
      // which assets a rule is about does not change what it asks: verdicts, reviews and waivers of those that stay hold
      ...(differing.every((column) => column === 'scope') ? {} : { revision: { increment: 1 } }),
      updatedAt: new Date(),
    },
  });
  return differing.map((column) => names[column]);
}

/** As `rule.scope_tag_ids` holds them. */
export function sortedIds(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Of what it asks of which assets, and whether it is in force. */
export function ruleEtag({ title, severity, parameters, scopeTags, scope, section, state }: RuleRecord): string {
  return etagOf(title, severity, parameters, [...scopeTags].sort(), scope, section, state);
}
