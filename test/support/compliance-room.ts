import 'reflect-metadata';
import type { Viewer } from '../../src/viewer.js';
import { BrandService } from '../../src/library/brands/brand.service.js';
import { ComplianceService } from '../../src/judging/judgements/compliance.service.js';
import { GuidelineFileService } from '../../src/judging/guidelines/guideline-file.service.js';
import { GuidelineService } from '../../src/judging/guidelines/guideline.service.js';
import { RuleCheckService } from '../../src/judging/guidelines/rule-check.service.js';
import { RuleImport } from '../../src/judging/guidelines/rule-import.js';
import { RuleService } from '../../src/judging/guidelines/rule.service.js';
import type { NewRule } from '../../src/judging/guidelines/rule-record.js';
import type { Database } from '../../src/platform/database/database.js';
import { sql } from '../../src/platform/database/sql.js';
import { registerModel } from '../../src/engines/embedding/embedding.queries.js';
import { HistoryService } from '../../src/judging/history/history.service.js';
import type { MarkService } from '../../src/seeing/marks/mark.service.js';
import { ReportService } from '../../src/exchange/reports/report.service.js';
import type { ScopeFilters } from '../../src/judging/rules/rule-scope.js';
import { AssetScopeFilters } from '../../src/finding/search/scope-filter.js';
import { TagService } from '../../src/library/tags/tag.service.js';
import { insertOrganization, viewerAs } from '../support/asset-rows.js';

/** Three-dimensional vectors by text, so that cosines can be told by hand. */
export const TEXT_VECTORS: Record<string, readonly number[]> = {
  'a cigarette': [1, 0, 0],
  'a lit cigarette': [0.8, 0.6, 0],
  'a pencil': [0, 1, 0],
  'a candle': [0, 0, 1],
};

export interface Compliance {
  admin: Viewer;
  brands: BrandService;
  compliance: ComplianceService;
  guidelines: GuidelineService;
  guidelineFiles: GuidelineFileService;
  reports: ReportService;
  rules: RuleService;
  checks: RuleCheckService;
  tags: TagService;
  modelRevisionId: number;
  /** How often alternative texts were asked to be read. */
  readings: { count: number };
  /** Texts whose vectors were asked for. */
  asked: string[];
  /** What the services take for the present. */
  setNow(now: string): void;
  now(): Date;
}

/** The services of one organisation over a model of our own making (logit scale 10), with a clock that the test turns. */
export async function openCompliance(database: Database, slug: string): Promise<Compliance> {
  const organizationId = await insertOrganization(database, slug);
  const model = await registerModel(database, {
    ...{ modelId: 'hand-made', revision: 'hand-made-1', dimensions: 3, modelType: 'clip', logitScale: 10, logitBias: null },
  } as Parameters<typeof registerModel>[1]);
  let now = new Date('2026-06-15T12:00:00Z');
  const asked: string[] = [];
  const embedding = {
    revisionIn: async () => ({ id: model.id }),
    ensureTextVectors: async (owner: string, texts: readonly string[]) => {
      asked.push(...texts);
      await database.asOrganization(owner, async (tx) => {
        for (const text of new Set(texts)) {
          const vector = TEXT_VECTORS[text] ?? [0, 0.6, 0.8];
          await tx.execute(sql`INSERT INTO text_embedding (organization_id, model_revision_id, text, vector)
            VALUES (${owner}::uuid, ${model.id}, ${text}, ${`[${vector.join(',')}]`}::halfvec) ON CONFLICT DO NOTHING`);
        }
      });
    },
  };
  const scopes: ScopeFilters = { read: (...scope) => filters.read(...scope), compile: (...scope) => filters.compile(...scope) };
  const readings = { count: 0 };
  const compliance = new ComplianceService(
    database,
    embedding,
    () => now,
    scopes,
    async () => {
      readings.count += 1;
    },
  );
  const brands = new BrandService(database, compliance);
  const tags = new TagService(database, { afterChange: (tx, assetIds) => compliance.judgeAssets(tx, assetIds) });
  const filters = new AssetScopeFilters(tags);
  const checks = new RuleCheckService(database, tags, compliance);
  const rules = new RuleService(database, brands, tags, compliance, checks);
  const ruleImport = new RuleImport(checks);
  const guidelines = new GuidelineService(database, brands, rules, ruleImport);
  // Marks need files and a decoder: tests of theirs open the whole application.
  const marks = {} as MarkService;
  return {
    reports: new ReportService(database, compliance, new HistoryService(database)),
    ...{ brands, compliance, rules, checks, tags, asked, readings, modelRevisionId: model.id },
    admin: viewerAs(organizationId, 'ADMIN'),
    guidelines,
    guidelineFiles: new GuidelineFileService({ database, brands, guidelines, ruleImport, marks, tags, compliance }),
    now: () => now,
    setNow: (text) => {
      now = new Date(text);
    },
  };
}

/** A brand in red and navy with an empty guideline. */
export async function makeBrand({ brands, guidelines, admin }: Compliance, key: string) {
  const brand = await brands.createBrand(admin, {
    ...{ key, name: key },
    palette: [
      { name: 'Red', hex: '#D92B33' },
      { name: 'Navy', hex: '#1d2d63' },
    ],
  });
  const guideline = await guidelines.createGuideline(admin, {
    brandId: brand.id,
    name: 'Guideline',
    sections: [{ title: 'Colour', text: 'Red and navy.' }],
  });
  return { brandId: brand.id, guidelineId: guideline.id };
}

/** A published rule. */
export async function makeRule({ rules, admin }: Compliance, rule: Omit<NewRule, 'title' | 'key' | 'severity'> & Partial<NewRule>) {
  const created = await rules.createRule(admin, {
    key: rule.kind.toLowerCase().replaceAll('_', '-'),
    title: rule.kind,
    severity: 'MAJOR',
    ...rule,
  });
  return rules.publishRule(admin, created.id);
}
