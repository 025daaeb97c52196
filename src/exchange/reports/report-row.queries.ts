import type { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import { findings, type ReportScope, type ReportSource, records, scopeTables } from './report-source.queries.js';

/** One finding in the scope of a report, as exports list it. */
export interface ReportRow {
  brand: string;
  assetId: string;
  title: string;
  fileName: string;
  uploadedBy: string | null;
  ruleId: string;
  ruleKey: string;
  ruleTitle: string;
  ruleKind: RuleKind;
  ruleRevision: number;
  severity: RuleSeverity;
  verdict: Verdict;
  message: string;
  modelRevisionId: number | null;
  findingId: string;
  waiverId: string | null;
}

/** Opens a cursor over the findings in the scope of a report, by brand, asset and rule; {@link fetchRows} reads from it until the transaction ends. */
export async function openRows(tx: OrganizationTx, source: ReportSource, scope: ReportScope): Promise<void> {
  await tx.execute(sql`
    DECLARE report_rows NO SCROLL CURSOR FOR
    WITH ${scopeTables(source, scope)}
    SELECT b.key AS brand, s.id AS "assetId", a.title, a.file_name AS "fileName", s.uploaded_by AS "uploadedBy", r.id AS "ruleId", r.key AS "ruleKey",
      r.title AS "ruleTitle", r.kind AS "ruleKind", f.rule_revision AS "ruleRevision", f.severity, f.verdict, f.message,
      f.model_revision_id AS "modelRevisionId", f.id AS "findingId", f.waiver_id AS "waiverId"
    FROM ${findings(source)} f JOIN scoped s ON s.current_version_id = f.version_id JOIN ruling r ON r.id = f.rule_id
    JOIN ${records(source, 'asset')} a ON a.id = s.id LEFT JOIN ${records(source, 'brand')} b ON b.id = s.brand_id
    ORDER BY b.key, a.title, s.id, r.key, r.id`);
}

/** The next rows of {@link openRows}; empty at the end. */
export function fetchRows(tx: OrganizationTx): Promise<ReportRow[]> {
  return tx.query<ReportRow>(sql`FETCH 2000 FROM report_rows`);
}

export interface FindingDetail {
  id: string;
  measured: Record<string, unknown> | null;
  required: Record<string, unknown> | null;
  evidence: Record<string, unknown> | null;
}

/** What shows findings that still stand. */
export function listDetails(tx: OrganizationTx, findingIds: readonly string[]): Promise<FindingDetail[]> {
  return tx.query<FindingDetail>(sql`
    SELECT id, measured, required, evidence FROM finding WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${[...findingIds]}::uuid[])`);
}

/** Files of versions that are pictures. */
export function listPictures(
  tx: OrganizationTx,
  versionIds: readonly string[],
): Promise<{ id: string; sha256: string; fileName: string }[]> {
  return tx.query(sql`
    SELECT id, sha256, file_name AS "fileName" FROM asset_version
    WHERE organization_id = ${tx.organizationId}::uuid AND id = ANY(${[...versionIds]}::uuid[]) AND kind = 'IMAGE'`);
}
