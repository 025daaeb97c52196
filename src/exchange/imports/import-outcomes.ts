import type { AssetIngest } from '../../library/assets/asset-ingest.js';
import type { Comparisons } from '../../library/assets/duplicates.js';
import type { IngestItem, IngestOutcome } from '../../library/assets/ingest-decision.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import { isVitrineError, traitsOf, type VitrineError } from '../../errors.js';
import { closeItems, type FinalItem, findPredicted, findPredictedFindings, type ItemRow, lockPending } from './import-item.queries.js';
import type { OperationRow } from './import-operation.queries.js';

/** An item whose file is stored and measured, or what is wrong with it. */
export interface PreparedItem {
  item: ItemRow;
  result: IngestItem | VitrineError;
}

type Ready = PreparedItem & { result: IngestItem };
type Outcome = FinalItem | 'UNMEASURED' | 'LATER';

/** What is left to do after a round of writing. */
export interface LeftOver {
  /** To be measured first. */
  unmeasured: ItemRow[];
  /** To be written as they are, after the others. */
  later: PreparedItem[];
}

/** Makes assets and final item states of prepared items, in the caller's transaction; for a dry run only the states. */
export class ImportOutcomes {
  readonly #ingest: AssetIngest;

  constructor(ingest: AssetIngest) {
    this.#ingest = ingest;
  }

  /** @throws PicturesNotCompared before anything is written */
  async write(tx: OrganizationTx, operation: OperationRow, prepared: readonly PreparedItem[], compared: Comparisons): Promise<LeftOver> {
    const positions = prepared.map(({ item }) => item.position);
    const pending = await lockPending(tx, operation.id, positions);
    const todo = prepared.filter(({ item }) => pending.has(item.position));
    const ready = todo.filter((entry): entry is Ready => !isVitrineError(entry.result));
    const outcomes = await (operation.dry_run
      ? this.#predict(tx, operation, ready, compared)
      : this.#carryOut(tx, operation, ready, compared));
    const of = (wanted: Outcome) => ready.filter((_, index) => outcomes[index] === wanted);
    await closeItems(tx, operation.id, [
      ...todo.flatMap(({ item, result }) => (isVitrineError(result) ? [faulty(item, result)] : [])),
      ...outcomes.filter((outcome): outcome is FinalItem => typeof outcome !== 'string'),
    ]);
    return { unmeasured: of('UNMEASURED').map(({ item }) => item), later: of('LATER') };
  }

  async #carryOut(
    tx: OrganizationTx,
    { on_duplicate, duplicate_by }: OperationRow,
    ready: readonly Ready[],
    compared: Comparisons,
  ): Promise<Outcome[]> {
    const items = ready.map(({ result }) => result);
    const outcomes = await this.#ingest.ingest(tx, items, { onDuplicate: on_duplicate, by: duplicate_by }, compared);
    return outcomes.map((outcome, index) => toFinal((ready[index] as Ready).item, outcome));
  }

  /** Writes everything, looks at what came of it, and takes it back. */
  async #predict(tx: OrganizationTx, operation: OperationRow, ready: readonly Ready[], compared: Comparisons): Promise<Outcome[]> {
    const items = ready.map(({ result }) => result);
    const policy = { onDuplicate: operation.on_duplicate, by: operation.duplicate_by };
    // Taken outside the savepoint: rolling back to it would give them up before the prediction is recorded.
    await this.#ingest.lock(tx, items, policy);
    const { outcomes, findings } = await tx.tentatively(async () => {
      const outcomes = await this.#ingest.ingest(tx, items, policy, compared);
      const versionIds = outcomes.flatMap((outcome) => ('versionId' in outcome ? (outcome.versionId ?? []) : []));
      return { outcomes, findings: await findPredictedFindings(tx, versionIds) };
    });
    const earlier = await findPredicted(
      tx,
      operation.id,
      items.flatMap(({ file }) => file?.sha256 ?? []),
      items.flatMap(({ fields }) => fields.externalId ?? []),
    );
    // Assets that this batch would make are gone again, and cannot be named.
    const gone = new Set(outcomes.flatMap((outcome) => (outcome.state === 'CREATED' ? outcome.assetId : [])));
    return outcomes.map((outcome, index) => {
      const { item, result } = ready[index] as Ready;
      const final = toFinal(item, outcome);
      if (typeof final === 'string') return final;
      const there = (id: string | null | undefined) => (id == null || gone.has(id) ? null : id);
      const versionId = 'versionId' in outcome ? outcome.versionId : null;
      return {
        ...final,
        ...afterEarlierRows(final, result, earlier, policy.onDuplicate),
        version_id: null,
        before: null,
        asset_id: there(final.asset_id),
        duplicate_asset_id: there(final.duplicate_asset_id),
        content_sha256: result.file?.sha256 ?? null,
        predicted_findings: findings.filter((finding) => finding.version_id === versionId).map(({ version_id: _, ...finding }) => finding),
      };
    });
  }
}

/** What differs because other rows of the same dry run would have been written by then. */
function afterEarlierRows(
  { state, field }: FinalItem,
  { file, fields }: IngestItem,
  earlier: { contents: Set<string>; externalIds: Set<string> },
  onDuplicate: OperationRow['on_duplicate'],
): Partial<FinalItem> {
  if (fields.externalId && earlier.externalIds.has(fields.externalId)) {
    if (state === 'CREATED') return { state: 'UPDATED', code: 'NEW_VERSION' };
    const unknown = state === 'REJECTED' && file === null && field === 'externalId';
    if (unknown) return { state: 'UPDATED', code: 'FIELDS_CHANGED', message: null, field: null };
  }
  if (state !== 'CREATED' || file === null || !earlier.contents.has(file.sha256)) return {};
  const duplicate_by = 'EXACT' as const;
  if (onDuplicate === 'KEEP_BOTH') return { code: 'KEPT_BOTH', duplicate_by };
  if (onDuplicate === 'NEW_VERSION') return { state: 'SKIPPED', code: 'UNCHANGED', duplicate_by };
  if (onDuplicate === 'RETURN_EXISTING') return { state: 'DUPLICATE', code: 'EXACT_DUPLICATE', duplicate_by };
  const message = 'file: an earlier row of this import has this very content.';
  return { state: 'REJECTED', code: 'CONFLICT', field: 'file', message, duplicate_by };
}

function toFinal(item: ItemRow, outcome: IngestOutcome): Outcome {
  if (outcome.state === 'UNMEASURED' || outcome.state === 'LATER') return outcome.state;
  const { duplicate } = outcome;
  const known = {
    duplicate_by: duplicate?.by ?? null,
    duplicate_asset_id: duplicate?.assetId ?? null,
    duplicate_distance: duplicate?.distance ?? null,
  };
  if (outcome.state === 'REJECTED') return { ...faulty(item, outcome.error), state: 'REJECTED', ...known };
  const { state, code, assetId, versionId, before } = outcome;
  const notes = [...(item.source?.notes ?? []), ...(outcome.notes ?? [])];
  return { position: item.position, state, code, asset_id: assetId, version_id: versionId, before, notes, ...known };
}

/** What is wrong with a file is REJECTED: trying again would not help. What is wrong with us is FAILED. */
function faulty(item: ItemRow, error: VitrineError): FinalItem {
  return {
    position: item.position,
    state: traitsOf(error.code).retryable ? 'FAILED' : 'REJECTED',
    code: error.code,
    message: error.message,
    field: error.field ?? null,
  };
}
