import type { Tx } from '../../src/platform/database/database.js';
import { type Sql, sql } from '../../src/platform/database/sql.js';

export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  Filter?: string;
  'Actual Rows'?: number;
  Plans?: PlanNode[];
}

/** The plan of a statement under the role and organisation of `tx`, all nodes from the top down. */
export async function explain(tx: Tx, statement: Sql, analyze = false): Promise<PlanNode[]> {
  const rows = await tx.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    analyze ? sql`EXPLAIN (FORMAT JSON, ANALYZE, TIMING OFF) ${statement}` : sql`EXPLAIN (FORMAT JSON) ${statement}`,
  );
  if (rows.length !== 1) throw new Error(`EXPLAIN answered ${rows.length} rows`);
  return nodesOf((rows[0] as { 'QUERY PLAN': { Plan: PlanNode }[] })['QUERY PLAN'][0]?.Plan as PlanNode);
}

/** One line a node, for people. */
export async function explainText(tx: Tx, statement: Sql): Promise<string> {
  const rows = await tx.query<{ 'QUERY PLAN': string }>(sql`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${statement}`);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
