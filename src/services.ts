import path from 'node:path';
import { ApiKeyService } from './platform/access/api-key.service.js';
import { OrganizationService } from './platform/access/organization.service.js';
import { AssetEdit } from './library/assets/asset-edit.js';
import { AssetFileService } from './library/assets/asset-file.service.js';
import { AssetIngest } from './library/assets/asset-ingest.js';
import { AssetService } from './library/assets/asset.service.js';
import { BrandService } from './library/brands/brand.service.js';
import { CollectionService } from './library/collections/collection.service.js';
import { ALT_TEXT_READ } from './judging/judgements/alt-text-read.job.js';
import { ComplianceService } from './judging/judgements/compliance.service.js';
import type { ScopeFilters } from './judging/rules/rule-scope.js';
import { GuidelineFileService } from './judging/guidelines/guideline-file.service.js';
import { GuidelineService } from './judging/guidelines/guideline.service.js';
import { RuleCheckService } from './judging/guidelines/rule-check.service.js';
import { RuleImport } from './judging/guidelines/rule-import.js';
import { RuleService } from './judging/guidelines/rule.service.js';
import { CalibrationService } from './seeing/concepts/calibration.service.js';
import { ConceptCalibrationService } from './seeing/concepts/concept-calibration.service.js';
import { CONCEPT_MATCH } from './seeing/concepts/concept-match.job.js';
import { ConceptMatching } from './seeing/concepts/concept-matching.js';
import { ConceptVectors } from './seeing/concepts/concept-vectors.js';
import { ConceptService } from './seeing/concepts/concept.service.js';
import { MatchService } from './seeing/concepts/match.service.js';
import type { Config } from './config.js';
import type { Database, OrganizationTx } from './platform/database/database.js';
import { ReviewService } from './judging/decisions/review.service.js';
import { WaiverService } from './judging/decisions/waiver.service.js';
import { DeliveryService } from './exchange/delivery/delivery.service.js';
import { DescribedCopies } from './exchange/delivery/described-copies.js';
import { VersionFiles } from './exchange/delivery/version-files.js';
import { RenditionService } from './exchange/delivery/rendition.service.js';
import { DetectionService } from './seeing/detection/detection.service.js';
import { DetectorLibrary } from './seeing/detection/detector-library.js';
import { DuplicateService } from './library/duplicates/duplicate.service.js';
import { BulkEditService } from './exchange/edits/bulk-edit.service.js';
import type { EmbedderPool } from './engines/embedding/embedder-pool.js';
import { EmbeddingService, type LibraryModel } from './engines/embedding/embedding.service.js';
import type { ModelLibrary } from './engines/embedding/model-library.js';
import { ModelRevisionService } from './engines/embedding/model-revision.service.js';
import type { FileStore } from './platform/files/file-store.js';
import { MINIMUM_FREE_BYTE_SIZE } from './platform/files/local-file-store.js';
import { AssetExportService } from './exchange/exports/asset-export.service.js';
import { ImportBuckets } from './platform/files/import-buckets.js';
import { HistoryService } from './judging/history/history.service.js';
import type { Signer } from './platform/http/signed-token.js';
import { ImportControlService } from './exchange/imports/import-control.service.js';
import { ImportResultService } from './exchange/imports/import-result.service.js';
import { MultipartUploadService } from './library/uploads/multipart-upload.service.js';
import { ResumableUploads } from './library/uploads/resumable-uploads.js';
import { ImportService } from './exchange/imports/import.service.js';
import { SourceReader } from './exchange/imports/source-request.js';
import { StagedUploadService } from './library/uploads/staged-upload.service.js';
import { WatchedFolderService } from './exchange/imports/watched-folder.service.js';
import type { JobQueue } from './platform/jobs/job-queue.js';
import { ProgressWatch } from './platform/jobs/progress-watch.js';
import type { Logger } from './log.js';
import { MARK_SCAN } from './seeing/marks/mark-scan.job.js';
import { MarkService } from './seeing/marks/mark.service.js';
import type { MediaAnalyzer } from './engines/media/media-analyzer.js';
import { RemedyService } from './exchange/remedies/remedy.service.js';
import { ReleaseService } from './exchange/releases/release.service.js';
import { ReportExportService } from './exchange/reports/report-export.service.js';
import { ReportScheduleService } from './exchange/reports/report-schedule.service.js';
import { ReportWriter } from './exchange/reports/report-writer.js';
import { ReportService } from './exchange/reports/report.service.js';
import { SAVED_SEARCH_MATCH } from './finding/saved-searches/saved-search-match.job.js';
import { SavedSearchService } from './finding/saved-searches/saved-search.service.js';
import { FilterService } from './finding/search/filter.service.js';
import { QueryReader } from './finding/search/query-reader.service.js';
import { AssetScopeFilters } from './finding/search/scope-filter.js';
import { SearchService } from './finding/search/search.service.js';
import { FileKeeper } from './library/storage/file-keeper.js';
import { StorageService } from './library/storage/storage.service.js';
import { TagService } from './library/tags/tag.service.js';
import { WebhookOutbox } from './library/webhooks/webhook-outbox.js';
import { WebhookService } from './library/webhooks/webhook.service.js';

/** What the services stand on: everything outside of this program, opened by app.ts. */
export interface Ground {
  config: Config;
  log: Logger;
  database: Database;
  files: FileStore;
  library: ModelLibrary;
  models: EmbedderPool;
  media: MediaAnalyzer;
  queue: JobQueue;
  signer: Signer;
  /** Address of this server as callers know it; known once it listens. */
  baseUrl: () => string;
}

/** Every service, built once, in the order in which they need each other. */
export async function buildServices({ config, log, database, files, library, models, media, queue, signer, baseUrl }: Ground) {
  const embedding = await EmbeddingService.create(database, models, { defaultName: await library.chosen() });
  const calibration = new CalibrationService(database, embedding);
  // Rules need filters to tell their scopes by, filters need tags, and changed tags have assets judged: a scope is asked for later.
  const scopes: ScopeFilters = { read: (...scope) => assetScopes.read(...scope), compile: (...scope) => assetScopes.compile(...scope) };
  const compliance = new ComplianceService(database, embedding, undefined, scopes, (tx) =>
    queue.enqueue(tx, ALT_TEXT_READ, [{ organizationId: tx.organizationId }]),
  );
  const modelRevisions = new ModelRevisionService(database, embedding, queue, compliance, log);
  const tags = new TagService(database, { afterChange: (tx, assetIds) => compliance.judgeAssets(tx, assetIds) });
  const assetScopes = new AssetScopeFilters(tags);
  const collections = new CollectionService(database, { afterChange: (tx, assetIds) => compliance.judgeScopes(tx, assetIds) });
  const brands = new BrandService(database, compliance);
  const ruleChecks = new RuleCheckService(database, tags, compliance);
  const rules = new RuleService(database, brands, tags, compliance, ruleChecks);
  const ruleImport = new RuleImport(ruleChecks);
  const guidelines = new GuidelineService(database, brands, rules, ruleImport);
  const reviews = new ReviewService(database, compliance);
  const waivers = new WaiverService(database, compliance);
  const history = new HistoryService(database);
  const reports = new ReportService(database, compliance, history);
  const reportWriter = new ReportWriter({ database, files, media, reports });
  const reportExports = new ReportExportService(database, queue, files, signer, baseUrl);
  const reportSchedules = new ReportScheduleService(database, reportExports);
  const organizations = new OrganizationService(database);
  const apiKeys = new ApiKeyService(database);
  const assets = new AssetService(database, tags, collections, embedding, compliance);
  const conceptVectors = new ConceptVectors(database, embedding);
  const matching = new ConceptMatching(database, conceptVectors);
  const conceptChanges = {
    afterChange: (tx: OrganizationTx) => queue.enqueue(tx, CONCEPT_MATCH, [{ organizationId: tx.organizationId }]),
    afterCommit: () => queue.wake(CONCEPT_MATCH),
  };
  // A new picture is judged by the rules and compared with the concepts.
  const newPictures = {
    prepare: (organizationId: string, model?: LibraryModel) => compliance.prepare(organizationId, model),
    adoptModel: (organizationId: string) => compliance.adoptModel(organizationId),
    judgeWithout: <T>(tx: OrganizationTx, assetIds: readonly string[], change: () => Promise<T>) =>
      compliance.judgeWithout(tx, assetIds, change),
    judgeVersions: async (tx: OrganizationTx, versionIds: readonly string[]) => {
      await compliance.judgeVersions(tx, versionIds);
      await matching.matchVersions(tx, versionIds);
    },
  };
  const ingest = new AssetIngest(tags, collections, embedding, newPictures);
  const assetFiles = new AssetFileService(database, files, signer, baseUrl);
  const scans = {
    enqueue: (tx: OrganizationTx) => queue.enqueue(tx, MARK_SCAN, [{ organizationId: tx.organizationId }]),
    wake: () => queue.wake(MARK_SCAN),
  };
  const marks = new MarkService({ database, files, media, brands, compliance, scans });
  const guidelineFiles = new GuidelineFileService({ database, brands, guidelines, ruleImport, marks, tags, compliance });
  const detectors = new DetectorLibrary(path.join(config.dataFolder, 'detectors'));
  const detections = new DetectionService(database, compliance);
  const renditions = new RenditionService(database, files, media);
  const temporaryFolder = path.join(config.dataFolder, 'tmp');
  const copies = new DescribedCopies({ database, files, media, temporaryFolder });
  const versionFiles = new VersionFiles(files, renditions, copies);
  const delivery = new DeliveryService({ database, versionFiles, assets, compliance, signer, baseUrl });
  const remedies = new RemedyService({ database, compliance, renditions, delivery });
  const releases = new ReleaseService(database, compliance, remedies);
  const duplicates = new DuplicateService(database, embedding);
  const concepts = new ConceptService(database, conceptVectors, conceptChanges);
  const conceptCalibration = new ConceptCalibrationService(database, conceptVectors, assets, conceptChanges);
  const matches = new MatchService(database, assets, tags);
  const keeper = new FileKeeper(database, files);
  const uploads = new StagedUploadService(database, files, keeper, config.media.maxByteSize);
  const multipartUploads = new MultipartUploadService(database, uploads, files.direct);
  const resumableUploads = new ResumableUploads(uploads, {
    folder: path.join(config.dataFolder, 'uploads'),
    maxByteSize: config.media.maxByteSize,
    minimumFreeByteSize: MINIMUM_FREE_BYTE_SIZE,
    baseUrl,
    authenticate: (secret) => apiKeys.authenticate(secret),
    log,
  });
  const reader = new QueryReader({ database, calibration, uploads, files, media });
  const search = new SearchService(database, embedding, new FilterService(embedding, tags, compliance), calibration, reader);
  const outbound = { allowedHosts: new Set(config.webhookHosts) };
  const outbox = new WebhookOutbox(queue, outbound);
  const webhooks = new WebhookService(database, outbox);
  const savedSearches = new SavedSearchService(database, search, outbox, async (organizationId) => {
    await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, SAVED_SEARCH_MATCH, [{ organizationId }]));
    queue.wake(SAVED_SEARCH_MATCH);
  });
  const importBuckets = new ImportBuckets(config.importBuckets);
  const sources = new SourceReader(uploads, config.importRoots, config.importUrls, importBuckets);
  const imports = new ImportService(database, queue, sources);
  const watchedFolders = new WatchedFolderService(database, imports, config.importRoots);
  const importControl = new ImportControlService(database, queue);
  const importResults = new ImportResultService(database, signer, baseUrl);
  const importWatch = new ProgressWatch(imports);
  const assetEdit = new AssetEdit(tags, collections, compliance);
  const bulkEdits = new BulkEditService(database, queue, search, assetEdit);
  const bulkEditWatch = new ProgressWatch(bulkEdits);
  const storage = new StorageService(database, files, keeper, organizations);
  const assetExports = new AssetExportService({ database, search, files, renditions, copies, signer, baseUrl, temporaryFolder });

  return {
    embedding,
    calibration,
    compliance,
    modelRevisions,
    tags,
    collections,
    brands,
    ruleChecks,
    rules,
    guidelines,
    guidelineFiles,
    reviews,
    waivers,
    history,
    reports,
    reportWriter,
    reportExports,
    reportSchedules,
    remedies,
    releases,
    organizations,
    apiKeys,
    assets,
    conceptVectors,
    matching,
    conceptChanges,
    newPictures,
    ingest,
    assetFiles,
    scans,
    marks,
    detectors,
    detections,
    renditions,
    copies,
    delivery,
    duplicates,
    concepts,
    conceptCalibration,
    matches,
    uploads,
    resumableUploads,
    multipartUploads,
    reader,
    search,
    outbound,
    outbox,
    webhooks,
    savedSearches,
    importBuckets,
    sources,
    imports,
    importControl,
    watchedFolders,
    importResults,
    importWatch,
    assetEdit,
    bulkEdits,
    bulkEditWatch,
    assetExports,
    keeper,
    storage,
  };
}

export type Services = Awaited<ReturnType<typeof buildServices>>;
