import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { Viewer } from '../../src/viewer.js';
import { CalibrationService } from '../../src/seeing/concepts/calibration.service.js';
import { ComplianceService } from '../../src/judging/judgements/compliance.service.js';
import type { RuleKind, RuleSeverity, Verdict } from '../../src/vocabulary/compliance.js';
import type { Database, OrganizationTx } from '../../src/platform/database/database.js';
import { sql } from '../../src/platform/database/sql.js';
import { type ModelRevision, registerModel, saveEmbeddings } from '../../src/engines/embedding/embedding.queries.js';
import { type EmbeddingOptions, EmbeddingService } from '../../src/engines/embedding/embedding.service.js';
import type { Embedder } from '../../src/engines/embedding/embedder.js';
import { EmbedderPool } from '../../src/engines/embedding/embedder-pool.js';
import { QueryReader, type QueryRooms } from '../../src/finding/search/query-reader.service.js';
import { FilterService } from '../../src/finding/search/filter.service.js';
import { SearchService } from '../../src/finding/search/search.service.js';
import { TagService } from '../../src/library/tags/tag.service.js';
import { insertAsset, insertOrganization, type TestAsset, viewerAs } from '../support/asset-rows.js';

export const DIMENSIONS = 8;

/** A unit vector in the plane of the first two axes; `turn` 0 to 1 is once around. */
export function onCircle(turn: number): number[] {
  return [Math.cos(turn * 2 * Math.PI), Math.sin(turn * 2 * Math.PI), 0, 0, 0, 0, 0, 0];
}

export interface SearchRoom {
  viewer: Viewer;
  organizationId: string;
  search: SearchService;
  calibration: CalibrationService;
  embedding: EmbeddingService;
  model: ModelRevision;
  tags: TagService;
  /** Texts and the vectors that stand for them; others are embedded as the first axis. */
  texts: Map<string, number[]>;
  inside<T>(work: (tx: OrganizationTx) => Promise<T>): Promise<T>;
  /** An asset and, when given, the vectors of its current version: of the whole, and of parts by their keys. */
  add(asset: TestAsset, vector?: readonly number[], parts?: Readonly<Record<string, readonly number[]>>): Promise<string>;
  tagIds(...names: string[]): Promise<number[]>;
  /** A brand with two guidelines and a rule of each kind. */
  makeBrand(key: string): Promise<{ brandId: string; ruleIds: Record<string, string>; rules: TestRule[] }>;
  /** A finding as judging would have left it. */
  addFinding(finding: { assetId: string; brandId: string; ruleId: string; verdict: Verdict; severity?: RuleSeverity }): Promise<void>;
}

export interface TestRule {
  id: string;
  guidelineId: string;
  kind: (typeof RULE_KINDS)[number];
  severity: RuleSeverity;
}

export const RULE_KINDS = ['ALT_TEXT', 'MIN_RESOLUTION', 'PALETTE'] as const satisfies RuleKind[];

/** Search over hand-made vectors of eight dimensions: all services are real, only the model's answers are written down here. */
export async function openSearch(database: Database, slug: string, options: EmbeddingOptions = {}): Promise<SearchRoom> {
  const texts = new Map<string, number[]>();
  const info = {
    modelId: 'hand-made',
    revision: 'hand-made-8',
    dimensions: DIMENSIONS,
    modelType: 'clip',
    logitScale: 10,
    logitBias: null,
    contextLength: 77,
  };
  const embedder = {
    info,
    embedTexts: async (asked: string[]) =>
      asked.map((text) => ({ vector: Float32Array.from(texts.get(text) ?? onCircle(0)), tokenCount: 3, truncated: text.length > 400 })),
  } as unknown as Embedder;
  const embedding = await EmbeddingService.create(database, EmbedderPool.of(embedder), { coverageMaxAgeMs: 1, ...options });
  const model = await registerModel(database, embedder.info);
  const calibration = new CalibrationService(database, embedding);
  const compliance = new ComplianceService(database, embedding);
  const tags = new TagService(database, { afterChange: async () => undefined });
  const organizationId = await insertOrganization(database, slug);
  const inside: SearchRoom['inside'] = (work) => database.asOrganization(organizationId, work);
  return {
    ...{ organizationId, model, tags, texts, inside, embedding },
    viewer: viewerAs(organizationId, 'VIEWER'),
    calibration,
    search: new SearchService(
      database,
      embedding,
      new FilterService(embedding, tags, compliance, () => new Date('2026-06-15T12:00:00Z')),
      calibration,
      // Nothing here is about files: searches by upload are tested on the whole program.
      new QueryReader({ database, calibration, uploads: {}, files: {}, media: {} } as unknown as QueryRooms),
    ),
    add: async (asset, vector, parts = {}) => {
      const { id, versionId } = await insertAsset(database, organizationId, asset);
      const vectors = Object.entries({ ...(vector && { whole: vector }), ...parts });
      await inside((tx) =>
        saveEmbeddings(
          tx,
          model.id,
          vectors.map(([part, values]) => ({ versionId, part, vector: Float32Array.from(values) })),
        ),
      );
      return id;
    },
    tagIds: async (...names) => {
      const ids = await inside((tx) => tags.resolveNames(tx, names));
      return names.map((name) => ids.get(name) as number);
    },
    makeBrand: (key) =>
      inside(async (tx) => {
        const brandId = randomUUID();
        const guidelineIds = [randomUUID(), randomUUID()] as const;
        const organization = sql`${organizationId}::uuid`;
        await tx.execute(
          sql`INSERT INTO brand (organization_id, id, key, name) VALUES (${organization}, ${brandId}::uuid, ${key}, ${key})`,
        );
        for (const id of guidelineIds) {
          await tx.execute(sql`INSERT INTO guideline (organization_id, id, brand_id, name)
            VALUES (${organization}, ${id}::uuid, ${brandId}::uuid, ${id})`);
        }
        const rules = RULE_KINDS.map(
          (kind, index): TestRule => ({
            ...{ id: randomUUID(), kind, guidelineId: guidelineIds[index === 0 ? 0 : 1] },
            severity: index === 1 ? 'BLOCKER' : 'MAJOR',
          }),
        );
        for (const { id, kind, guidelineId, severity } of rules) {
          await tx.execute(sql`INSERT INTO rule (organization_id, id, guideline_id, brand_id, key, title, kind, severity, parameters)
            VALUES (${organization}, ${id}::uuid, ${guidelineId}::uuid, ${brandId}::uuid, ${kind.toLowerCase().replace('_', '-')}, ${kind},
              ${kind}, ${severity}, '{}')`);
        }
        return { brandId, rules, ruleIds: Object.fromEntries(rules.map((rule) => [rule.kind, rule.id])) };
      }),
    addFinding: ({ assetId, brandId, ruleId, verdict, severity = 'MAJOR' }) =>
      inside(async (tx) => {
        await tx.execute(sql`
          INSERT INTO finding (organization_id, version_id, rule_id, asset_id, brand_id, verdict, checker_verdict, severity, rule_revision, message)
          SELECT a.organization_id, a.current_version_id, ${ruleId}::uuid, a.id, ${brandId}::uuid, ${verdict}, ${verdict === 'WAIVED' ? 'FAIL' : verdict}, ${severity}, 1, 'written by a test'
          FROM asset a WHERE a.organization_id = ${organizationId}::uuid AND a.id = ${assetId}::uuid`);
      }),
  };
}
