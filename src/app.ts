import 'reflect-metadata';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ApiKeyResolver } from './access/api-key.resolver.js';
import { ApiKeyService } from './access/api-key.service.js';
import { OrganizationService } from './access/organization.service.js';
import { ViewerResolver } from './access/viewer.resolver.js';
import { AssetFileService } from './assets/asset-file.service.js';
import { AssetIngest } from './assets/asset-ingest.js';
import { ASSET_REMEASURE, AssetRemeasureJob } from './assets/asset-remeasure.job.js';
import { AssetRestore } from './assets/asset-restore.js';
import { AssetResolver } from './assets/asset.resolver.js';
import { AssetService } from './assets/asset.service.js';
import { toAsset } from './assets/asset.types.js';
import { AssetBrandResolver } from './brands/asset-brand.resolver.js';
import { BrandResolver } from './brands/brand.resolver.js';
import { BrandService } from './brands/brand.service.js';
import { toBrand } from './brands/brand.types.js';
import { AssetCollectionsResolver } from './collections/asset-collections.resolver.js';
import { CollectionResolver } from './collections/collection.resolver.js';
import { CollectionService } from './collections/collection.service.js';
import { AssetFindingsResolver } from './compliance/asset-findings.resolver.js';
import { ComplianceResolver } from './compliance/compliance.resolver.js';
import { ComplianceService } from './compliance/compliance.service.js';
import { GuidelineResolver } from './compliance/guideline.resolver.js';
import { GuidelineService } from './compliance/guideline.service.js';
import { RuleCheckResolver } from './compliance/rule-check.resolver.js';
import { RuleCheckService } from './compliance/rule-check.service.js';
import { RuleResolver } from './compliance/rule.resolver.js';
import { RuleService } from './compliance/rule.service.js';
import { CALIBRATION, CalibrationJob } from './concepts/calibration.job.js';
import { CalibrationService } from './concepts/calibration.service.js';
import { AssetMatchesResolver } from './concepts/asset-matches.resolver.js';
import { BiasResolver } from './concepts/bias.resolver.js';
import { BiasService } from './concepts/bias.service.js';
import { ClassificationResolver } from './concepts/classification.resolver.js';
import { ClassificationService } from './concepts/classification.service.js';
import { CONCEPT_MATCH, ConceptMatchJob } from './concepts/concept-match.job.js';
import { ConceptMatching } from './concepts/concept-matching.js';
import { ConceptVectors } from './concepts/concept-vectors.js';
import { ConceptCalibrationResolver } from './concepts/concept-calibration.resolver.js';
import { ConceptCalibrationService } from './concepts/concept-calibration.service.js';
import { ConceptResolver } from './concepts/concept.resolver.js';
import { ConceptService } from './concepts/concept.service.js';
import { MatchResolver } from './concepts/match.resolver.js';
import { MatchService } from './concepts/match.service.js';
import type { Config } from './config.js';
import { DecisionResolver } from './decisions/decision.resolver.js';
import { ReviewService } from './decisions/review.service.js';
import { WaiverService } from './decisions/waiver.service.js';
import type { OrganizationTx } from './database/database.js';
import { openDatabase } from './database/open-database.js';
import { DeliveryResolver } from './delivery/delivery.resolver.js';
import { DeliveryService } from './delivery/delivery.service.js';
import { AssetRenditionsResolver } from './delivery/asset-renditions.resolver.js';
import { RenditionService } from './delivery/rendition.service.js';
import { DUPLICATE_SCAN, DuplicateScanJob } from './duplicates/duplicate-scan.job.js';
import { DuplicateResolver } from './duplicates/duplicate.resolver.js';
import { DuplicateService } from './duplicates/duplicate.service.js';
import { EmbedderPool } from './embedding/embedder-pool.js';
import { EmbeddingResolver } from './embedding/embedding.resolver.js';
import { EmbeddingService, type LibraryModel } from './embedding/embedding.service.js';
import { VECTOR_INDEX, VectorIndexJob } from './embedding/vector-index.job.js';
import { ModelLibrary } from './embedding/model-library.js';
import { ModelRevisionResolver } from './embedding/model-revision.resolver.js';
import { ModelRevisionService } from './embedding/model-revision.service.js';
import { REVISION_BUILD, RevisionBuildJob } from './embedding/revision-build.job.js';
import { openFileStore } from './files/open-file-store.js';
import { toGlobalId } from './graphql/global-id.js';
import { NodeResolver } from './graphql/node.resolver.js';
import { buildGraphqlSchema } from './graphql/schema.js';
import { createGraphqlServer } from './graphql/server.js';
import { HistoryResolver } from './history/history.resolver.js';
import { HistoryService } from './history/history.service.js';
import { createHttpServer, type HttpServer } from './http/http-server.js';
import { createSigner } from './http/signed-token.js';
import { loadSigningSecret } from './http/signing-secret.js';
import { ImportBatchJob, type StageClock } from './imports/import-batch.job.js';
import { ImportControlService } from './imports/import-control.service.js';
import { IMPORT_BATCH, IMPORT_PLAN, IMPORT_UNDO } from './imports/import-jobs.js';
import { ImportOutcomes } from './imports/import-outcomes.js';
import { ImportPlanJob } from './imports/import-plan.job.js';
import { ImportResultService } from './imports/import-result.service.js';
import { ImportUndoJob } from './imports/import-undo.job.js';
import { ImportWatch } from './imports/import-watch.js';
import { IMPORT_CHANGED, ImportResolver, type ImportTopic } from './imports/import.resolver.js';
import { ImportService } from './imports/import.service.js';
import { toImportOperation } from './imports/import.types.js';
import { ItemFiles } from './imports/item-files.js';
import { openManifestTemplate } from './imports/manifest-template.js';
import { SourceListing } from './imports/source-listing.js';
import { SourceReader } from './imports/source-request.js';
import { StagedUploadResolver } from './imports/staged-upload.resolver.js';
import { StagedUploadService } from './imports/staged-upload.service.js';
import { UrlSource } from './imports/url-source.js';
import { JobQueue } from './jobs/job-queue.js';
import type { Logger } from './log.js';
import { MARK_SCAN, MarkScanJob } from './marks/mark-scan.job.js';
import { AssetMarksResolver, MarkResolver } from './marks/mark.resolver.js';
import { MarkService } from './marks/mark.service.js';
import { createMediaAnalyzer } from './media/media-analyzer.js';
import { ReleaseResolver } from './releases/release.resolver.js';
import { ReleaseService } from './releases/release.service.js';
import { BrandReportResolver } from './reports/brand-report.resolver.js';
import { COMPLIANCE_CLOCK, COMPLIANCE_CLOCK_CRON, ComplianceClockJob } from './reports/compliance-clock.job.js';
import { ReportScheduleResolver } from './reports/report-schedule.resolver.js';
import { ReportScheduleService } from './reports/report-schedule.service.js';
import { ReportExportJob } from './reports/report-export.job.js';
import { ReportExportResolver } from './reports/report-export.resolver.js';
import { REPORT_EXPORT, ReportExportService } from './reports/report-export.service.js';
import { ReportWriter } from './reports/report-writer.js';
import { ReportResolver } from './reports/report.resolver.js';
import { ReportService } from './reports/report.service.js';
import { SAVED_SEARCH_MATCH, SavedSearchMatchJob } from './saved-searches/saved-search-match.job.js';
import { SavedSearchResolver } from './saved-searches/saved-search.resolver.js';
import { SavedSearchService } from './saved-searches/saved-search.service.js';
import { WEBHOOK_DELIVERY, WebhookDeliveryJob } from './saved-searches/webhook-delivery.job.js';
import { FilterService } from './search/filter.service.js';
import { QueryReader } from './search/query-reader.service.js';
import { AssetConnectionResolver, SearchReportResolver, SearchResolver } from './search/search.resolver.js';
import { SearchService } from './search/search.service.js';
import { SuggestionResolver } from './search/suggestion.resolver.js';
import { SuggestionService } from './search/suggestion.service.js';
import { TagResolver } from './tags/tag.resolver.js';
import { TagService } from './tags/tag.service.js';

export const EXAMPLE_QUERIES = [
  `# Pictures by what is in them, among those with a tag
query Search {
  assets(query: "a red car", filter: { tags: { any: ["kind/banner"] } }, first: 5) {
    totalCount
    search { mode exhaustive notices }
    edges { score node { id title tags thumbnailUrl } }
  }
}`,
  `# How a brand's assets stand against its guidelines
query Report {
  brands(first: 5) {
    edges {
      node {
        name
        complianceReport(worst: 3) {
          score
          coverage
          perRule { title violations }
          worstAssets { title findings { message } }
        }
      }
    }
  }
}`,
] as const;

const THUMBNAIL_EDGE_PX = 512;

/** Every part of Vitrine, built once, top to bottom. */
export async function createApp(config: Config, log: Logger, options: { onStage?: StageClock } = {}) {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: error }, 'while stopping'));
  };
  try {
    const database = await openDatabase({ ...config.database, dataFolder: config.dataFolder });
    closers.push(() => database.close());
    const files = await openFileStore(config.storage);
    closers.push(() => files.close());
    const library = new ModelLibrary(config.model);
    const models = new EmbedderPool(library, config.model);
    closers.push(() => models.close());
    const media = createMediaAnalyzer(config.media);
    closers.push(() => media.close());
    const queue = new JobQueue(database, log);

    let httpServer: HttpServer | undefined;
    const baseUrl = () => httpServer?.url ?? config.publicUrl ?? `http://${config.host}:${config.port}`;
    const signer = createSigner(await loadSigningSecret(config.dataFolder));

    const embedding = await EmbeddingService.create(database, models, { defaultName: await library.chosen() });
    closers.push(() => embedding.close());
    const calibration = new CalibrationService(database, embedding);
    const compliance = new ComplianceService(database, embedding);
    const modelRevisions = new ModelRevisionService(database, embedding, queue, compliance, log);
    const tags = new TagService(database, { afterChange: (tx, assetIds) => compliance.judgeAssets(tx, assetIds) });
    const collections = new CollectionService(database);
    const brands = new BrandService(database, compliance);
    const ruleChecks = new RuleCheckService(database, tags, compliance);
    const rules = new RuleService(database, brands, tags, compliance, ruleChecks);
    const guidelines = new GuidelineService(database, brands, rules, tags, compliance);
    const reviews = new ReviewService(database, compliance);
    const waivers = new WaiverService(database, compliance);
    const history = new HistoryService(database);
    const reports = new ReportService(database, compliance, history);
    const reportWriter = new ReportWriter({ database, files, media, reports });
    const reportExports = new ReportExportService(database, queue, files, signer, baseUrl);
    const reportSchedules = new ReportScheduleService(database, reportExports);
    const releases = new ReleaseService(database, compliance);
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
    const renditions = new RenditionService(database, files, media);
    const delivery = new DeliveryService({ database, files, assets, renditions, signer, baseUrl });
    const duplicates = new DuplicateService(database, embedding);
    const concepts = new ConceptService(database, conceptVectors, conceptChanges);
    const conceptCalibration = new ConceptCalibrationService(database, conceptVectors, assets, conceptChanges);
    const matches = new MatchService(database, assets, tags);
    const uploads = new StagedUploadService(database, files, config.media.maxByteSize);
    const reader = new QueryReader({ database, calibration, uploads, files, media });
    const search = new SearchService(database, embedding, new FilterService(embedding, tags, compliance), calibration, reader);
    const outbound = { allowedHosts: new Set(config.webhookHosts) };
    const savedSearches = new SavedSearchService(database, search, outbound, async (organizationId) => {
      await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, SAVED_SEARCH_MATCH, [{ organizationId }]));
      queue.wake(SAVED_SEARCH_MATCH);
    });
    const sources = new SourceReader(uploads, config.importRoots, config.importUrls);
    const imports = new ImportService(database, queue, sources);
    const importControl = new ImportControlService(database, queue);
    const importResults = new ImportResultService(database, signer, baseUrl);

    const importWatch = new ImportWatch(database);
    const events = { [IMPORT_CHANGED]: ({ viewer, importId }: ImportTopic) => importWatch.follow(viewer, importId) };
    const schema = buildGraphqlSchema(events, [
      new ApiKeyResolver(apiKeys),
      new AssetResolver(assets, assetFiles),
      new AssetBrandResolver(brands),
      new AssetCollectionsResolver(collections),
      new AssetConnectionResolver(),
      new AssetMatchesResolver(matches),
      new AssetFindingsResolver(compliance),
      new AssetMarksResolver(marks),
      new AssetRenditionsResolver(delivery),
      new BrandReportResolver(reports),
      new BiasResolver(new BiasService(database, conceptVectors, tags)),
      new BrandResolver(brands),
      new ClassificationResolver(new ClassificationService(database, conceptVectors)),
      new CollectionResolver(collections),
      new ComplianceResolver(compliance),
      new DeliveryResolver(delivery),
      new DecisionResolver(reviews, waivers),
      new DuplicateResolver(duplicates),
      new ConceptCalibrationResolver(conceptCalibration),
      new ConceptResolver(concepts),
      new EmbeddingResolver(embedding),
      new GuidelineResolver(guidelines),
      new HistoryResolver(history),
      new ModelRevisionResolver(modelRevisions),
      new ImportResolver(imports, importControl, importResults),
      new MatchResolver(matches),
      new MarkResolver(marks),
      new NodeResolver({
        Asset: async (viewer, key) => nullable(toAsset)(await assets.find(viewer, toGlobalId('Asset', key))),
        Brand: async (viewer, key) => nullable(toBrand)((await brands.findBrands(viewer, [key]))[0]),
        Concept: (viewer, key) => concepts.find(viewer, toGlobalId('Concept', key)),
        ConceptMatch: (viewer, key) => matches.find(viewer, key),
        Collection: (viewer, key) => collections.findCollection(viewer, toGlobalId('Collection', key)),
        SavedSearch: (viewer, key) => savedSearches.find(viewer, toGlobalId('SavedSearch', key)),
        ImportOperation: async (viewer, key) => nullable(toImportOperation)(await imports.find(viewer, key)),
      }),
      new ReleaseResolver(releases),
      new ReportResolver(reports),
      new RuleCheckResolver(ruleChecks),
      new ReportExportResolver(reportExports),
      new ReportScheduleResolver(reportSchedules),
      new RuleResolver(rules),
      new SearchReportResolver(),
      new SavedSearchResolver(savedSearches),
      new SearchResolver(search),
      new StagedUploadResolver(uploads, baseUrl),
      new SuggestionResolver(new SuggestionService(database)),
      new TagResolver(tags),
      new ViewerResolver(organizations),
    ]);

    return {
      database,
      schema,
      embedding,
      calibration,
      concepts,
      matching,
      compliance,
      history,
      reports,
      reportWriter,
      reportSchedules,
      guidelines,
      organizations,
      apiKeys,
      brands,
      search,
      savedSearches,
      duplicates,
      imports,
      importControl,
      assets,
      modelRevisions,

      /** Starts the queue; with `work` this process also does the jobs. */
      async startJobs(work: boolean): Promise<void> {
        await queue.start([
          IMPORT_PLAN,
          IMPORT_BATCH,
          IMPORT_UNDO,
          REVISION_BUILD,
          CALIBRATION,
          ASSET_REMEASURE,
          DUPLICATE_SCAN,
          MARK_SCAN,
          CONCEPT_MATCH,
          VECTOR_INDEX,
          REPORT_EXPORT,
          COMPLIANCE_CLOCK,
          SAVED_SEARCH_MATCH,
          WEBHOOK_DELIVERY,
        ]);
        closers.push(() => queue.stop());
        if (!work) return;
        await files.sweepTemporary();
        const recovered = await queue.recover();
        if (recovered > 0) log.warn({ jobs: recovered }, 'jobs of a worker that died are taken up again');
        const batch = {
          parallelFiles: config.media.processes + 2,
          thumbnailEdgePx: THUMBNAIL_EDGE_PX,
          ...(options.onStage && { onStage: options.onStage }),
        };
        const { maxByteSize } = config.media;
        const listing = new SourceListing(database, files, config.importUrls, maxByteSize);
        await queue.work(IMPORT_PLAN, new ImportPlanJob(database, queue, listing), 1);
        // Two batches at a time: while one is written, the next is decoded.
        const libraryChanged = async (organizationId: string) => {
          for (const kind of [CALIBRATION, DUPLICATE_SCAN, MARK_SCAN, VECTOR_INDEX, SAVED_SEARCH_MATCH]) {
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
        closers.push(() => urls.close());
        const temporaryFolder = path.join(config.dataFolder, 'tmp');
        await mkdir(temporaryFolder, { recursive: true });
        const itemFiles = new ItemFiles(database, files, urls, { maxByteSize, temporaryFolder, parallel: batch.parallelFiles });
        const outcomes = new ImportOutcomes(ingest);
        const rooms = { database, itemFiles, files, media, embedding, ingest, outcomes, afterImport: imported };
        await queue.work(IMPORT_BATCH, new ImportBatchJob(rooms, batch, log), 2);
        await queue.work(IMPORT_UNDO, new ImportUndoJob(database, new AssetRestore(collections, newPictures)), 1);
        await queue.work(COMPLIANCE_CLOCK, new ComplianceClockJob({ organizations, compliance, schedules: reportSchedules }), 1);
        await queue.schedule(COMPLIANCE_CLOCK, COMPLIANCE_CLOCK_CRON, {});
        await queue.work(REPORT_EXPORT, new ReportExportJob(database, files, reportWriter), 1);
        await queue.work(MARK_SCAN, new MarkScanJob({ database, files, media, judge: compliance }), 1);
        await queue.work(CALIBRATION, new CalibrationJob(calibration), 1);
        await queue.work(VECTOR_INDEX, new VectorIndexJob(embedding), 1);
        await queue.work(DUPLICATE_SCAN, new DuplicateScanJob({ database, files, media, embedding }), 1);
        await queue.work(CONCEPT_MATCH, new ConceptMatchJob(matching), 1);
        const build = { database, files, media, embedding, queue, judge: newPictures, afterBuild: modelChanged };
        await queue.work(REVISION_BUILD, new RevisionBuildJob(build, log), 1);
        await queue.work(SAVED_SEARCH_MATCH, new SavedSearchMatchJob({ database, search, queue, log }), 1);
        await queue.work(WEBHOOK_DELIVERY, new WebhookDeliveryJob(database, { policy: outbound, log }), 2);
        const remeasure = new AssetRemeasureJob({ database, files, media, judge: compliance }, log);
        await queue.work(ASSET_REMEASURE, remeasure, 1);
        for (const { id } of await organizations.listOrganizations()) {
          await modelRevisions.followDefault(id);
          await compliance.adoptModel(id);
          await libraryChanged(id);
          if (await remeasure.isNeeded(id))
            await database.asOrganization(id, (tx) => queue.enqueue(tx, ASSET_REMEASURE, [{ organizationId: id }]));
          if (await matching.isNeeded(id)) await database.asOrganization(id, conceptChanges.afterChange);
          await modelRevisions.catchUp(id);
          await embedding.tidy(id);
        }
      },

      /** Serves GraphQL, uploads, files and health. @returns the base address */
      async serve(): Promise<string> {
        const graphql = await createGraphqlServer({ schema, authenticate: (secret) => apiKeys.authenticate(secret), log });
        closers.push(() => graphql.stop());
        const server = await createHttpServer({
          host: config.host,
          port: config.port,
          publicUrl: config.publicUrl,
          log,
          graphql: graphql.handler,
          upgrade: graphql.upgrade,
          exampleQueries: EXAMPLE_QUERIES,
          readiness: async () => ({
            database: await database.ping().then(
              () => 'ok' as const,
              () => 'does not answer',
            ),
            storage: await files.check().then(
              () => 'ok' as const,
              () => 'cannot be written',
            ),
          }),
          receiveUpload: (token, stream) => uploads.receive(token, stream),
          openFile: async (token) => (await assetFiles.open(token)) ?? (await delivery.open(token)) ?? reportExports.open(token),
          openImportResult: (token) => importResults.open(token),
          openManifestTemplate: async (format) => openManifestTemplate(format),
        });
        httpServer = server;
        closers.push(() => server.close());
        // Before the server waits for its connections to end.
        closers.push(() => graphql.endStreams());
        return server.url;
      },

      /** Stops in the reverse order of starting: no new requests, running jobs finish or are given back, then the database. */
      stop: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function nullable<Row, T>(map: (row: Row) => T): (row: Row | null | undefined) => T | null {
  return (row) => (row == null ? null : map(row));
}

export type App = Awaited<ReturnType<typeof createApp>>;
