import type { Config } from './config.js';
import { embeddingRoom } from './engines/embedding/embedding.room.js';
import type { EmbeddingService, LibraryModel } from './engines/embedding/embedding.service.js';
import type { ModelCatalog } from './engines/embedding/model-catalog.js';
import type { MediaAnalyzer } from './engines/media/media-analyzer.js';
import { deliveryRoom } from './exchange/delivery/delivery.room.js';
import { editsRoom } from './exchange/edits/edits.room.js';
import { exportsRoom } from './exchange/exports/exports.room.js';
import type { StageClock } from './exchange/imports/import-batch.job.js';
import { importsRoom } from './exchange/imports/imports.room.js';
import { releasesRoom } from './exchange/releases/releases.room.js';
import { remediesRoom } from './exchange/remedies/remedies.room.js';
import { reportsRoom } from './exchange/reports/reports.room.js';
import { savedSearchesRoom } from './finding/saved-searches/saved-searches.room.js';
import { AssetScopeFilters } from './finding/search/scope-filter.js';
import { searchRoom } from './finding/search/search.room.js';
import { decisionsRoom } from './judging/decisions/decisions.room.js';
import { guidelinesRoom } from './judging/guidelines/guidelines.room.js';
import { historyRoom } from './judging/history/history.room.js';
import { judgementsRoom } from './judging/judgements/judgements.room.js';
import { assetsRoom } from './library/assets/assets.room.js';
import { brandsRoom } from './library/brands/brands.room.js';
import { collectionsRoom } from './library/collections/collections.room.js';
import { duplicatesRoom } from './library/duplicates/duplicates.room.js';
import { storageRoom } from './library/storage/storage.room.js';
import { tagsRoom } from './library/tags/tags.room.js';
import { uploadsRoom } from './library/uploads/uploads.room.js';
import { webhooksRoom } from './library/webhooks/webhooks.room.js';
import type { Logger } from './log.js';
import { accessRoom } from './platform/access/access.room.js';
import type { Database, OrganizationTx } from './platform/database/database.js';
import type { FileStore } from './platform/files/file-store.js';
import type { Signer } from './platform/http/signed-token.js';
import type { WebOrigins } from './platform/http/web-origins.js';
import type { JobQueue } from './platform/jobs/job-queue.js';
import { conceptsRoom } from './seeing/concepts/concepts.room.js';
import { detectionRoom } from './seeing/detection/detection.room.js';
import { marksRoom } from './seeing/marks/marks.room.js';

const THUMBNAIL_EDGE_PX = 512;

/** What the rooms stand on: everything outside of this program, opened by app.ts. */
export interface Ground {
  config: Config;
  log: Logger;
  database: Database;
  files: FileStore;
  embedding: EmbeddingService;
  catalog: ModelCatalog;
  media: MediaAnalyzer;
  queue: JobQueue;
  signer: Signer;
  origins: WebOrigins;
  /** Address of this server as callers know it; known once it listens. */
  baseUrl: () => string;
  temporaryFolder: string;
  /** Enqueues what follows a change of an organisation's pictures. */
  libraryChanged(organizationId: string): Promise<void>;
  onStage?: StageClock;
}

/** The house: every room, made once, each from those below it. Nothing is opened, read or written here. */
export function makeRooms(ground: Ground) {
  const { config, database, libraryChanged } = ground;
  const { dataFolder } = config;
  const { maxByteSize, tileRows } = config.media;
  const thumbnailEdgePx = THUMBNAIL_EDGE_PX;

  // Lower floors have what they change judged; judging stands above them, and is asked when something changes.
  let judgements: ReturnType<typeof judgementsRoom>;
  let concepts: ReturnType<typeof conceptsRoom>;
  const judge = {
    judgeAssets: (tx: OrganizationTx, assetIds: readonly string[]) => judgements.services.compliance.judgeAssets(tx, assetIds),
    judgeScopes: (tx: OrganizationTx, assetIds: readonly string[]) => judgements.services.compliance.judgeScopes(tx, assetIds),
    judgeBrand: (tx: OrganizationTx, brandId: string, kind: 'PALETTE' | 'LOGO' | 'WATERMARK') =>
      judgements.services.compliance.judgeBrand(tx, brandId, kind),
    judgeKind: (tx: OrganizationTx, kind: 'DETECTED_OBJECTS') => judgements.services.compliance.judgeKind(tx, kind),
    judgeVersions: (tx: OrganizationTx, versionIds: readonly string[]) => judgements.services.compliance.judgeVersions(tx, versionIds),
    judgeWithout: <T>(tx: OrganizationTx, assetIds: readonly string[], change: () => Promise<T>) =>
      judgements.services.compliance.judgeWithout(tx, assetIds, change),
    prepare: (organizationId: string, model?: LibraryModel) => judgements.services.compliance.prepare(organizationId, model),
    adoptModel: (organizationId: string) => judgements.services.compliance.adoptModel(organizationId),
  };
  // A new picture is judged by the rules and compared with the concepts.
  const newPictures = {
    ...judge,
    async judgeVersions(tx: OrganizationTx, versionIds: readonly string[]) {
      await judge.judgeVersions(tx, versionIds);
      await concepts.services.matching.matchVersions(tx, versionIds);
    },
  };

  const access = accessRoom(ground);
  const { organizations, findCaller } = access.services;
  const embeddings = embeddingRoom({
    ...ground,
    tileRows,
    judge: newPictures,
    calibrate: (organizationId, model) => concepts.services.calibration.calibrate(organizationId, model),
    async modelChanged(organizationId) {
      await libraryChanged(organizationId);
      await concepts.matchWhereNeeded(organizationId);
    },
  });
  const { modelRevisions } = embeddings.services;

  const tags = tagsRoom({ database, afterChange: judge.judgeAssets });
  const collections = collectionsRoom({ database, afterChange: judge.judgeScopes });
  const brands = brandsRoom({ database, judge });
  const storage = storageRoom({ ...ground, organizations });
  const uploads = uploadsRoom({ ...ground, ...storage.services, organizations, findCaller, dataFolder, maxByteSize });
  const webhooks = webhooksRoom({ ...ground, organizations, allowedHosts: config.webhookHosts });
  const duplicates = duplicatesRoom(ground);
  const assets = assetsRoom({
    ...ground,
    ...tags.services,
    ...collections.services,
    judge: newPictures,
    rulesJudge: judge,
    thumbnailEdgePx,
    afterParts: (organizationId) => modelRevisions.catchUp(organizationId),
  });
  const restore = assets.services.assetRestore;

  concepts = conceptsRoom({ ...ground, ...assets.services, ...tags.services });
  const session = { provider: config.model.provider, threads: config.model.threads ?? null };
  const detection = detectionRoom({ ...ground, dataFolder, session, judge });
  const marks = marksRoom({ ...ground, ...brands.services, judge });

  judgements = judgementsRoom({ ...ground, scopes: new AssetScopeFilters(tags.services.tags) });
  const { compliance } = judgements.services;
  const guidelines = guidelinesRoom({ database, ...brands.services, ...tags.services, ...marks.services, compliance });
  const decisions = decisionsRoom({ database, compliance });
  const history = historyRoom(ground);

  const { calibration } = concepts.services;
  const search = searchRoom({ ...ground, ...tags.services, ...uploads.services, calibration, compliance });
  const savedSearches = savedSearchesRoom({ ...ground, ...search.services, ...webhooks.services });

  const delivery = deliveryRoom({ ...ground, ...assets.services, compliance });
  const remedies = remediesRoom({ database, compliance, ...delivery.services });
  const releases = releasesRoom({ database, compliance, ...remedies.services });
  const reports = reportsRoom({ ...ground, ...history.services, organizations, compliance });
  const imports = importsRoom({
    ...ground,
    ...uploads.services,
    ...storage.services,
    ...assets.services,
    ...duplicates.services,
    organizations,
    restore,
    thumbnailEdgePx,
    async afterImport(organizationId) {
      await libraryChanged(organizationId);
      // Revisions that wait for their turn see the new pictures too.
      await modelRevisions.catchUp(organizationId);
    },
  });
  const edits = editsRoom({ ...ground, ...search.services, ...assets.services, restore });
  const exports = exportsRoom({ ...ground, ...search.services, ...delivery.services });

  return [
    ...[access, embeddings, tags, collections, brands, storage, uploads, webhooks, duplicates, assets],
    ...[concepts, detection, marks, judgements, guidelines, decisions, history, search, savedSearches],
    ...[delivery, remedies, releases, reports, imports, edits, exports],
  ] as const;
}
