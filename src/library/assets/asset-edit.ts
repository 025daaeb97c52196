import type { CollectionService } from '../collections/collection.service.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { TagService } from '../tags/tag.service.js';
import { type AssetChange, type ChangeNames, decideChange, type EditOutcome } from './asset-change.js';
import type { VersionJudge } from './asset-ingest.js';
import type { AssetBefore } from './ingest-decision.js';
import { findAssets, findBrandIds, updateAssets } from './asset.queries.js';
import { refreshSearchRows } from '../../engines/embedding/search-row.queries.js';

/** Makes one change to many assets with a fixed number of statements, in the caller's transaction. */
export class AssetEdit {
  readonly #tags: TagService;
  readonly #collections: CollectionService;
  readonly #judge: Pick<VersionJudge, 'judgeVersions'>;

  constructor(tags: TagService, collections: CollectionService, judge: Pick<VersionJudge, 'judgeVersions'>) {
    this.#tags = tags;
    this.#collections = collections;
    this.#judge = judge;
  }

  /** Ids of all that a change names; tags and collections to add are made where they are missing. Call it before other locks are taken. */
  async resolve(tx: OrganizationTx, change: AssetChange): Promise<ChangeNames> {
    const { fields, tags, collections } = change;
    const wanted = await this.#tags.resolveNames(tx, [...(fields.tags ?? []), ...tags.add], 'input.change.tags');
    const { ids: unwanted } = await this.#tags.findIds(tx, tags.remove, 'input.change.tags.remove');
    const idsOf = <Id>(names: readonly string[], found: ReadonlyMap<string, Id>) => [
      ...new Set(names.flatMap((name) => found.get(name) ?? [])),
    ];
    return {
      tags: wanted,
      brands: await findBrandIds(tx, fields.brand ? [fields.brand] : []),
      addTagIds: idsOf(tags.add, wanted),
      removeTagIds: idsOf(tags.remove, unwanted),
      joinIds: idsOf(collections.add, await this.#collections.resolveNames(tx, collections.add)),
      leaveIds: idsOf(collections.remove, await this.#collections.findIds(tx, collections.remove)),
    };
  }

  /** The first thing that must exist for a change and does not: what is set or removed. Null when all do. */
  async findMissing(tx: OrganizationTx, change: AssetChange): Promise<{ field: string; noun: string; name: string } | null> {
    const { brand } = change.fields;
    if (brand && !(await findBrandIds(tx, [brand])).has(brand))
      return { field: 'input.change.brand', noun: 'brand with the key', name: brand };
    const [tag] = (await this.#tags.findIds(tx, change.tags.remove)).unknown;
    if (tag !== undefined) return { field: `input.change.tags.remove[${change.tags.remove.indexOf(tag)}]`, noun: 'tag', name: tag };
    const known = await this.#collections.findIds(tx, change.collections.remove);
    const index = change.collections.remove.findIndex((name) => !known.has(name));
    if (index === -1) return null;
    return { field: `input.change.collections.remove[${index}]`, noun: 'collection', name: change.collections.remove[index] as string };
  }

  /** What would become of each asset, in the order of `assetIds`. Writes nothing; @param lock whether the assets are to stay as they are until the transaction ends */
  async decide(
    tx: OrganizationTx,
    assetIds: readonly string[],
    change: AssetChange,
    names: ChangeNames,
    lock: boolean,
  ): Promise<EditOutcome[]> {
    const rows = new Map((await findAssets(tx, assetIds, lock)).map((row) => [row.id, row]));
    const memberships = await this.#collections.membershipsOf(tx, [...names.joinIds, ...names.leaveIds], assetIds);
    return assetIds.map((id): EditOutcome => {
      const row = rows.get(id);
      if (row === undefined) return { assetId: id, state: 'GONE', code: 'ASSET_GONE', message: 'This asset was deleted.', field: null };
      return decideChange(row, change, names, memberships.get(id) ?? new Set());
    });
  }

  /** Makes the change: rows for search, rules and memberships with it. @param assetIds in ascending order, so that two edits cannot deadlock */
  async apply(tx: OrganizationTx, assetIds: readonly string[], change: AssetChange): Promise<EditOutcome[]> {
    const names = await this.resolve(tx, change);
    const outcomes = await this.decide(tx, assetIds, change, names, true);
    const changed = outcomes.filter((outcome) => outcome.state === 'CHANGED');
    const rewritten = changed.filter(({ before }) => before.asset !== null).map(({ asset }) => asset);
    await updateAssets(tx, rewritten);
    const idsWhere = (touched: (before: AssetBefore) => boolean) =>
      changed.flatMap(({ assetId, before }) => (touched(before) ? assetId : []));
    for (const id of names.joinIds)
      await this.#collections.addAssets(
        tx,
        id,
        idsWhere(({ joined }) => joined.includes(id)),
      );
    for (const id of names.leaveIds)
      await this.#collections.removeAssets(
        tx,
        id,
        idsWhere(({ left }) => left.includes(id)),
      );
    const ids = rewritten.map(({ id }) => id);
    if (ids.length > 0) await refreshSearchRows(tx, ids);
    await this.#judge.judgeVersions(
      tx,
      rewritten.map((asset) => asset.current_version_id),
    );
    return outcomes;
  }
}
