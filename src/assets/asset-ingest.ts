import { randomUUID } from 'node:crypto';
import type { CollectionService } from '../collections/collection.service.js';
import type { OrganizationTx } from '../database/database.js';
import type { EmbeddingService } from '../embedding/embedding.service.js';
import { VitrineError } from '../errors.js';
import type { MediaFacts } from '../media/analysis.js';
import type { TagService } from '../tags/tag.service.js';
import { applyFields, newAsset, toColumns } from './asset-columns.js';
import type { AssetFields } from './asset-fields.js';
import {
  type AssetColumns,
  type AssetRow,
  findBrandIds,
  findByContent,
  findByExternalId,
  highestVersionNumbers,
  insertAssets,
  insertVersions,
  lockKeys,
  type NewVersion,
  updateAssets,
} from './asset.queries.js';
import { refreshSearchRows } from './search-row.queries.js';

export type OnDuplicate = 'RETURN_EXISTING' | 'REJECT';

/** A file that is stored, and measured unless its content was known already. */
export interface IngestItem {
  fields: AssetFields;
  file: { sha256: string; byteSize: number; fileName: string };
  /** Null when the content was in the library at the time of looking. */
  measured: { facts: MediaFacts; vector: Float32Array | VitrineError | null } | null;
}

export type IngestOutcome =
  | { state: 'CREATED' | 'UPDATED' | 'DUPLICATE' | 'SKIPPED'; assetId: string }
  | { state: 'REJECTED'; error: VitrineError }
  /** The content that was known is gone again: measure and try once more. */
  | { state: 'UNMEASURED' };

/** Judges versions in the caller's transaction; the compliance service. */
export interface VersionJudge {
  judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void>;
  /** Runs a change that takes assets away, and judges what was judged by comparing with them. */
  judgeWithout<T>(tx: OrganizationTx, assetIds: readonly string[], change: () => Promise<T>): Promise<T>;
}

interface Decision {
  item: IngestItem;
  outcome: IngestOutcome;
  asset?: AssetColumns;
  /** What the asset was before; undefined for a new one. */
  before?: AssetRow;
  version?: NewVersion;
}

/** Turns measured files into assets: a whole batch with a fixed number of statements, in the caller's transaction. */
export class AssetIngest {
  readonly #tags: TagService;
  readonly #collections: CollectionService;
  readonly #embedding: EmbeddingService;
  readonly #judge: VersionJudge;

  constructor(tags: TagService, collections: CollectionService, embedding: EmbeddingService, judge: VersionJudge) {
    this.#tags = tags;
    this.#collections = collections;
    this.#embedding = embedding;
    this.#judge = judge;
  }

  /** Which of these contents the library has: their files need not be measured again. */
  async findKnown(tx: OrganizationTx, sha256s: readonly string[]): Promise<Set<string>> {
    return new Set((await findByContent(tx, sha256s)).map((row) => row.sha256));
  }

  /** One outcome per item, in order. An item at fault is REJECTED alone. */
  async ingest(tx: OrganizationTx, items: readonly IngestItem[], onDuplicate: OnDuplicate): Promise<IngestOutcome[]> {
    await lockKeys(
      tx,
      items.flatMap((item) => [`content ${item.file.sha256}`, ...(item.fields.externalId ? [`external ${item.fields.externalId}`] : [])]),
    );
    const names = await this.#resolveNames(tx, items);
    const known = new Map((await findByContent(tx, [...new Set(items.map((item) => item.file.sha256))])).map((row) => [row.sha256, row]));
    const externalIds = items.flatMap((item) => item.fields.externalId ?? []);
    const byExternalId = new Map((await findByExternalId(tx, externalIds)).map((row) => [row.external_id as string, row]));
    const versionNumbers = await highestVersionNumbers(
      tx,
      [...byExternalId.values()].map((row) => row.id),
    );

    const decisions: Decision[] = [];
    const touched = new Set<string>();
    for (const item of items) {
      const decision = this.#decide(item, onDuplicate, names, known, byExternalId, versionNumbers);
      // Two rows of one batch about one asset: the second waits for its own turn, after the first is written.
      if (decision.before && touched.has(decision.before.id)) {
        decisions.push({
          item,
          outcome: rejected(
            'CONFLICT',
            `externalId: ${JSON.stringify(item.fields.externalId)} stands on more than one row of this import.`,
            'externalId',
          ),
        });
        continue;
      }
      decisions.push(decision);
      if (decision.asset === undefined) continue;
      touched.add(decision.asset.id);
      // What a later row of the same batch must see.
      if (decision.version)
        known.set(item.file.sha256, { sha256: item.file.sha256, version_id: decision.version.id, asset_id: decision.asset.id });
      if (item.fields.externalId)
        byExternalId.set(item.fields.externalId, { ...decision.asset, created_at: new Date(), updated_at: new Date() });
    }
    await this.#write(tx, decisions, names.collections);
    return decisions.map((decision) => decision.outcome);
  }

  async #resolveNames(tx: OrganizationTx, items: readonly IngestItem[]) {
    const all = (pick: (fields: AssetFields) => readonly string[]) => [...new Set(items.flatMap((item) => pick(item.fields)))];
    return {
      tags: await this.#tags.resolveNames(
        tx,
        all((fields) => fields.tags ?? []),
      ),
      collections: await this.#collections.resolveNames(
        tx,
        all((fields) => (fields.collection ? [fields.collection] : [])),
      ),
      brands: await findBrandIds(
        tx,
        all((fields) => (fields.brand ? [fields.brand] : [])),
      ),
    };
  }

  #decide(
    item: IngestItem,
    onDuplicate: OnDuplicate,
    names: { tags: Map<string, number>; brands: Map<string, string> },
    known: Map<string, { version_id: string; asset_id: string }>,
    byExternalId: Map<string, AssetRow>,
    versionNumbers: Map<string, number>,
  ): Decision {
    const { fields, file } = item;
    if (fields.brand && !names.brands.has(fields.brand)) {
      return {
        item,
        outcome: rejected(
          'NOT_FOUND',
          `brand: there is no brand with the key ${JSON.stringify(fields.brand)}. Create it first (brandCreate).`,
          'brand',
        ),
      };
    }
    const sameContent = known.get(file.sha256);
    const before = fields.externalId ? byExternalId.get(fields.externalId) : undefined;
    if (sameContent !== undefined && sameContent.asset_id !== before?.id) {
      if (onDuplicate === 'REJECT' || before !== undefined) {
        return { item, outcome: rejected('CONFLICT', 'file: the library has this very content already, as another asset.', 'file') };
      }
      return { item, outcome: { state: 'DUPLICATE', assetId: sameContent.asset_id } };
    }
    if (sameContent !== undefined && before !== undefined) {
      if (sameContent.version_id !== before.current_version_id) {
        return { item, outcome: rejected('CONFLICT', 'file: this is an earlier version of the same asset.', 'file') };
      }
      const asset = applyFields(toColumns(before), fields, names);
      const same = JSON.stringify(asset) === JSON.stringify(toColumns(before));
      if (same) return { item, before, outcome: { state: 'SKIPPED', assetId: before.id } };
      return { item, asset, before, outcome: { state: 'UPDATED', assetId: before.id } };
    }
    if (item.measured === null) return { item, outcome: { state: 'UNMEASURED' } };
    const facts = item.measured.facts;
    const assetId = before?.id ?? randomUUID();
    const version: NewVersion = {
      id: randomUUID(),
      asset_id: assetId,
      number: (versionNumbers.get(assetId) ?? 0) + 1,
      sha256: file.sha256,
      byte_size: file.byteSize,
      file_name: file.fileName,
      facts,
    };
    const start = before ? toColumns(before) : newAsset(assetId, file.fileName);
    const asset: AssetColumns = {
      ...applyFields(start, fields, names),
      current_version_id: version.id,
      kind: facts.kind,
      media_type: facts.mediaType,
      file_name: file.fileName,
      byte_size: file.byteSize,
      width: facts.width,
      height: facts.height,
    };
    return { item, asset, version, ...(before && { before }), outcome: { state: before ? 'UPDATED' : 'CREATED', assetId } };
  }

  async #write(tx: OrganizationTx, decisions: readonly Decision[], collections: Map<string, string>): Promise<void> {
    const written = decisions.filter((decision): decision is Decision & { asset: AssetColumns } => decision.asset !== undefined);
    await insertAssets(
      tx,
      written.filter((decision) => decision.before === undefined).map((decision) => decision.asset),
    );
    await updateAssets(
      tx,
      written.filter((decision) => decision.before !== undefined).map((decision) => decision.asset),
    );
    await insertVersions(
      tx,
      written.flatMap((decision) => decision.version ?? []),
    );
    await this.#embedding.save(
      tx,
      written.flatMap(({ item, version }) => {
        const vector = item.measured?.vector ?? null;
        return version !== undefined && vector !== null ? [{ versionId: version.id, result: vector }] : [];
      }),
    );
    const updated = written.filter((decision) => decision.before !== undefined).map((decision) => decision.asset.id);
    if (updated.length > 0) await refreshSearchRows(tx, updated);
    await this.#join(tx, decisions, collections);
    if (written.length === 0) return;
    await this.#judge.judgeVersions(
      tx,
      written.map((decision) => decision.asset.current_version_id),
    );
  }

  /** Puts assets into the collections that their rows name. One of which nothing else differs is UPDATED when it was not in there. */
  async #join(tx: OrganizationTx, decisions: readonly Decision[], collections: Map<string, string>): Promise<void> {
    for (const [name, id] of collections) {
      const named = decisions.filter(({ item, asset, before }) => item.fields.collection === name && (asset ?? before) !== undefined);
      if (named.length === 0) continue;
      const assetIds = named.map(({ asset, before }) => (asset ?? before)?.id as string);
      const added = new Set(await this.#collections.addAssets(tx, id, assetIds));
      for (const { outcome } of named) if (outcome.state === 'SKIPPED' && added.has(outcome.assetId)) outcome.state = 'UPDATED';
    }
  }
}

function rejected(code: 'CONFLICT' | 'NOT_FOUND', message: string, field: string): IngestOutcome {
  return { state: 'REJECTED', error: new VitrineError(code, message, { field }) };
}
