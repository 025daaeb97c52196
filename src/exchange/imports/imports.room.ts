import { oneByOne } from '../../platform/graphql/node.js';
import type { Config } from '../../config.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { AssetIngest } from '../../library/assets/asset-ingest.js';
import type { AssetRestore } from '../../library/assets/asset-restore.js';
import { ChangeUndoJob } from '../../library/assets/change-undo.job.js';
import type { PictureComparer } from '../../library/duplicates/picture-comparer.js';
import type { FileKeeper } from '../../library/storage/file-keeper.js';
import type { StagedUploadService } from '../../library/uploads/staged-upload.service.js';
import type { Logger } from '../../log.js';
import type { OrganizationService } from '../../platform/access/organization.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { ImportBuckets } from '../../platform/files/import-buckets.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import { ProgressWatch } from '../../platform/jobs/progress-watch.js';
import type { Room } from '../../platform/rooms/room.js';
import { FOLDER_WATCH, FOLDER_WATCH_CRON, FolderWatchJob } from './folder-watch.job.js';
import { ImportBatchJob, type StageClock } from './import-batch.job.js';
import { ImportControlService } from './import-control.service.js';
import { IMPORT_BATCH, IMPORT_PLAN, IMPORT_UNDO } from './import-jobs.js';
import { ImportOutcomes } from './import-outcomes.js';
import { ImportPlanJob } from './import-plan.job.js';
import { ImportResultService } from './import-result.service.js';
import { importLedger } from './import-undo.js';
import { IMPORT_CHANGED, ImportResolver, type ImportTopic } from './import.resolver.js';
import { ImportService } from './import.service.js';
import { toImportOperation } from './import.types.js';
import { ItemFiles } from './item-files.js';
import { SourceListing } from './source-listing.js';
import { SourceReader } from './source-request.js';
import { UrlSource } from './url-source.js';
import { WatchedFolderResolver } from './watched-folder.resolver.js';
import { toWatchedFolder } from './watched-folder.types.js';
import { WatchedFolderService } from './watched-folder.service.js';

interface ImportNeeds {
  config: Pick<Config, 'importBuckets' | 'importRoots' | 'importUrls' | 'media'>;
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  queue: JobQueue;
  log: Logger;
  signer: Signer;
  baseUrl: () => string;
  temporaryFolder: string;
  thumbnailEdgePx: number;
  onStage?: StageClock;
  organizations: OrganizationService;
  embedding: EmbeddingService;
  uploads: StagedUploadService;
  keeper: FileKeeper;
  ingest: AssetIngest;
  comparer: PictureComparer;
  restore: AssetRestore;
  /** Pictures came in. */
  afterImport(organizationId: string): Promise<void>;
}

export function importsRoom(needs: ImportNeeds) {
  const { config, database, files, media, queue, log, signer, baseUrl, temporaryFolder, uploads, embedding, ingest, keeper } = needs;
  const { maxByteSize } = config.media;
  const importBuckets = new ImportBuckets(config.importBuckets);
  const urls = new UrlSource({ policy: config.importUrls, timeoutMs: config.importUrls.timeoutMs, maxByteSize });
  const imports = new ImportService(database, queue, new SourceReader(uploads, config.importRoots, config.importUrls, importBuckets));
  const watchedFolders = new WatchedFolderService(database, imports, config.importRoots);
  const importControl = new ImportControlService(database, queue);
  const importResults = new ImportResultService(database, signer, baseUrl);
  const watch = new ProgressWatch(imports);

  const batch = {
    parallelFiles: config.media.processes + 2,
    thumbnailEdgePx: needs.thumbnailEdgePx,
    ...(needs.onStage && { onStage: needs.onStage }),
  };
  const plan = () => new ImportPlanJob(database, queue, new SourceListing(database, files, config.importUrls, maxByteSize, importBuckets));
  const batches = () => {
    const itemFiles = new ItemFiles(database, files, urls, importBuckets, { maxByteSize, temporaryFolder, parallel: batch.parallelFiles });
    const outcomes = new ImportOutcomes(ingest);
    const { afterImport, comparer } = needs;
    return new ImportBatchJob(
      { database, queue, itemFiles, files, keeper, media, embedding, ingest, comparer, outcomes, afterImport },
      batch,
      log,
    );
  };
  return {
    services: { imports, importControl, importResults, importBuckets, watchedFolders },
    resolvers: [new ImportResolver(imports, importControl, importResults), new WatchedFolderResolver(watchedFolders)],
    jobs: [
      declareJob({ kind: IMPORT_PLAN, handler: plan }),
      // Two batches at a time: while one is written, the next is decoded.
      declareJob({ kind: IMPORT_BATCH, handler: batches, concurrency: 2 }),
      declareJob({
        kind: IMPORT_UNDO,
        handler: () =>
          new ChangeUndoJob(
            database,
            needs.restore,
            importLedger,
            ({ importId }: { importId: string; organizationId: string }) => importId,
          ),
      }),
      declareJob({
        kind: FOLDER_WATCH,
        handler: () => new FolderWatchJob({ organizations: needs.organizations, folders: watchedFolders, log }),
        schedule: FOLDER_WATCH_CRON,
      }),
    ],
    nodes: {
      ImportOperation: oneByOne(async (viewer, key) => {
        const operation = await imports.find(viewer, key);
        return operation && toImportOperation(operation);
      }),
      WatchedFolder: oneByOne(async (viewer, key) => {
        const folder = await watchedFolders.find(viewer, key);
        return folder && toWatchedFolder(folder);
      }),
    },
    events: { [IMPORT_CHANGED]: ({ viewer, importId }: ImportTopic) => watch.follow(viewer, importId) },
    close: () => Promise.all([urls.close(), importBuckets.close()]),
  } satisfies Room;
}
