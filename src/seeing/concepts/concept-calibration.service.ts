import { requireRole, type Viewer } from '../../viewer.js';
import { MAX_ASSETS_PER_CALL, requireAllFound } from '../../platform/graphql/asset-id-list.js';
import type { AssetService } from '../../library/assets/asset.service.js';
import { toAsset } from '../../library/assets/asset.types.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { type ConceptRow, countConceptParts, findConcepts, updateConcept } from './concept.queries.js';
import { type ConceptChangeListener, noConcept, toCalibration } from './concept.service.js';
import {
  type CalibrationResult,
  deleteLabels,
  listCalibrations,
  listLabelledScores,
  listSuggestions,
  saveCalibrationOf,
  saveLabels,
} from './concept-calibration.queries.js';
import type { ConceptCalibration, ConceptLabelSuggestion } from './concept-calibration.types.js';
import type { ConceptVectors } from './concept-vectors.js';
import { lockConcepts } from './match.queries.js';
import { fitPlatt, type LabelledScore, type PlattFit, probabilityOf } from './platt.js';
import { listScoreBins } from './score.queries.js';
import { chooseThreshold, crossValidate, type ScoreBin, scaleOf, type Target } from './threshold.js';

const MAX_SUGGESTIONS = 50;
const MIN_LABELS_PER_SIDE = 2;
const ENOUGH_LABELS = 20;
/** While fewer pictures are known to show the concept, the strongest are asked for too. */
const FEW_POSITIVES = 5;
const BINS = 400;

type LabelsInput = { concept: string; positive: string[]; negative: string[]; unlabelled: string[] };

/** Labels of people, and the thresholds that follow from them. */
export class ConceptCalibrationService {
  readonly #database: Database;
  readonly #vectors: ConceptVectors;
  readonly #assets: AssetService;
  readonly #listener: ConceptChangeListener;

  constructor(database: Database, vectors: ConceptVectors, assets: AssetService, listener: ConceptChangeListener) {
    this.#database = database;
    this.#vectors = vectors;
    this.#assets = assets;
    this.#listener = listener;
  }

  /** Labels current versions; all or nothing. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async setLabels(viewer: Viewer, input: LabelsInput): Promise<{ positiveLabels: number; negativeLabels: number }> {
    requireRole(viewer, 'EDITOR');
    const conceptId = fromGlobalId('Concept', input.concept, 'input.concept');
    const lists = readLabelLists(input);
    const rivals = await (await this.#vectors.of(viewer.organizationId)).rivals();
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.#hold(tx, conceptId, input.concept);
      for (const [list, positive] of [
        ['positive', true],
        ['negative', false],
      ] as const) {
        const found = await saveLabels(tx, { conceptId, assetIds: lists[list], positive, labelledBy: viewer.apiKeyName });
        requireAllFound(lists[list], found, `input.${list}`);
      }
      requireAllFound(lists.unlabelled, await deleteLabels(tx, conceptId, lists.unlabelled), 'input.unlabelled');
      const [counts] = await countConceptParts(tx, [conceptId], rivals.id);
      return { positiveLabels: counts?.positiveLabels ?? 0, negativeLabels: counts?.negativeLabels ?? 0 };
    });
  }

  /** Pictures to label next: nearest to the threshold, the strongest while few positives are known, the rest at random. */
  async suggest(viewer: Viewer, globalId: string, count: number): Promise<ConceptLabelSuggestion[]> {
    requireRole(viewer, 'VIEWER');
    const conceptId = fromGlobalId('Concept', globalId, 'concept');
    if (!Number.isInteger(count) || count < 1 || count > MAX_SUGGESTIONS)
      throw badInput('count', count, `a whole number from 1 to ${MAX_SUGGESTIONS}`);
    const scope = await this.#scope(viewer.organizationId, conceptId);
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const [concept] = await findConcepts(tx, [conceptId]);
      if (concept === undefined) throw noConcept(globalId, 'concept');
      const [counts] = await countConceptParts(tx, [conceptId], scope.rivalSetId);
      const strongest = (counts?.positiveLabels ?? 0) < FEW_POSITIVES ? Math.ceil(count / 3) : 0;
      const [calibration] = await listCalibrations(tx, [conceptId], scope.rivalSetId);
      const fit = calibration && !toCalibration(calibration, concept, scope.rivalSetId).isStale ? calibration : { slope: 1, intercept: 0 };
      const p = Math.min(Math.max(concept.proposeAt ?? (concept.reviewAt as number), 1e-9), 1 - 1e-9);
      const thresholdScore = (Math.log(p / (1 - p)) - fit.intercept) / fit.slope;
      return listSuggestions(tx, scope, { thresholdScore, uncertain: Math.ceil(count / 3), strongest, count });
    });
    const assets = await this.#assets.findMany(
      viewer,
      rows.map(({ assetId }) => assetId),
    );
    return rows.flatMap(({ probability, reason }, index) => {
      const asset = assets[index];
      return asset ? [{ asset: toAsset(asset), probability, reason }] : [];
    });
  }

  /**
   * Fits probabilities to the labels and chooses the threshold for a wanted precision or recall.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT (too few labels, or nothing to compare)
   */
  async calibrate(
    viewer: Viewer,
    input: { concept: string; target: Target['kind']; value: number; apply: boolean },
  ): Promise<{ calibration: ConceptCalibration }> {
    requireRole(viewer, 'EDITOR');
    const conceptId = fromGlobalId('Concept', input.concept, 'input.concept');
    if (!(input.value > 0 && input.value < 1)) throw badInput('input.value', input.value, 'a number above 0 and below 1');
    const scope = await this.#scope(viewer.organizationId, conceptId);
    const calibration = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await lockConcepts(tx, 'alone');
      const concept = await this.#hold(tx, conceptId, input.concept);
      const labels = await listLabelledScores(tx, scope);
      requireLabels(labels);
      const bins = await listScoreBins(tx, { ...scope, bins: BINS });
      const { fit, result } = calibrateBy(labels, bins, { kind: input.target, value: input.value });
      const { slope, intercept } = fit;
      await saveCalibrationOf(tx, { conceptId, conceptRevision: concept.revision, rivalSetId: scope.rivalSetId, slope, intercept, result });
      await updateConcept(tx, conceptId, input.apply ? withThreshold(concept, input.target, result) : concept, false);
      await this.#listener.afterChange(tx);
      return toCalibration((await listCalibrations(tx, [conceptId], scope.rivalSetId))[0]!, concept, scope.rivalSetId);
    });
    this.#listener.afterCommit();
    return { calibration };
  }

  async #scope(organizationId: string, conceptId: string) {
    const rivals = await (await this.#vectors.of(organizationId)).rivals();
    return { conceptId, rivalSetId: rivals.id, modelRevisionId: rivals.modelRevisionId };
  }

  async #hold(tx: OrganizationTx, id: string, globalId: string): Promise<ConceptRow> {
    const [concept] = await findConcepts(tx, [id], true);
    if (concept === undefined) throw noConcept(globalId, 'input.concept');
    return concept;
  }
}

function readLabelLists(input: LabelsInput) {
  const lists = { positive: [] as string[], negative: [] as string[], unlabelled: [] as string[] };
  const seen = new Map<string, string>();
  for (const list of ['positive', 'negative', 'unlabelled'] as const) {
    if (input[list].length > MAX_ASSETS_PER_CALL)
      throw badInput(`input.${list}`, input[list].length, `at most ${MAX_ASSETS_PER_CALL} assets`);
    for (const [index, globalId] of input[list].entries()) {
      const field = `input.${list}[${index}]`;
      const id = fromGlobalId('Asset', globalId, field);
      const before = seen.get(id);
      if (before !== undefined)
        throw badInput(field, globalId, 'each asset once', `${field}: this asset is also ${before}; say one thing about it.`);
      seen.set(id, field);
      lists[list].push(id);
    }
  }
  if (seen.size === 0) throw badInput('input.positive', [], 'an asset in `positive`, `negative` or `unlabelled`');
  return lists;
}

function requireLabels(labels: readonly LabelledScore[]): void {
  const positives = labels.filter(({ positive }) => positive).length;
  const negatives = labels.length - positives;
  if (positives >= MIN_LABELS_PER_SIDE && negatives >= MIN_LABELS_PER_SIDE) return;
  throw new VitrineError(
    'CONFLICT',
    `input.concept: ${positives} labelled pictures show this concept and ${negatives} do not, among those that the model has seen; ` +
      `at least ${MIN_LABELS_PER_SIDE} of each are needed, and ${ENOUGH_LABELS} in all serve. conceptLabelSuggestions says which to look at.`,
    { field: 'input.concept' },
  );
}

/** Fit, threshold and checks from labels and the library's scores. */
export function calibrateBy(
  labels: readonly LabelledScore[],
  bins: readonly ScoreBin[],
  target: Target,
): { fit: PlattFit; result: CalibrationResult } {
  const scale = scaleOf(bins);
  const fit = fitPlatt(labels, scale);
  const threshold = chooseThreshold(fit, bins, target);
  const check = crossValidate(labels, scale, threshold.probability);
  const positives = labels.filter(({ positive }) => positive).length;
  const notices = [
    'The expectation holds for labels chosen by these suggestions or at random. Labels picked for what they look like make it too good or too bad.',
    ...(labels.length < ENOUGH_LABELS
      ? [`${labels.length} labels are few; ${ENOUGH_LABELS} serve, and more make the intervals narrower.`]
      : []),
    ...(threshold.isReached ? [] : [`No threshold is expected to reach this ${target.kind.toLowerCase()}; this is the nearest.`]),
    ...(separates(labels, fit)
      ? []
      : ['The scores hardly tell the labelled pictures apart: the model may not see this concept. Try other names or counter-prompts.']),
  ];
  const result: CalibrationResult = {
    ...{
      target: target.kind,
      wanted: target.value,
      isReached: threshold.isReached,
      threshold: threshold.probability,
      matches: threshold.matches,
    },
    ...{ expectedPrecision: threshold.precision, expectedRecall: threshold.recall },
    ...{ checkedPrecision: check.precision, checkedRecall: check.recall, brierScore: check.brierScore },
    ...{ positiveLabels: positives, negativeLabels: labels.length - positives, notices },
  };
  return { fit, result };
}

/** Whether positives are on the whole more probable than negatives: of all pairs, at least 65 in 100 the right way round. */
function separates(labels: readonly LabelledScore[], fit: PlattFit): boolean {
  const of = (side: boolean) => labels.filter(({ positive }) => positive === side).map(({ score }) => probabilityOf(fit, score));
  const [positives, negatives] = [of(true), of(false)];
  const right = positives.reduce((sum, p) => sum + negatives.reduce((wins, n) => wins + (p > n ? 1 : p === n ? 0.5 : 0), 0), 0);
  return right >= 0.65 * positives.length * negatives.length;
}

function withThreshold(concept: ConceptRow, target: Target['kind'], { threshold }: CalibrationResult): ConceptRow {
  if (concept.purpose === 'TAG') return { ...concept, proposeAt: threshold };
  // One threshold may not overtake the other: the other goes along.
  if (target === 'RECALL') return { ...concept, reviewAt: threshold, blockAt: Math.max(threshold, concept.blockAt as number) };
  return { ...concept, blockAt: threshold, reviewAt: Math.min(threshold, concept.reviewAt as number) };
}
