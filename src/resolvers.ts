import type { GraphQLSchema } from 'graphql';
import { ApiKeyResolver } from './access/api-key.resolver.js';
import { ViewerResolver } from './access/viewer.resolver.js';
import { AssetVersionPartsResolver, MatchedPartResolver } from './assets/asset-part.resolver.js';
import { AssetResolver } from './assets/asset.resolver.js';
import { toAsset } from './assets/asset.types.js';
import { AssetBrandResolver } from './brands/asset-brand.resolver.js';
import { BrandResolver } from './brands/brand.resolver.js';
import { toBrand } from './brands/brand.types.js';
import { AssetCollectionsResolver } from './collections/asset-collections.resolver.js';
import { CollectionResolver } from './collections/collection.resolver.js';
import { AssetFindingsResolver } from './compliance/asset-findings.resolver.js';
import { ComplianceResolver } from './compliance/compliance.resolver.js';
import { GuidelineFileResolver } from './compliance/guideline-file.resolver.js';
import { GuidelineResolver } from './compliance/guideline.resolver.js';
import { RuleCheckResolver } from './compliance/rule-check.resolver.js';
import { RuleResolver } from './compliance/rule.resolver.js';
import { AssetMatchesResolver } from './concepts/asset-matches.resolver.js';
import { BiasResolver } from './concepts/bias.resolver.js';
import { BiasService } from './concepts/bias.service.js';
import { ClassificationResolver } from './concepts/classification.resolver.js';
import { ClassificationService } from './concepts/classification.service.js';
import { ConceptCalibrationResolver } from './concepts/concept-calibration.resolver.js';
import { ConceptResolver } from './concepts/concept.resolver.js';
import { MatchResolver } from './concepts/match.resolver.js';
import { DecisionResolver } from './decisions/decision.resolver.js';
import { AssetRenditionsResolver } from './delivery/asset-renditions.resolver.js';
import { DeliveryResolver } from './delivery/delivery.resolver.js';
import { DetectionResolver } from './detection/detection.resolver.js';
import { DuplicateResolver } from './duplicates/duplicate.resolver.js';
import { BULK_EDIT_CHANGED, BulkEditResolver, type BulkEditTopic } from './edits/bulk-edit.resolver.js';
import { toBulkEdit } from './edits/bulk-edit.types.js';
import { EmbeddingResolver } from './embedding/embedding.resolver.js';
import { ModelRevisionResolver } from './embedding/model-revision.resolver.js';
import { AssetExportResolver } from './exports/asset-export.resolver.js';
import { toGlobalId } from './graphql/global-id.js';
import { NodeResolver } from './graphql/node.resolver.js';
import { buildGraphqlSchema } from './graphql/schema.js';
import { HistoryResolver } from './history/history.resolver.js';
import { IMPORT_CHANGED, ImportResolver, type ImportTopic } from './imports/import.resolver.js';
import { toImportOperation } from './imports/import.types.js';
import { StagedUploadResolver } from './imports/staged-upload.resolver.js';
import { WatchedFolderResolver } from './imports/watched-folder.resolver.js';
import { AssetMarksResolver, MarkResolver } from './marks/mark.resolver.js';
import { RemedyResolver } from './remedies/remedy.resolver.js';
import { ReleaseResolver } from './releases/release.resolver.js';
import { BrandReportResolver } from './reports/brand-report.resolver.js';
import { ReportExportResolver } from './reports/report-export.resolver.js';
import { ReportScheduleResolver } from './reports/report-schedule.resolver.js';
import { ReportResolver } from './reports/report.resolver.js';
import { SavedSearchResolver } from './saved-searches/saved-search.resolver.js';
import { AssetConnectionResolver, SearchReportResolver, SearchResolver } from './search/search.resolver.js';
import { SuggestionResolver } from './search/suggestion.resolver.js';
import { SuggestionService } from './search/suggestion.service.js';
import type { Ground, Services } from './services.js';
import { StorageResolver } from './storage/storage.resolver.js';
import { TagResolver } from './tags/tag.resolver.js';
import { WebhookResolver } from './webhooks/webhook.resolver.js';

/** The GraphQL schema over the services: one resolver a room, one service call a field. */
export function buildSchema(services: Services, { database, baseUrl }: Pick<Ground, 'database' | 'baseUrl'>): GraphQLSchema {
  const {
    embedding,
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
    reportExports,
    reportSchedules,
    remedies,
    releases,
    organizations,
    apiKeys,
    assets,
    conceptVectors,
    assetFiles,
    marks,
    detections,
    delivery,
    duplicates,
    storage,
    concepts,
    conceptCalibration,
    matches,
    uploads,
    multipartUploads,
    watchedFolders,
    search,
    savedSearches,
    webhooks,
    imports,
    importControl,
    importResults,
    importWatch,
    bulkEdits,
    bulkEditWatch,
    assetExports,
  } = services;
  const events = {
    [IMPORT_CHANGED]: ({ viewer, importId }: ImportTopic) => importWatch.follow(viewer, importId),
    [BULK_EDIT_CHANGED]: ({ viewer, editId }: BulkEditTopic) => bulkEditWatch.follow(viewer, editId),
  };
  return buildGraphqlSchema(events, [
    new ApiKeyResolver(apiKeys),
    new AssetResolver(assets, assetFiles),
    new AssetVersionPartsResolver(assetFiles),
    new AssetBrandResolver(brands),
    new AssetCollectionsResolver(collections),
    new AssetConnectionResolver(),
    new MatchedPartResolver(assetFiles),
    new AssetMatchesResolver(matches),
    new AssetFindingsResolver(compliance),
    new AssetMarksResolver(marks),
    new AssetRenditionsResolver(delivery),
    new BrandReportResolver(reports),
    new BiasResolver(new BiasService(database, conceptVectors, tags)),
    new BrandResolver(brands),
    new AssetExportResolver(assetExports),
    new BulkEditResolver(bulkEdits),
    new ClassificationResolver(new ClassificationService(database, conceptVectors)),
    new CollectionResolver(collections),
    new ComplianceResolver(compliance),
    new DetectionResolver(detections),
    new DeliveryResolver(delivery),
    new DecisionResolver(reviews, waivers),
    new DuplicateResolver(duplicates),
    new StorageResolver(storage),
    new ConceptCalibrationResolver(conceptCalibration),
    new ConceptResolver(concepts),
    new EmbeddingResolver(embedding),
    new GuidelineResolver(guidelines),
    new GuidelineFileResolver(guidelineFiles),
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
      BulkEdit: async (viewer, key) => nullable(toBulkEdit)(await bulkEdits.find(viewer, key)),
      ImportOperation: async (viewer, key) => nullable(toImportOperation)(await imports.find(viewer, key)),
    }),
    new RemedyResolver(remedies),
    new ReleaseResolver(releases),
    new ReportResolver(reports),
    new RuleCheckResolver(ruleChecks),
    new ReportExportResolver(reportExports),
    new ReportScheduleResolver(reportSchedules),
    new RuleResolver(rules),
    new SearchReportResolver(),
    new SavedSearchResolver(savedSearches),
    new SearchResolver(search),
    new StagedUploadResolver(uploads, multipartUploads, baseUrl),
    new WatchedFolderResolver(watchedFolders),
    new SuggestionResolver(new SuggestionService(database)),
    new TagResolver(tags),
    new ViewerResolver(organizations),
    new WebhookResolver(webhooks),
  ]);
}

function nullable<Row, T>(map: (row: Row) => T): (row: Row | null | undefined) => T | null {
  return (row) => (row == null ? null : map(row));
}
