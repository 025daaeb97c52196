import type { ErrorCode } from '../../errors.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';

export type InstallationState = 'WAITING' | 'FETCHING' | 'BUILDING' | 'IN_USE' | 'REPLACED' | 'FAILED' | 'CANCELLED';

/** A model on its way into use, or there, in an organisation. */
export interface ModelInstallationRow {
  model: string;
  state: InstallationState;
  doneBytes: number;
  totalBytes: number | null;
  /** Hash of the revision that its files are; null until they are here. */
  revision: string | null;
  errorCode: ErrorCode | null;
  /** Why it failed, or does not get on. */
  problem: string | null;
  createdAt: Date;
  updatedAt: Date;
}

const OWN = (tx: OrganizationTx, model: string) => sql`organization_id = ${tx.organizationId}::uuid AND model = ${model}`;

/** All of an organisation's, or the one of a model. While vectors are made, organization_model says how it goes. */
export function listInstallations(tx: OrganizationTx, model?: string): Promise<ModelInstallationRow[]> {
  return tx.query<ModelInstallationRow>(sql`
    SELECT i.model, i.done_bytes::float8 AS "doneBytes", i.total_bytes::float8 AS "totalBytes", m.revision, i.error_code AS "errorCode",
      coalesce(i.error_message, o.problem) AS problem, i.created_at AS "createdAt",
      greatest(i.updated_at, CASE WHEN i.state = 'BUILDING' THEN o.activated_at END) AS "updatedAt",
      CASE WHEN i.state <> 'BUILDING' THEN i.state WHEN o.state = 'ACTIVE' THEN 'IN_USE' WHEN o.activate_when_ready THEN 'BUILDING' ELSE 'REPLACED' END AS state
    FROM model_installation i LEFT JOIN model_revision m ON m.id = i.model_revision_id
    LEFT JOIN organization_model o ON o.organization_id = i.organization_id AND o.model_revision_id = i.model_revision_id
    WHERE i.organization_id = ${tx.organizationId}::uuid ${model === undefined ? empty : sql`AND i.model = ${model}`} ORDER BY i.model`);
}

/** Writes down that a model is wanted, anew where it was before. */
export async function startInstallation(tx: OrganizationTx, model: string): Promise<void> {
  await tx.execute(sql`
    INSERT INTO model_installation (organization_id, model, state) VALUES (${tx.organizationId}::uuid, ${model}, 'WAITING')
    ON CONFLICT (organization_id, model) DO UPDATE SET state = 'WAITING', done_bytes = 0, total_bytes = NULL, model_revision_id = NULL,
      error_code = NULL, error_message = NULL, created_at = now(), updated_at = now()`);
}

/** Two who ask for the same model, or give it up, at once: the second waits here until the first is done. */
export async function lockInstallations(tx: OrganizationTx): Promise<void> {
  await tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('model_installation ' || ${tx.organizationId}::text, 0))`);
}

/** Notes how far its files are. @returns false where it is not wanted any more */
export async function setFetched(tx: OrganizationTx, model: string, doneBytes: number, totalBytes: number | null): Promise<boolean> {
  const noted = await tx.execute(sql`
    UPDATE model_installation SET state = 'FETCHING', done_bytes = ${doneBytes}, total_bytes = ${totalBytes}, updated_at = now()
    WHERE ${OWN(tx, model)} AND state IN ('WAITING', 'FETCHING')`);
  return noted > 0;
}

/** Its files are here, and are this revision. @returns false where it is not wanted any more */
export async function setBuilding(tx: OrganizationTx, model: string, modelRevisionId: number): Promise<boolean> {
  const noted = await tx.execute(sql`
    UPDATE model_installation SET state = 'BUILDING', model_revision_id = ${modelRevisionId}, updated_at = now()
    WHERE ${OWN(tx, model)} AND state IN ('WAITING', 'FETCHING')`);
  return noted > 0;
}

/** What is over already stays as it is. */
export async function failInstallation(tx: OrganizationTx, model: string, code: ErrorCode, message: string): Promise<void> {
  await tx.execute(sql`
    UPDATE model_installation SET state = 'FAILED', error_code = ${code}, error_message = ${message}, updated_at = now()
    WHERE ${OWN(tx, model)} AND state IN ('WAITING', 'FETCHING')`);
}

export async function cancelInstallation(tx: OrganizationTx, model: string): Promise<void> {
  await tx.execute(sql`UPDATE model_installation SET state = 'CANCELLED', updated_at = now() WHERE ${OWN(tx, model)}`);
}
