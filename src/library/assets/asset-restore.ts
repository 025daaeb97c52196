import type { CollectionService } from '../collections/collection.service.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { VersionJudge } from './asset-ingest.js';
import {
  type AssetColumns,
  deleteAssets,
  deleteVersions,
  findAssets,
  findRestorable,
  setUpdatedAt,
  updateAssets,
} from './asset.queries.js';
import type { AssetBefore } from './ingest-decision.js';
import { refreshSearchRows } from '../../engines/embedding/search-row.queries.js';

/** One change of one asset, as it was left. */
export interface Change {
  /** Null when the asset was deleted since. */
  assetId: string | null;
  /** The version that the change made. */
  versionId: string | null;
  /** The asset's `updated_at` after the change. */
  leftAt: Date;
  before: AssetBefore | null;
  /** Whether the change made the asset. */
  made: boolean;
}

/** REMOVED: it was made, and is deleted. RESTORED: as before. KEPT_CHANGED: somebody changed it since. GONE: somebody deleted it. */
export type RestoreCode = 'REMOVED' | 'RESTORED' | 'KEPT_CHANGED' | 'GONE';

type Before = AssetColumns & { updated_at: string };

interface Restoration {
  restored: ReadonlyMap<string, Before>;
  versions: readonly string[];
  removed: readonly string[];
  /** Assets to take out of each collection, and to put back into each. */
  leave: ReadonlyMap<string, string[]>;
  rejoin: ReadonlyMap<string, string[]>;
}

/** Takes changes of assets back, unless somebody has changed the asset since. */
export class AssetRestore {
  readonly #collections: CollectionService;
  readonly #judge: VersionJudge;

  constructor(collections: CollectionService, judge: VersionJudge) {
    this.#collections = collections;
    this.#judge = judge;
  }

  /** Changes in the order to take them back, the last first; one code each. */
  async undo(tx: OrganizationTx, changes: readonly Change[]): Promise<RestoreCode[]> {
    const ids = [...new Set(changes.flatMap(({ assetId }) => assetId ?? []))].sort();
    const rows = new Map((await findAssets(tx, ids, true)).map((row) => [row.id, row]));
    const stamps = new Map([...rows.values()].map((row) => [row.id, row.updated_at.getTime()]));
    const restored = new Map<string, Before>();
    const versions: string[] = [];
    const removed: string[] = [];
    const leave = new Map<string, string[]>();
    const rejoin = new Map<string, string[]>();
    const codes = changes.map((change): RestoreCode => {
      const row = change.assetId === null ? undefined : rows.get(change.assetId);
      if (row === undefined) return 'GONE';
      const { before } = change;
      const fieldsChanged = change.made || before?.asset != null;
      if (fieldsChanged && stamps.get(row.id) !== change.leftAt.getTime()) return 'KEPT_CHANGED';
      for (const id of before?.joined ?? []) leave.set(id, [...(leave.get(id) ?? []), row.id]);
      for (const id of before?.left ?? []) rejoin.set(id, [...(rejoin.get(id) ?? []), row.id]);
      if (change.made) {
        removed.push(row.id);
        rows.delete(row.id);
        restored.delete(row.id);
        return 'REMOVED';
      }
      if (before?.asset != null) {
        restored.set(row.id, before.asset);
        stamps.set(row.id, Date.parse(before.asset.updated_at));
        if (change.versionId !== null) versions.push(change.versionId);
      }
      return 'RESTORED';
    });
    await this.#write(tx, { restored, versions, removed, leave, rejoin });
    return codes;
  }

  async #write(tx: OrganizationTx, { restored, versions, removed, leave, rejoin }: Restoration): Promise<void> {
    if (removed.length > 0) await deleteAssets(tx, removed);
    const before = [...restored.values()];
    const usable = await findRestorable(
      tx,
      before.flatMap(({ brand_id }) => brand_id ?? []),
      before.flatMap(({ tag_ids }) => tag_ids),
      [...rejoin.keys()],
    );
    // A brand, tag or collection that was deleted since cannot come back with the asset.
    for (const [collectionId, assetIds] of leave) await this.#collections.removeAssets(tx, collectionId, assetIds);
    for (const [collectionId, assetIds] of rejoin) {
      if (usable.collections.has(collectionId)) await this.#collections.addAssets(tx, collectionId, assetIds);
    }
    if (restored.size === 0) return;
    const columns = before.map(({ updated_at: _, ...asset }) => ({
      ...asset,
      brand_id: asset.brand_id !== null && usable.brands.has(asset.brand_id) ? asset.brand_id : null,
      tag_ids: asset.tag_ids.filter((id) => usable.tags.has(id)),
    }));
    await updateAssets(tx, columns);
    await deleteVersions(tx, versions);
    await setUpdatedAt(
      tx,
      before.map(({ id, updated_at }) => ({ id, updated_at })),
    );
    await refreshSearchRows(tx, [...restored.keys()]);
    await this.#judge.judgeVersions(
      tx,
      columns.map((asset) => asset.current_version_id),
    );
  }
}
