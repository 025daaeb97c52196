import type { GraphQLSchema } from 'graphql';
import { ApiKeyResolver } from './platform/access/api-key.resolver.js';
import { ViewerResolver } from './platform/access/viewer.resolver.js';
import { AssetVersionPartsResolver, MatchedPartResolver } from './library/assets/asset-part.resolver.js';
import { AssetResolver } from './library/assets/asset.resolver.js';
import { toAsset } from './library/assets/asset.types.js';
import { AssetBrandResolver } from './library/brands/asset-brand.resolver.js';
import { BrandResolver } from './library/brands/brand.resolver.js';
import { toBrand } from './library/brands/brand.types.js';
import { AssetCollectionsResolver } from './library/assets/asset-collections.resolver.js';
import { CollectionResolver } from './library/collections/collection.resolver.js';
import { AssetFindingsResolver } from './judging/judgements/asset-findings.resolver.js';
import { ComplianceResolver } from './judging/judgements/compliance.resolver.js';
import { GuidelineFileResolver } from './judging/guidelines/guideline-file.resolver.js';
import { GuidelineResolver } from './judging/guidelines/guideline.resolver.js';
import { RuleCheckResolver } from './judging/guidelines/rule-check.resolver.js';
import { RuleResolver } from './judging/guidelines/rule.resolver.js';
import { AssetMatchesResolver } from './seeing/concepts/asset-matches.resolver.js';
import { BiasResolver } from './seeing/concepts/bias.resolver.js';
import { BiasService } from './seeing/concepts/bias.service.js';
import { ClassificationResolver } from './seeing/concepts/classification.resolver.js';
import { ClassificationService } from './seeing/concepts/classification.service.js';
import { ConceptCalibrationResolver } from './seeing/concepts/concept-calibration.resolver.js';
import { ConceptResolver } from './seeing/concepts/concept.resolver.js';
import { MatchResolver } from './seeing/concepts/match.resolver.js';
import { DecisionResolver } from './judging/decisions/decision.resolver.js';
import { AssetRenditionsResolver } from './exchange/delivery/asset-renditions.resolver.js';
import { DeliveryResolver } from './exchange/delivery/delivery.resolver.js';
import { DetectionResolver } from './seeing/detection/detection.resolver.js';
import { DuplicateResolver } from './library/duplicates/duplicate.resolver.js';
import { BULK_EDIT_CHANGED, BulkEditResolver, type BulkEditTopic } from './exchange/edits/bulk-edit.resolver.js';
import { toBulkEdit } from './exchange/edits/bulk-edit.types.js';
import { EmbeddingResolver } from './engines/embedding/embedding.resolver.js';
import { ModelRevisionResolver } from './engines/embedding/model-revision.resolver.js';
import { AssetExportResolver } from './exchange/exports/asset-export.resolver.js';
import { toGlobalId } from './platform/graphql/global-id.js';
import { NodeResolver } from './platform/graphql/node.resolver.js';
import { buildGraphqlSchema } from './platform/graphql/schema.js';
import { HistoryResolver } from './judging/history/history.resolver.js';
import { IMPORT_CHANGED, ImportResolver, type ImportTopic } from './exchange/imports/import.resolver.js';
import { toImportOperation } from './exchange/imports/import.types.js';
import { StagedUploadResolver } from './library/uploads/staged-upload.resolver.js';
import { WatchedFolderResolver } from './exchange/imports/watched-folder.resolver.js';
import { AssetMarksResolver, MarkResolver } from './seeing/marks/mark.resolver.js';
import { RemedyResolver } from './exchange/remedies/remedy.resolver.js';
import { ReleaseResolver } from './exchange/releases/release.resolver.js';
import { BrandReportResolver } from './exchange/reports/brand-report.resolver.js';
import { ReportExportResolver } from './exchange/reports/report-export.resolver.js';
import { ReportScheduleResolver } from './exchange/reports/report-schedule.resolver.js';
import { ReportResolver } from './exchange/reports/report.resolver.js';
import { SavedSearchResolver } from './finding/saved-searches/saved-search.resolver.js';
import { AssetConnectionResolver, SearchReportResolver, SearchResolver } from './finding/search/search.resolver.js';
import { SuggestionResolver } from './finding/search/suggestion.resolver.js';
import { SuggestionService } from './finding/search/suggestion.service.js';
import type { Ground, Services } from './services.js';
import { StorageResolver } from './library/storage/storage.resolver.js';
import { TagResolver } from './library/tags/tag.resolver.js';
import { WebhookResolver } from './library/webhooks/webhook.resolver.js';

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
