import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import { toAsset } from '../assets/asset.types.js';
import type { AssetRow } from '../assets/asset.queries.js';
import type { Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { badInput } from '../../errors.js';
import { cursorKey, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import { type ClusterRow, countUnscanned, findMembers, listClusters, listPairs, type PairRow } from './duplicate.queries.js';
import type { DuplicateGroup, DuplicateGroupConnection, DuplicatePair } from './duplicate.types.js';
import { type Relation, RELATIONS } from './relation.js';

const DUPLICATES = RELATIONS.filter((relation) => relation !== 'OTHER_SHOT');
const MAX_ASSETS = 100;
const MAX_PAIRS = 200;
const CURSOR_KEYS = z.tuple([cursorKey.integer, cursorKey.id]);

/** Groups of pictures that show the same. */
export class DuplicateService {
  readonly #database: Database;
  readonly #embedding: EmbeddingService;

  constructor(database: Database, embedding: EmbeddingService) {
    this.#database = database;
    this.#embedding = embedding;
  }

  /** @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async listGroups(
    viewer: Viewer,
    args: { asset?: string | null; relations?: Relation[] | null; first?: number | null; after?: string | null },
  ): Promise<DuplicateGroupConnection> {
    requireRole(viewer, 'VIEWER');
    const assetId = args.asset == null ? null : fromGlobalId('Asset', args.asset, 'asset');
    if (args.relations?.length === 0) throw badInput('relations', [], 'at least one relation, or none at all for the default');
    const relations = args.relations ?? DUPLICATES;
    const page = readPage(args.first, args.after, 'duplicates', assetId, [...relations].sort());
    const keys = readKeys(page, CURSOR_KEYS, args.after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const after = keys && { size: keys[0], id: keys[1] };
      const rows = await listClusters(tx, { relations, assetId, limit: page.first + 1, after });
      const clusters = rows.filter((row) => row.id !== null);
      const shown = clusters.slice(0, page.first).flatMap((row) => row.assetIds.slice(0, MAX_ASSETS));
      const members = new Map((await findMembers(tx, shown)).map((row) => [row.id, row]));
      const pairs = await listPairs(tx, shown, relations);
      const connection = toConnection(
        page,
        clusters,
        rows[0]?.total ?? 0,
        (row) => toGroup(row, members, pairs),
        (row) => [row.assetIds.length, row.id],
      );
      return { ...connection, pending: await countUnscanned(tx, (await this.#embedding.revisionIn(tx)).id) };
    });
  }
}

function toGroup(row: ClusterRow, members: ReadonlyMap<string, AssetRow>, pairs: readonly PairRow[]): DuplicateGroup {
  const own = new Set(row.assetIds);
  const pixels = (asset: AssetRow) => (asset.width ?? 0) * (asset.height ?? 0);
  const assets = row.assetIds
    .flatMap((id) => members.get(id) ?? [])
    .sort((a, b) => pixels(b) - pixels(a) || a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1))
    .map(toAsset);
  return {
    size: row.assetIds.length,
    best: assets[0] as DuplicateGroup['best'],
    assets,
    pairs: pairs
      .filter((pair) => own.has(pair.assetA))
      .slice(0, MAX_PAIRS)
      .map(toPair),
  };
}

function toPair({ assetA, assetB, cosine, turn, crop, ...measured }: PairRow): DuplicatePair {
  const [a, b] = [toGlobalId('Asset', assetA), toGlobalId('Asset', assetB)];
  const { left, top, width, height } = crop ?? { left: 0, top: 0, width: 0, height: 0 };
  return {
    ...{ ...measured, assets: [a, b], similarity: cosine, turn: turn && { of: a, ...turn } },
    crop: crop && { of: crop.of === 'a' ? a : b, left, top, width, height },
  };
}
