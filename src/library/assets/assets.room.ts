import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { Logger } from '../../log.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import type { CollectionService } from '../collections/collection.service.js';
import type { TagService } from '../tags/tag.service.js';
import { AssetCollectionsResolver } from './asset-collections.resolver.js';
import { AssetEdit } from './asset-edit.js';
import { AssetFileService } from './asset-file.service.js';
import { AssetIngest, type VersionJudge } from './asset-ingest.js';
import { AssetVersionPartsResolver, MatchedPartResolver } from './asset-part.resolver.js';
import { ASSET_REMEASURE, AssetRemeasureJob } from './asset-remeasure.job.js';
import { AssetRestore } from './asset-restore.js';
import { ASSET_WORDS, AssetWordsJob } from './asset-words.job.js';
import { AssetResolver } from './asset.resolver.js';
import { AssetService } from './asset.service.js';
import { toAsset, toVersion } from './asset.types.js';

interface AssetNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  queue: JobQueue;
  log: Logger;
  signer: Signer;
  baseUrl: () => string;
  embedding: EmbeddingService;
  tags: TagService;
  collections: CollectionService;
  /** Judges by the rules, and compares with the concepts. */
  judge: VersionJudge;
  /** Judges by the rules alone: of changes that leave the picture as it is. */
  rulesJudge: VersionJudge;
  thumbnailEdgePx: number;
  /** Versions were found to have parts. */
  afterParts(organizationId: string): Promise<void>;
}

export function assetsRoom(needs: AssetNeeds) {
  const { database, files, media, queue, embedding, tags, collections, judge, rulesJudge, thumbnailEdgePx, afterParts } = needs;
  const assets = new AssetService(database, tags, collections, embedding, rulesJudge);
  const assetFiles = new AssetFileService(database, files, needs.signer, needs.baseUrl);
  const measuring = { database, files, media, embedding, judge, afterParts, thumbnailEdgePx };
  const remeasure = new AssetRemeasureJob(measuring, needs.log);
  const words = new AssetWordsJob(database, tags);
  return {
    services: {
      assets,
      assetFiles,
      ingest: new AssetIngest(tags, collections, embedding, judge),
      assetEdit: new AssetEdit(tags, collections, rulesJudge),
      assetRestore: new AssetRestore(collections, judge),
    },
    resolvers: [
      new AssetResolver(assets, assetFiles),
      new AssetVersionPartsResolver(assetFiles),
      new AssetCollectionsResolver(collections),
      new MatchedPartResolver(assetFiles),
    ],
    jobs: [declareJob({ kind: ASSET_REMEASURE, handler: () => remeasure }), declareJob({ kind: ASSET_WORDS, handler: () => words })],
    nodes: {
      Asset: async (viewer, keys) => (await assets.findMany(viewer, keys)).map((row) => row && toAsset(row)),
      AssetVersion: async (viewer, keys) => (await assets.findVersions(viewer, keys)).map((row) => row && toVersion(row)),
    },
    openFile: (token) => assetFiles.open(token),
    async adopt(organizationId) {
      if (await remeasure.isNeeded(organizationId))
        await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, ASSET_REMEASURE, [{ organizationId }]));
      if (await words.isNeeded(organizationId))
        await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, ASSET_WORDS, [{ organizationId }]));
    },
  } satisfies Room;
}
