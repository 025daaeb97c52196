import 'reflect-metadata';
import { createHash } from 'node:crypto';
import type { Role, Viewer } from '../../src/viewer.js';
import { AssetService } from '../../src/library/assets/asset.service.js';
import { CollectionService } from '../../src/library/collections/collection.service.js';
import { ClassificationService } from '../../src/seeing/concepts/classification.service.js';
import { ConceptCalibrationService } from '../../src/seeing/concepts/concept-calibration.service.js';
import { ConceptMatching } from '../../src/seeing/concepts/concept-matching.js';
import { ConceptService } from '../../src/seeing/concepts/concept.service.js';
import { ConceptVectors } from '../../src/seeing/concepts/concept-vectors.js';
import { MatchService } from '../../src/seeing/concepts/match.service.js';
import type { Database, OrganizationTx } from '../../src/platform/database/database.js';
import { saveEmbeddings } from '../../src/engines/embedding/embedding.queries.js';
import { EmbeddingService } from '../../src/engines/embedding/embedding.service.js';
import type { Embedder } from '../../src/engines/embedding/embedder.js';
import { EmbedderPool } from '../../src/engines/embedding/embedder-pool.js';
import { TagService } from '../../src/library/tags/tag.service.js';
import { createRandom } from '../../src/program/samples/random.js';
import { insertAsset, insertOrganization, type TestAsset, viewerAs } from '../support/asset-rows.js';

export const DIMENSIONS = 48;

/** A unit vector that the text alone decides: two texts are nearly at right angles. */
export function vectorOf(text: string): number[] {
  const random = createRandom(createHash('sha256').update(text).digest().readInt32BE(0));
  return toUnit(Array.from({ length: DIMENSIONS }, () => random.next() + random.next() + random.next() - 1.5));
}

export function toUnit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** A picture of several things: the sum of their vectors by weight, and some noise of its own. */
export function pictureOf(things: Record<string, number>, noise = ''): number[] {
  const sum = new Array<number>(DIMENSIONS).fill(0);
  for (const [text, weight] of [...Object.entries(things), ...(noise ? [[noise, 1] as const] : [])]) {
    for (const [i, value] of vectorOf(text).entries()) sum[i] = (sum[i] as number) + weight * value;
  }
  return toUnit(sum);
}

export interface ModelOptions {
  revision?: string;
  modelType?: 'clip' | 'siglip';
  logitScale?: number;
  logitBias?: number | null;
  labelPrompts?: string[];
}

export interface ConceptRoom {
  organizationId: string;
  viewer(role?: Role): Viewer;
  embedding: EmbeddingService;
  vectors: ConceptVectors;
  matching: ConceptMatching;
  concepts: ConceptService;
  matches: MatchService;
  calibration: ConceptCalibrationService;
  classification: ClassificationService;
  tags: TagService;
  /** Assets whose tags changed, as rules are told. */
  retagged: string[];
  /** How often the library was to be compared again. */
  changes(): number;
  /** Texts that the model was asked for. */
  asked: string[];
  inside<T>(work: (tx: OrganizationTx) => Promise<T>): Promise<T>;
  /** An asset with its vectors by part, as an import leaves it. */
  add(asset: TestAsset, vector?: readonly number[], parts?: Record<string, readonly number[]>): Promise<{ id: string; versionId: string }>;
  /** The same organisation under another model. */
  withModel(options: ModelOptions): Promise<ConceptRoom>;
}

/** All services of concepts over a model of our own making: vectors of texts are drawn from the texts themselves. */
export async function openConcepts(database: Database, slug: string, options: ModelOptions = {}): Promise<ConceptRoom> {
  return open(database, await insertOrganization(database, slug), options);
}

async function open(database: Database, organizationId: string, options: ModelOptions): Promise<ConceptRoom> {
  const asked: string[] = [];
  const info = {
    ...{ modelId: 'hand-made', revision: options.revision ?? 'hand-made-concepts', dimensions: DIMENSIONS },
    ...{ modelType: options.modelType ?? 'clip', logitScale: options.logitScale ?? 30, logitBias: options.logitBias ?? null },
    ...{ contextLength: 32, labelPrompts: options.labelPrompts ?? [] },
  };
  const embedder = {
    info,
    embedTexts: async (texts: string[]) => {
      asked.push(...texts);
      // Another model has another space.
      const seed = options.revision ? `${options.revision} ` : '';
      return texts.map((text) => ({
        vector: Float32Array.from(vectorOf(seed + text)),
        tokenCount: text.split(' ').length,
        truncated: text.split(' ').length > 30,
      }));
    },
  } as unknown as Embedder;
  const embedding = await EmbeddingService.create(database, EmbedderPool.of(embedder));
  const vectors = new ConceptVectors(database, embedding);
  const matching = new ConceptMatching(database, vectors);
  const retagged: string[] = [];
  const tags = new TagService(database, {
    afterChange: async (_, assetIds) => {
      retagged.push(...assetIds);
    },
  });
  let changes = 0;
  const listener = {
    afterChange: async () => {
      changes += 1;
    },
    afterCommit: () => undefined,
  };
  const assets = new AssetService(database, tags, new CollectionService(database), embedding, {
    judgeVersions: async () => undefined,
    judgeWithout: (_tx, _assetIds, change) => change(),
  });
  const inside: ConceptRoom['inside'] = (work) => database.asOrganization(organizationId, work);
  return {
    ...{ organizationId, embedding, vectors, matching, tags, retagged, asked, inside },
    viewer: (role = 'EDITOR') => viewerAs(organizationId, role),
    concepts: new ConceptService(database, vectors, listener),
    matches: new MatchService(database, assets, tags),
    calibration: new ConceptCalibrationService(database, vectors, assets, listener),
    classification: new ClassificationService(database, vectors),
    changes: () => changes,
    add: async (asset, vector, parts = {}) => {
      const made = await insertAsset(database, organizationId, asset);
      const all = { ...(vector && { whole: vector }), ...parts };
      await inside(async (tx) => {
        await saveEmbeddings(
          tx,
          embedding.defaultModel.revision.id,
          Object.entries(all).map(([part, of]) => ({ versionId: made.versionId, part, vector: Float32Array.from(of) })),
        );
        await matching.matchVersions(tx, [made.versionId]);
      });
      return made;
    },
    withModel: (other) => open(database, organizationId, other),
  };
}
