import { LRUCache } from 'lru-cache';
import { requireRole, type Viewer } from '../../viewer.js';
import { readAssetIds, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import type { Database } from '../../platform/database/database.js';
import { badInput } from '../../errors.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { listCosines, listExistingAssets, type PictureCosines } from './classification.queries.js';
import type { AssetClassification, AssetClassifyResult } from './classification.types.js';
import { COMMON_THINGS } from './common-things.js';
import { type ConceptVectors, leftOutFor, type ModelVectors } from './concept-vectors.js';
import { fillTemplates, readPrompts, readTemplate } from './prompt.js';
import { findWarnings } from './prompt-warnings.js';
import { chanceMargins, type Classified, classify, marginAt } from './unknown.js';

const MAX_LABELS = 50;
/** Pictures that the margins by chance are measured on; more of them change the cut little. */
const SAMPLE_SIZE = 200;
/** Parts of the assets asked for that are compared at most; a long video has hundreds. */
const MAX_PARTS = 5_000;
/** The library changes; the margins of a random sample of it hardly do. */
const MARGIN_LIFE_MS = 10 * 60_000;

interface Margins {
  margins: Float64Array;
  sampleSize: number;
}

/** Which of some labels a picture shows, or none of them. */
export class ClassificationService {
  readonly #database: Database;
  readonly #vectors: ConceptVectors;
  readonly #margins = new LRUCache<string, Margins>({ max: 100, ttl: MARGIN_LIFE_MS });

  constructor(database: Database, vectors: ConceptVectors) {
    this.#database = database;
    this.#vectors = vectors;
  }

  /** @throws VitrineError BAD_USER_INPUT, NOT_FOUND, EMBEDDING_FAILED */
  async classify(
    viewer: Viewer,
    input: { assets: string[]; labels: string[]; template?: string | null; falseLabelRate: number },
  ): Promise<AssetClassifyResult> {
    requireRole(viewer, 'VIEWER');
    const assetIds = readAssetIds(input.assets, 'assets');
    const labels = readPrompts(input.labels, 'labels', 1, MAX_LABELS);
    const vectors = await this.#vectors.of(viewer.organizationId);
    const { model } = vectors;
    const templates = input.template == null ? vectors.ownTemplates : [readTemplate(input.template, 'template')];
    const { falseLabelRate } = input;
    if (!(falseLabelRate >= 0.001 && falseLabelRate <= 0.5)) throw badInput('falseLabelRate', falseLabelRate, 'a number from 0.001 to 0.5');
    const ensembles = await Promise.all(labels.map((label) => vectors.embedEnsemble([label], templates)));
    const rivals = input.template == null ? (await vectors.rivals()).vectors : await vectors.embedRivals(templates);
    const labelVectors = ensembles.map(({ vector }) => vector);
    const { margins, sampleSize } = await this.#marginsOf(viewer.organizationId, model, templates, rivals);
    const request = { modelRevisionId: model.id, vectors: [...labelVectors, ...rivals], assetIds, limit: MAX_PARTS };
    const pictures = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      requireAllFound(assetIds, await listExistingAssets(tx, assetIds), 'assets');
      return listCosines(tx, request);
    });
    const leftOut = new Set(labelVectors.flatMap((vector) => leftOutFor(vector, rivals)));
    const cut = marginAt(margins, falseLabelRate, labels.length);
    const found = new Map<string, AssetClassification & { margin: number }>();
    for (const picture of pictures) {
      const one = this.#classifyPart(model, picture, labels, leftOut, cut);
      const before = found.get(picture.assetId);
      if (before === undefined || one.margin > before.margin) found.set(picture.assetId, one);
    }
    return {
      results: assetIds.map((id) => found.get(id) ?? notEvaluated(id)),
      meaning: this.#meaning(model, falseLabelRate, sampleSize),
      sampleSize,
      prompts: fillTemplates(labels.slice(0, 1), templates),
      modelRevision: model.revision,
      warnings: [...labels.flatMap(findWarnings), ...ensembles.flatMap(({ warnings }) => warnings)],
    };
  }

  #classifyPart(
    model: ModelVectors['model'],
    { assetId, part, cosines }: PictureCosines,
    labels: readonly string[],
    leftOut: ReadonlySet<number>,
    cut: number,
  ) {
    const { modelType, logitScale, logitBias } = model;
    const own = cosines.slice(0, labels.length);
    const logits = {
      labels: own.map((cosine) => logitScale * cosine),
      rivals: cosines.slice(labels.length).flatMap((cosine, index) => (leftOut.has(index) ? [] : [logitScale * cosine])),
    };
    const answer: Classified = classify(logits, cut, modelType === 'siglip' ? logitBias : null);
    const scores = labels.map((label, index) => ({
      label,
      probability: answer.probabilities[index] as number,
      cosine: own[index] as number,
    }));
    return {
      assetId: toGlobalId('Asset', assetId),
      outcome: answer.isUnknown ? ('UNKNOWN' as const) : ('LABEL' as const),
      label: answer.isUnknown ? null : (labels[answer.best] as string),
      unknownProbability: answer.unknownProbability,
      labels: scores.sort((a, b) => b.probability - a.probability || b.cosine - a.cosine),
      part,
      margin: answer.margin,
    };
  }

  /** What unrelated words reach by chance, in these templates, on this library. */
  async #marginsOf(
    organizationId: string,
    model: ModelVectors['model'],
    templates: readonly string[],
    rivals: readonly Float32Array[],
  ): Promise<Margins> {
    const { id, logitScale } = model;
    const key = JSON.stringify([organizationId, id, templates]);
    const known = this.#margins.get(key);
    if (known) return known;
    const request = { modelRevisionId: id, vectors: rivals, assetIds: null, limit: SAMPLE_SIZE };
    const sample = await this.#database.asOrganization(organizationId, (tx) => listCosines(tx, request));
    const leftOut = rivals.map((vector, index) => new Set([index, ...leftOutFor(vector, rivals)]));
    const margins = chanceMargins(
      sample.map(({ cosines }) => cosines.map((cosine) => logitScale * cosine)),
      leftOut,
    );
    const made = { margins, sampleSize: sample.length };
    // A sample of a library that is still being filled says little about it later.
    if (sample.length === SAMPLE_SIZE) this.#margins.set(key, made);
    return made;
  }

  #meaning(model: ModelVectors['model'], falseLabelRate: number, sampleSize: number): string {
    const share = `${Math.round(falseLabelRate * 1000) / 10}%`;
    const probabilities =
      model.modelType === 'siglip'
        ? 'Each probability is the model’s own for that label alone; they do not sum to 1.'
        : `The probabilities are a softmax over the labels and "something else", which stands for ${COMMON_THINGS.length} common things; they say which text fits best, not how sure it is that the thing is there.`;
    return (
      `${probabilities} UNKNOWN means that the best label does not fit better than unrelated words do by chance: measured on ${sampleSize} pictures of ` +
      `this library, about ${share} of pictures that show none of the labels get one all the same.`
    );
  }
}

function notEvaluated(assetId: string): AssetClassification {
  return {
    assetId: toGlobalId('Asset', assetId),
    outcome: 'NOT_EVALUATED',
    label: null,
    unknownProbability: null,
    labels: [],
    part: null,
  };
}
