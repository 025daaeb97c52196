import { requireRole, type Viewer } from '../../viewer.js';
import { requireMatch } from '../../platform/graphql/etag.js';
import type { CollectionService } from '../collections/collection.service.js';
import type { Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { badInput, VitrineError } from '../../errors.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { TagService } from '../tags/tag.service.js';
import {
  type AssetRow,
  deleteAssets,
  findAssets,
  findBrandIds,
  findVersions,
  listVersionIds,
  updateAssets,
  type VersionRow,
} from './asset.queries.js';
import { collectionsOf, parseAssetFields } from './asset-fields.js';
import { readAssetIds, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import { applyFields, assetEtag, findRightsFault } from './asset-columns.js';
import type { VersionJudge } from './asset-ingest.js';
import { refreshSearchRows } from '../../engines/embedding/search-row.queries.js';

export type { VersionRow };

const UNIQUE_VIOLATION = '23505';

export class AssetService {
  readonly #database: Database;
  readonly #tags: TagService;
  readonly #collections: CollectionService;
  readonly #embedding: EmbeddingService;
  readonly #judge: VersionJudge;

  constructor(database: Database, tags: TagService, collections: CollectionService, embedding: EmbeddingService, judge: VersionJudge) {
    this.#database = database;
    this.#tags = tags;
    this.#collections = collections;
    this.#embedding = embedding;
    this.#judge = judge;
  }

  /** Assets by key, in order; null for those that are not there. */
  async findMany(viewer: Viewer, ids: readonly string[]): Promise<(AssetRow | null)[]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => findAssets(tx, ids));
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async find(viewer: Viewer, globalId: string): Promise<AssetRow | null> {
    const [row] = await this.findMany(viewer, [fromGlobalId('Asset', globalId, 'id')]);
    return row ?? null;
  }

  /** Versions by key, in order. */
  async findVersions(viewer: Viewer, ids: readonly string[]): Promise<(VersionRow | null)[]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) =>
      findVersions(tx, ids, (await this.#embedding.revisionIn(tx)).id),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  /** All versions of an asset, newest first. */
  listVersions(viewer: Viewer, assetId: string): Promise<VersionRow[]> {
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const ids = (await listVersionIds(tx, assetId)).map((row) => row.id);
      const rows = await findVersions(tx, ids, (await this.#embedding.revisionIn(tx)).id);
      return rows.sort((a, b) => b.number - a.number);
    });
  }

  /** Names of tags, by tag id. */
  tagNames(viewer: Viewer, ids: readonly number[]): Promise<Map<number, string>> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => this.#tags.loadNames(tx, ids));
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT (external id taken) */
  async update(viewer: Viewer, input: { id: string; ifMatch?: string | null; fields: unknown }): Promise<AssetRow> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('Asset', input.id, 'input.id');
    const fields = parseAssetFields(input.fields, 'input.fields');
    try {
      return await this.#database.asOrganization(
        viewer.organizationId,
        async (tx) => {
          const [before] = await findAssets(tx, [id], true);
          if (before === undefined)
            throw new VitrineError('NOT_FOUND', 'input.id: there is no such asset.', { field: 'input.id', value: input.id });
          requireMatch(input.ifMatch, assetEtag(before));
          const brands = await findBrandIds(tx, fields.brand ? [fields.brand] : []);
          if (fields.brand && !brands.has(fields.brand)) {
            throw new VitrineError('NOT_FOUND', `input.fields.brand: there is no brand with the key ${JSON.stringify(fields.brand)}.`, {
              field: 'input.fields.brand',
              value: fields.brand,
            });
          }
          const tags = await this.#tags.resolveNames(tx, fields.tags ?? [], 'input.fields.tags');
          const after = applyFields(before, fields, { tags, brands });
          const fault = findRightsFault(before, after, fields);
          if (fault !== null) {
            const field = `input.fields.${fault.field}`;
            throw badInput(field, fault.value, 'days that agree with the rights of the asset', `${field}: ${fault.message}.`);
          }
          await updateAssets(tx, [after]);
          for (const collectionId of (await this.#collections.resolveNames(tx, collectionsOf(fields))).values())
            await this.#collections.addAssets(tx, collectionId, [id]);
          await refreshSearchRows(tx, [id]);
          await this.#judge.judgeVersions(tx, [before.current_version_id]);
          return (await findAssets(tx, [id]))[0] as AssetRow;
        },
        viewer,
      );
    } catch (error) {
      if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
      throw new VitrineError(
        'CONFLICT',
        `input.fields.externalId: another asset has the external id ${JSON.stringify(fields.externalId)}.`,
        {
          field: 'input.fields.externalId',
          value: fields.externalId,
        },
      );
    }
  }

  /** Deletes assets with their versions, vectors and findings; the files stay in storage. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async delete(viewer: Viewer, globalIds: readonly string[]): Promise<string[]> {
    requireRole(viewer, 'EDITOR');
    const ids = readAssetIds(globalIds, 'input.assets');
    await this.#database.asOrganization(
      viewer.organizationId,
      async (tx) => requireAllFound(ids, await this.#judge.judgeWithout(tx, ids, () => deleteAssets(tx, ids)), 'input.assets'),
      viewer,
    );
    return [...globalIds];
  }
}
