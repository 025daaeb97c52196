import { requireRole, type Viewer } from '../../viewer.js';
import type { ComplianceService, FindingRecord, RenditionVerdict } from '../../judging/judgements/compliance.service.js';
import { remedyInWords } from '../../judging/judgements/remedy-words.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { DeliveryService, RenditionLink } from '../delivery/delivery.service.js';
import { type RecipeChoice, type RecipeInput, readRecipe, recipeOf } from '../delivery/recipe.js';
import type { RenditionService } from '../delivery/rendition.service.js';
import { isFileFault, VitrineError } from '../../errors.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import type { RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import { candidatesFor, type RemedyCandidate } from './remedy-candidates.js';
import { findRemedySource, findRuleParameters, type RemedySource } from './remedy.queries.js';
import { substituteOf } from './rendition-facts.js';

/** A rendition of an asset's current file, and what the rules in force say about it. */
export interface RenditionJudgement {
  versionId: string;
  facts: MediaFacts;
  /** Declared texts that the rendition cuts off, wholly or in part. */
  cutTexts: number;
  verdicts: RenditionVerdict[];
}

/** A rendition that keeps the rule that the original breaks, and breaks no other that the original keeps. */
export interface RemedyOffer {
  words: string;
  recipe: RenditionRecipe;
  byteSize: number;
  link: RenditionLink;
}

export interface Remedy {
  /** What a person can do; null where the finding's message says all. */
  words: string | null;
  offer: RemedyOffer | null;
  /** Why nothing is offered, for people. */
  reason: string | null;
  /** Renditions that were made and judged. */
  tried: number;
}

/** A rendition that was measured outside a transaction, to be judged inside one. */
export interface MeasuredRendition {
  preset: string;
  source: RemedySource;
  recipe: RenditionRecipe;
  facts: MediaFacts;
}

export interface RemedyRooms {
  database: Database;
  compliance: ComplianceService;
  renditions: RenditionService;
  delivery: DeliveryService;
}

/** A candidate takes a second or more of a large picture. */
const MAX_TRIES = 12;

/** Judges renditions as assets are judged, and finds those that mend what a rule found. */
export class RemedyService {
  readonly #rooms: RemedyRooms;

  constructor(rooms: RemedyRooms) {
    this.#rooms = rooms;
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT (also a document), NOT_FOUND, MEDIA_* */
  async judgeRendition(viewer: Viewer, assetId: string, input: RecipeInput): Promise<RenditionJudgement> {
    requireRole(viewer, 'EDITOR');
    const choice = readRecipe(input, '');
    const source = await this.#source(viewer.organizationId, assetId, 'asset');
    return this.#judge(viewer.organizationId, source, recipeIn(source, choice));
  }

  /**
   * What can be done about a finding. Candidates are made, measured and judged one after the other; the first that passes is offered.
   * @throws VitrineError FORBIDDEN, NOT_FOUND
   */
  async findRemedy(viewer: Viewer, findingId: string): Promise<Remedy> {
    requireRole(viewer, 'EDITOR');
    const { organizationId } = viewer;
    const { finding, parameters } = await this.#rooms.database.asOrganization(organizationId, async (tx) => {
      const found = await this.#rooms.compliance.getFinding(tx, findingId, 'finding');
      return { finding: found, parameters: (await findRuleParameters(tx, found.ruleId)) ?? {} };
    });
    const words = remedyInWords(finding);
    if (finding.checkerVerdict !== 'FAIL') return { words, offer: null, reason: 'The rule is not broken.', tried: 0 };
    const source = await this.#findPicture(organizationId, finding.assetId);
    const candidates = source === null ? [] : candidatesFor(finding.ruleKind, parameters, source).slice(0, MAX_TRIES);
    if (source === null || candidates.length === 0)
      return { words, offer: null, reason: 'No other file made from the same picture would keep this rule.', tried: 0 };
    return { words, ...(await this.#try(viewer, finding, source, candidates)) };
  }

  /** Renditions of an asset by presets, measured. @throws VitrineError BAD_USER_INPUT naming `input.presets[n]`, NOT_FOUND, MEDIA_* */
  async measurePresets(organizationId: string, assetId: string, presets: readonly string[]): Promise<MeasuredRendition[]> {
    const choices = [...new Set(presets)].map((preset, index) => ({ preset, choice: readRecipe({ preset }, `input.presets[${index}]`) }));
    if (choices.length === 0) return [];
    const source = await this.#source(organizationId, assetId, 'input.asset');
    const measured: MeasuredRendition[] = [];
    for (const { preset, choice } of choices) {
      const recipe = recipeIn(source, choice);
      measured.push({ preset, source, recipe, facts: await this.#rooms.renditions.measure(source, recipe) });
    }
    return measured;
  }

  /** What the rules in force say about a measured rendition, in the caller's transaction. */
  async judgeMeasured(tx: OrganizationTx, { source, recipe, facts }: Omit<MeasuredRendition, 'preset'>): Promise<RenditionJudgement> {
    const { substitute, cutTexts } = substituteOf(source, recipe, facts);
    return { versionId: source.id, facts, cutTexts, verdicts: await this.#rooms.compliance.judgeSubstitute(tx, substitute) };
  }

  async #try(
    viewer: Viewer,
    finding: FindingRecord,
    source: RemedySource,
    candidates: readonly RemedyCandidate[],
  ): Promise<Pick<Remedy, 'offer' | 'reason' | 'tried'>> {
    let obstacle = '';
    for (const [index, { recipe, words }] of candidates.entries()) {
      const tried = index + 1;
      const judged = await this.#judge(viewer.organizationId, source, recipe).catch((error: unknown) => {
        if (!isFileFault(error)) throw error;
        obstacle ||= error.message;
        return null;
      });
      if (judged === null) continue;
      const against = objectionTo(judged, finding.ruleId);
      if (against === null) {
        const link = this.#rooms.delivery.linkToVersion(viewer, source, { exact: recipe });
        return { offer: { words, recipe, byteSize: judged.facts.byteSize, link }, reason: null, tried };
      }
      obstacle ||= `${words} ${against}`;
    }
    return {
      offer: null,
      reason: `${candidates.length} renditions were tried and none would do. The first: ${obstacle}`,
      tried: candidates.length,
    };
  }

  async #judge(organizationId: string, source: RemedySource, recipe: RenditionRecipe): Promise<RenditionJudgement> {
    const facts = await this.#rooms.renditions.measure(source, recipe);
    return this.#rooms.database.asOrganization(organizationId, (tx) => this.judgeMeasured(tx, { source, recipe, facts }));
  }

  async #source(organizationId: string, assetId: string, field: string): Promise<RemedySource> {
    const source = await this.#findPicture(organizationId, assetId);
    if (source !== null) return source;
    throw new VitrineError('NOT_FOUND', `${field}: there is no such asset, or it is no picture and has no renditions.`, {
      field,
      value: assetId,
    });
  }

  async #findPicture(organizationId: string, assetId: string): Promise<RemedySource | null> {
    const source = await this.#rooms.database.asOrganization(organizationId, (tx) => findRemedySource(tx, assetId));
    return source === null || source.width === null || source.height === null ? null : (source as RemedySource);
  }
}

function recipeIn({ focal_x: x, focal_y: y }: RemedySource, choice: RecipeChoice): RenditionRecipe {
  return recipeOf(choice, x === null || y === null ? null : { x, y });
}

/** Why a rendition may not be offered for a rule; null when it may. */
function objectionTo({ verdicts, cutTexts }: RenditionJudgement, ruleId: string): string | null {
  if (cutTexts > 0) return `It would cut off ${cutTexts} of the declared texts.`;
  const own = verdicts.find((entry) => entry.ruleId === ruleId);
  if (own?.verdict !== 'PASS') return own?.message ?? 'The rule does not apply to it.';
  const worse = verdicts.find(({ verdict, originalVerdict }) => verdict === 'FAIL' && originalVerdict !== 'FAIL');
  return worse ? `It would break "${worse.ruleTitle}": ${worse.message}` : null;
}
