import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ASSET_REMEASURE, AssetRemeasureJob } from './library/assets/asset-remeasure.job.js';
import { AssetRestore } from './library/assets/asset-restore.js';
import { ChangeUndoJob } from './library/assets/change-undo.job.js';
import { ASSET_WORDS, AssetWordsJob } from './library/assets/asset-words.job.js';
import { ALT_TEXT_READ, AltTextReadJob } from './judging/judgements/alt-text-read.job.js';
import { CALIBRATION, CalibrationJob } from './seeing/concepts/calibration.job.js';
import { CONCEPT_MATCH, ConceptMatchJob } from './seeing/concepts/concept-match.job.js';
import { openDetector } from './seeing/detection/detector.js';
import { OBJECT_SCAN, ObjectScanJob } from './seeing/detection/object-scan.job.js';
import { DUPLICATE_SCAN, DuplicateScanJob } from './library/duplicates/duplicate-scan.job.js';
import { BULK_EDIT, BULK_EDIT_UNDO, BulkEditJob, bulkEditLedger } from './exchange/edits/bulk-edit.job.js';
import type { LibraryModel } from './engines/embedding/embedding.service.js';
import { REVISION_BUILD, RevisionBuildJob } from './engines/embedding/revision-build.job.js';
import { TILE_LISTING, TileListingJob } from './engines/embedding/tile-listing.job.js';
import { VECTOR_INDEX, VectorIndexJob } from './engines/embedding/vector-index.job.js';
import { FOLDER_WATCH, FOLDER_WATCH_CRON, FolderWatchJob } from './exchange/imports/folder-watch.job.js';
import { ImportBatchJob, type StageClock } from './exchange/imports/import-batch.job.js';
import { IMPORT_BATCH, IMPORT_PLAN, IMPORT_UNDO } from './exchange/imports/import-jobs.js';
import { ImportOutcomes } from './exchange/imports/import-outcomes.js';
import { ImportPlanJob } from './exchange/imports/import-plan.job.js';
import { importLedger } from './exchange/imports/import-undo.js';
import { ItemFiles } from './exchange/imports/item-files.js';
import { SourceListing } from './exchange/imports/source-listing.js';
import { UPLOAD_SWEEP, UPLOAD_SWEEP_CRON, UploadSweepJob } from './library/uploads/upload-sweep.job.js';
import { UrlSource } from './exchange/imports/url-source.js';
import { MARK_SCAN, MarkScanJob } from './seeing/marks/mark-scan.job.js';
import { COMPLIANCE_CLOCK, COMPLIANCE_CLOCK_CRON, ComplianceClockJob } from './exchange/reports/compliance-clock.job.js';
import { ReportExportJob } from './exchange/reports/report-export.job.js';
import { REPORT_EXPORT } from './exchange/reports/report-export.service.js';
import { SAVED_SEARCH_MATCH, SavedSearchMatchJob } from './finding/saved-searches/saved-search-match.job.js';
import type { Ground, Services } from './services.js';
import { STORAGE_SWEEP, STORAGE_SWEEP_CRON, StorageSweepJob } from './library/storage/storage-sweep.job.js';
import { EVENT_DISPATCH, EVENT_DISPATCH_CRON, EventDispatchJob } from './library/webhooks/event-dispatch.job.js';
import { WEBHOOK_DELIVERY, WebhookDeliveryJob } from './library/webhooks/webhook-delivery.job.js';

const THUMBNAIL_EDGE_PX = 512;

/** Every kind of background work. */
export const JOB_KINDS = [
  IMPORT_PLAN,
  IMPORT_BATCH,
  IMPORT_UNDO,
  FOLDER_WATCH,
  UPLOAD_SWEEP,
  BULK_EDIT,
  BULK_EDIT_UNDO,
  STORAGE_SWEEP,
  REVISION_BUILD,
  CALIBRATION,
  ASSET_REMEASURE,
  ASSET_WORDS,
  DUPLICATE_SCAN,
  MARK_SCAN,
  ALT_TEXT_READ,
  OBJECT_SCAN,
  CONCEPT_MATCH,
  VECTOR_INDEX,
  TILE_LISTING,
  REPORT_EXPORT,
  COMPLIANCE_CLOCK,
  SAVED_SEARCH_MATCH,
  EVENT_DISPATCH,
  WEBHOOK_DELIVERY,
];

export interface WorkerOptions {
  onStage?: StageClock;
  /** Takes what has to be closed when the program stops. */
  onStop: (close: () => Promise<unknown>) => void;
}

/** Lets this process do the jobs, after it has taken up what a dead worker left and what an older version of the program did not do yet. */
export async function startWorkers(
  { config, log, database, files, media, queue }: Ground,
  services: Services,
  { onStage, onStop }: WorkerOptions,
): Promise<void> {
  const {
    embedding,
    calibration,
    compliance,
    modelRevisions,
    collections,
    tags,
    reportWriter,
    reportSchedules,
    organizations,
    matching,
    conceptChanges,
    newPictures,
    ingest,
    assetEdit,
    keeper,
    storage,
    search,
    detectors,
    detections,
    outbound,
    outbox,
    uploads,
    multipartUploads,
    importBuckets,
    watchedFolders,
  } = services;
  await files.sweepTemporary();
  const recovered = await queue.enter();
  if (recovered > 0) log.warn({ jobs: recovered }, 'jobs of a worker that died are taken up again');
  const batch = {
    parallelFiles: config.media.processes + 2,
    thumbnailEdgePx: THUMBNAIL_EDGE_PX,
    ...(onStage && { onStage }),
  };
  const { maxByteSize } = config.media;
  const listing = new SourceListing(database, files, config.importUrls, maxByteSize, importBuckets);
  queue.work(IMPORT_PLAN, new ImportPlanJob(database, queue, listing), 1);
  // Two batches at a time: while one is written, the next is decoded.
  const libraryChanged = async (organizationId: string) => {
    for (const kind of [CALIBRATION, DUPLICATE_SCAN, MARK_SCAN, ALT_TEXT_READ, OBJECT_SCAN, VECTOR_INDEX, SAVED_SEARCH_MATCH]) {
      await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, kind, [{ organizationId }]));
      queue.wake(kind);
    }
  };
  // Concepts and scores go by the model that is in use.
  const modelChanged = async (organizationId: string) => {
    await libraryChanged(organizationId);
    if (await matching.isNeeded(organizationId)) await database.asOrganization(organizationId, conceptChanges.afterChange);
  };
  const imported = async (organizationId: string) => {
    await libraryChanged(organizationId);
    // Revisions that wait for their turn see the new pictures too.
    await modelRevisions.catchUp(organizationId);
  };
  const urls = new UrlSource({ policy: config.importUrls, timeoutMs: config.importUrls.timeoutMs, maxByteSize });
  onStop(() => urls.close());
  const temporaryFolder = path.join(config.dataFolder, 'tmp');
  await mkdir(temporaryFolder, { recursive: true });
  const itemFiles = new ItemFiles(database, files, urls, importBuckets, { maxByteSize, temporaryFolder, parallel: batch.parallelFiles });
  const outcomes = new ImportOutcomes(ingest);
  const rooms = { database, queue, itemFiles, files, keeper, media, embedding, ingest, outcomes, afterImport: imported };
  queue.work(IMPORT_BATCH, new ImportBatchJob(rooms, batch, log), 2);
  queue.work(FOLDER_WATCH, new FolderWatchJob({ organizations, folders: watchedFolders, log }), 1);
  await queue.schedule(FOLDER_WATCH, FOLDER_WATCH_CRON, {});
  queue.work(UPLOAD_SWEEP, new UploadSweepJob({ organizations, uploads, multipart: multipartUploads, log }), 1);
  await queue.schedule(UPLOAD_SWEEP, UPLOAD_SWEEP_CRON, {});
  const restore = new AssetRestore(collections, newPictures);
  queue.work(IMPORT_UNDO, new ChangeUndoJob(database, restore, importLedger, ({ importId }) => importId), 1);
  queue.work(STORAGE_SWEEP, new StorageSweepJob(storage, log), 1);
  await queue.schedule(STORAGE_SWEEP, STORAGE_SWEEP_CRON, {});
  queue.work(BULK_EDIT, new BulkEditJob(database, assetEdit, log), 1);
  queue.work(BULK_EDIT_UNDO, new ChangeUndoJob(database, restore, bulkEditLedger, ({ editId }) => editId), 1);
  queue.work(COMPLIANCE_CLOCK, new ComplianceClockJob({ organizations, compliance, schedules: reportSchedules }), 1);
  await queue.schedule(COMPLIANCE_CLOCK, COMPLIANCE_CLOCK_CRON, {});
  queue.work(REPORT_EXPORT, new ReportExportJob(database, files, reportWriter), 1);
  queue.work(ALT_TEXT_READ, new AltTextReadJob({ database, embedding, judge: compliance }), 1);
  queue.work(MARK_SCAN, new MarkScanJob({ database, files, media, judge: compliance }), 1);
  const session = { provider: config.model.provider, threads: config.model.threads ?? null };
  const open = (description: Parameters<typeof openDetector>[0]) => openDetector(description, session);
  queue.work(OBJECT_SCAN, new ObjectScanJob({ database, files, media, detectors, open, judge: compliance, log }), 1);
  queue.work(CALIBRATION, new CalibrationJob(calibration), 1);
  queue.work(VECTOR_INDEX, new VectorIndexJob(embedding), 1);
  queue.work(DUPLICATE_SCAN, new DuplicateScanJob({ database, files, media, embedding }), 1);
  queue.work(CONCEPT_MATCH, new ConceptMatchJob(matching), 1);
  const prepareSearch = async (organizationId: string, model: LibraryModel) => {
    await embedding.maintainVectorIndex(organizationId, model.revision);
    await calibration.calibrate(organizationId, model);
  };
  const build = { database, files, media, embedding, queue, judge: newPictures, prepareSearch, afterBuild: modelChanged };
  queue.work(REVISION_BUILD, new RevisionBuildJob(build, log), 1);
  queue.work(SAVED_SEARCH_MATCH, new SavedSearchMatchJob({ database, search, outbox, log }), 1);
  queue.work(EVENT_DISPATCH, new EventDispatchJob({ database, organizations, outbox }), 1);
  await queue.schedule(EVENT_DISPATCH, EVENT_DISPATCH_CRON, {});
  queue.work(WEBHOOK_DELIVERY, new WebhookDeliveryJob(database, { policy: outbound, log }), 2);
  const afterParts = (organizationId: string) => modelRevisions.catchUp(organizationId);
  const remeasure = new AssetRemeasureJob(
    { database, files, media, embedding, judge: compliance, afterParts, thumbnailEdgePx: THUMBNAIL_EDGE_PX },
    log,
  );
  queue.work(ASSET_REMEASURE, remeasure, 1);
  const words = new AssetWordsJob(database, tags);
  queue.work(ASSET_WORDS, words, 1);
  const tiles = new TileListingJob({ database, afterListing: imported }, config.media.tileRows);
  queue.work(TILE_LISTING, tiles, 1);
  const detector = await detectors.inUse().catch((error: unknown) => {
    log.error({ err: error }, 'the chosen detector cannot be used; pictures are not searched');
    return null;
  });
  for (const { id } of await organizations.listOrganizations()) {
    await modelRevisions.followDefault(id);
    await compliance.adoptModel(id);
    await detections.adopt(id, detector);
    await libraryChanged(id);
    if (await remeasure.isNeeded(id))
      await database.asOrganization(id, (tx) => queue.enqueue(tx, ASSET_REMEASURE, [{ organizationId: id }]));
    if (await words.isNeeded(id)) await database.asOrganization(id, (tx) => queue.enqueue(tx, ASSET_WORDS, [{ organizationId: id }]));
    if (await tiles.isNeeded(id)) await database.asOrganization(id, (tx) => queue.enqueue(tx, TILE_LISTING, [{ organizationId: id }]));
    if (await matching.isNeeded(id)) await database.asOrganization(id, conceptChanges.afterChange);
    await modelRevisions.catchUp(id);
    await embedding.tidy(id);
  }
}
