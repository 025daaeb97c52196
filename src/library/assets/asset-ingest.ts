import type { CollectionService } from '../collections/collection.service.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { TagService } from '../tags/tag.service.js';
import { type AssetFields, collectionsOf } from './asset-fields.js';
import {
  type AssetColumns,
  type AssetRow,
  findAssets,
  findBrandIds,
  findByExternalId,
  highestVersionNumbers,
  insertAssets,
  insertVersions,
  lockKeys,
  updateAssets,
} from './asset.queries.js';
import { findByContent, insertHashBands } from './duplicate.queries.js';
import { type Comparisons, contentLocks, type DuplicatePolicy, KnownContents } from './duplicates.js';
import { type Decision, decide, type IngestItem, type IngestNames, type IngestOutcome } from './ingest-decision.js';
import { refreshSearchRows } from '../../engines/embedding/search-row.queries.js';

/** Judges versions in the caller's transaction; the compliance service. */
export interface VersionJudge {
  judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void>;
  /** Runs a change that takes assets away, and judges what was judged by comparing with them. */
  judgeWithout<T>(tx: OrganizationTx, assetIds: readonly string[], change: () => Promise<T>): Promise<T>;
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

  /** Holds off other workers with the same contents and external ids; {@link ingest} does so too. */
  async lock(tx: OrganizationTx, items: readonly IngestItem[], policy: DuplicatePolicy): Promise<void> {
    await lockKeys(tx, [
      ...contentLocks(policy, contentsOf(items)),
      ...items.flatMap(({ fields }) => (fields.externalId ? [`external ${fields.externalId}`] : [])),
    ]);
  }

  /**
   * One outcome per item, in order. An item at fault is REJECTED alone.
   * @param compared what is known of pictures whose hashes are near; read only where the policy asks for likeness
   * @throws PicturesNotCompared when more has to be known: nothing is written then
   */
  async ingest(
    tx: OrganizationTx,
    items: readonly IngestItem[],
    policy: DuplicatePolicy,
    compared: Comparisons = new Map(),
  ): Promise<IngestOutcome[]> {
    if (items.length === 0) return [];
    await this.lock(tx, items, policy);
    const contents = await KnownContents.load(tx, policy, contentsOf(items), compared);
    const mayBeNew = ({ file, measured }: IngestItem) =>
      file !== null &&
      (policy.onDuplicate === 'KEEP_BOTH' || contents.find({ sha256: file.sha256, facts: measured?.facts ?? null }, undefined) === null);
    const names = await this.#resolveNames(tx, items, mayBeNew);
    const rows = new Map((await this.#findTargets(tx, items, policy, contents)).map((row) => [row.id, row]));
    const byExternalId = new Map([...rows.values()].flatMap((row) => (row.external_id === null ? [] : [[row.external_id, row]])));
    // Rows without files make no version.
    const versionNumbers = await highestVersionNumbers(tx, items.some(({ file }) => file !== null) ? [...rows.keys()] : []);

    const decisions: Decision[] = [];
    const touched = new Set<string>();
    for (const item of items) {
      const decision = decide(item, { policy, names, contents, rows, byExternalId, versionNumbers, touched });
      decisions.push(decision);
      if (decision.asset === undefined) continue;
      touched.add(decision.asset.id);
      if (decision.version) {
        const { sha256, facts } = decision.version;
        contents.add({ sha256, facts, fileName: item.file?.fileName ?? decision.asset.file_name }, decision.asset);
      }
      if (decision.asset.external_id !== null) {
        const row = { ...decision.asset, created_at: new Date(), updated_at: new Date() };
        byExternalId.set(decision.asset.external_id, row);
        rows.set(row.id, row);
      }
    }
    await this.#write(tx, decisions, names.collections);
    return decisions.map((decision) => decision.outcome);
  }

  /** @param mayBeNew what files say is looked up only for these: tags of what the library has are not made for nothing */
  async #resolveNames(
    tx: OrganizationTx,
    items: readonly IngestItem[],
    mayBeNew: (item: IngestItem) => boolean,
  ): Promise<IngestNames & { collections: Map<string, string> }> {
    const all = (pick: (fields: AssetFields) => readonly string[]) => [
      ...new Set(items.flatMap((item) => pick(mayBeNew(item) ? (item.completed?.fields ?? item.fields) : item.fields))),
    ];
    return {
      tags: await this.#tags.resolveNames(
        tx,
        all((fields) => fields.tags ?? []),
      ),
      collections: await this.#collections.resolveNames(tx, all(collectionsOf)),
      brands: await findBrandIds(
        tx,
        all((fields) => (fields.brand ? [fields.brand] : [])),
      ),
    };
  }

  /** Assets that items may change: those with their external ids, and duplicates that are to get a new version. Locked. */
  async #findTargets(
    tx: OrganizationTx,
    items: readonly IngestItem[],
    policy: DuplicatePolicy,
    contents: KnownContents,
  ): Promise<AssetRow[]> {
    const named = await findByExternalId(
      tx,
      items.flatMap((item) => item.fields.externalId ?? []),
    );
    if (policy.onDuplicate !== 'NEW_VERSION') return named;
    const known = new Set(named.map((row) => row.id));
    const duplicates = contentsOf(items).flatMap((content) => contents.find(content, undefined)?.assetId ?? []);
    const more = [...new Set(duplicates)].filter((id) => !known.has(id)).sort();
    return more.length === 0 ? named : [...named, ...(await findAssets(tx, more, true))];
  }

  async #write(tx: OrganizationTx, decisions: readonly Decision[], collections: Map<string, string>): Promise<void> {
    const written = decisions.filter((decision): decision is Decision & { asset: AssetColumns } => decision.asset !== undefined);
    const [made, changed] = [written.filter(({ before }) => before === undefined), written.filter(({ before }) => before !== undefined)];
    const versions = written.flatMap((decision) => decision.version ?? []);
    await insertAssets(
      tx,
      made.map(({ asset }) => asset),
    );
    await updateAssets(
      tx,
      changed.map(({ asset }) => asset),
    );
    await insertVersions(tx, versions);
    await insertHashBands(
      tx,
      versions.flatMap(({ id, facts }) => (facts.perceptualHash === null ? [] : [{ id, hash: facts.perceptualHash }])),
    );
    await this.#embedding.noteParts(
      tx,
      versions.flatMap(({ id, facts: { parts } }) => (parts.length > 0 ? [{ id, parts }] : [])),
    );
    await this.#embedding.save(
      tx,
      written.flatMap(({ item, version }) => {
        const embedded = item.measured?.embedded ?? null;
        return version !== undefined && embedded !== null ? [{ ...embedded, versionId: version.id }] : [];
      }),
    );
    if (changed.length > 0)
      await refreshSearchRows(
        tx,
        changed.map(({ asset }) => asset.id),
      );
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
      const named = decisions.filter(
        ({ item, asset, before }) => collectionsOf(item.fields).includes(name) && (asset ?? before) !== undefined,
      );
      if (named.length === 0) continue;
      const added = new Set(
        await this.#collections.addAssets(
          tx,
          id,
          named.map(({ asset, before }) => (asset ?? before)?.id as string),
        ),
      );
      for (const { outcome } of named) {
        if (!('code' in outcome) || !added.has(outcome.assetId)) continue;
        if (outcome.state === 'SKIPPED') Object.assign(outcome, { state: 'UPDATED', code: 'ADDED_TO_COLLECTION' });
        if (outcome.state === 'UPDATED')
          outcome.before = { asset: outcome.before?.asset ?? null, joined: [...(outcome.before?.joined ?? []), id], left: [] };
      }
    }
  }
}

function contentsOf(items: readonly IngestItem[]) {
  return items.flatMap(({ file, measured }) =>
    file === null ? [] : [{ sha256: file.sha256, fileName: file.fileName, facts: measured?.facts ?? null }],
  );
}
