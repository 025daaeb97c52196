import type { Database } from '../../platform/database/database.js';
import type { LibraryModel } from './library-model.js';
import { listOwnQueries, type OwnQuery, rankUnder } from './organization-model.queries.js';
import { toHalfvecBinary } from './vector.js';

/** Places that a person looks at. */
const TOP = 10;
/** Places in which the other's first ones are looked for. */
const DEEP = 50;
/** Weight of each further place in rank-biased overlap: the first ten places carry 86% of it. */
const PERSISTENCE = 0.9;
const MOST_DIFFERENT = 10;

/** How well a revision finds an asset by its own title or alternative text. */
export interface KnownItemRecall {
  /** Shares of the texts whose asset came first, or among the first ten; null where the library has no such texts. */
  recallAt1: number | null;
  recallAt10: number | null;
  /** Mean of 1 / place. */
  meanReciprocalRank: number | null;
}

export interface RevisionComparison {
  baseline: string;
  candidate: string;
  /** Texts asked, all of the library's own: titles, alternative texts, tags. */
  queries: number;
  /** Mean share of the first ten places that both revisions give, in any order. */
  overlapAt10: number | null;
  /** Mean rank-biased overlap (Webber, Moffat, Zobel 2010, p = 0.9, to depth 50): 1 for equal orders, 0 for nothing in common. */
  rankBiasedOverlap: number | null;
  /** Mean share of the baseline's first ten among the candidate's first fifty, and the other way round. */
  candidateRecall: number | null;
  baselineRecall: number | null;
  knownItems: number;
  baselineKnownItems: KnownItemRecall;
  candidateKnownItems: KnownItemRecall;
  /** The texts about which the two agree least. */
  mostDifferent: {
    text: string;
    source: OwnQuery['source'];
    overlapAt10: number;
    baselineAssetIds: string[];
    candidateAssetIds: string[];
  }[];
}

interface Answer extends OwnQuery {
  baseline: Awaited<ReturnType<typeof rankUnder>>;
  candidate: Awaited<ReturnType<typeof rankUnder>>;
}

/** Asks both revisions the library's own texts, exactly and without filters. Opens its own transactions; searches go before its texts. */
export async function compareRevisions(
  database: Database,
  organizationId: string,
  baseline: LibraryModel,
  candidate: LibraryModel,
  limit: number,
): Promise<RevisionComparison> {
  const own = await database.asOrganization(organizationId, (tx) =>
    listOwnQueries(tx, [baseline.revision.id, candidate.revision.id], limit),
  );
  const rank = async (model: LibraryModel, { text, assetId }: OwnQuery) => {
    const [embedded] = await model.embedTexts([text], 'bulk');
    const vector = toHalfvecBinary(embedded!.vector);
    return database.asOrganization(organizationId, (tx) =>
      rankUnder(tx, { modelRevisionId: model.revision.id, vector, limit: DEEP, assetId }),
    );
  };
  const answers: Answer[] = [];
  for (const query of own) answers.push({ ...query, baseline: await rank(baseline, query), candidate: await rank(candidate, query) });
  const known = answers.filter((answer) => answer.assetId !== null);
  const differences = answers.map((answer) => ({ answer, overlap: overlapAt(TOP, answer.baseline.assetIds, answer.candidate.assetIds) }));
  return {
    baseline: baseline.revision.revision,
    candidate: candidate.revision.revision,
    queries: answers.length,
    overlapAt10: mean(differences.map(({ overlap }) => overlap)),
    rankBiasedOverlap: mean(answers.map((answer) => rankBiasedOverlap(answer.baseline.assetIds, answer.candidate.assetIds))),
    candidateRecall: mean(answers.map((answer) => recall(answer.baseline.assetIds.slice(0, TOP), answer.candidate.assetIds))),
    baselineRecall: mean(answers.map((answer) => recall(answer.candidate.assetIds.slice(0, TOP), answer.baseline.assetIds))),
    knownItems: known.length,
    baselineKnownItems: knownItemRecall(known.map((answer) => answer.baseline.place)),
    candidateKnownItems: knownItemRecall(known.map((answer) => answer.candidate.place)),
    mostDifferent: differences
      .sort((a, b) => a.overlap - b.overlap)
      .slice(0, MOST_DIFFERENT)
      .map(({ answer, overlap }) => ({
        text: answer.text,
        source: answer.source,
        overlapAt10: overlap,
        baselineAssetIds: answer.baseline.assetIds.slice(0, 3),
        candidateAssetIds: answer.candidate.assetIds.slice(0, 3),
      })),
  };
}

/** Share of the first `depth` places that two orders have in common; of the shorter one where they are short. */
export function overlapAt(depth: number, a: readonly string[], b: readonly string[]): number {
  const places = Math.min(depth, Math.max(a.length, b.length));
  if (places === 0) return 1;
  const others = new Set(b.slice(0, depth));
  return a.slice(0, depth).filter((id) => others.has(id)).length / places;
}

/** Rank-biased overlap of two orders without ties, extrapolated from their common depth. */
export function rankBiasedOverlap(a: readonly string[], b: readonly string[], p = PERSISTENCE): number {
  const depth = Math.min(a.length, b.length);
  if (depth === 0) return a.length === b.length ? 1 : 0;
  const seenA = new Set<string>();
  const seenB = new Set<string>();
  let common = 0;
  let sum = 0;
  for (let place = 1; place <= depth; place++) {
    const [x, y] = [a[place - 1]!, b[place - 1]!];
    seenA.add(x);
    seenB.add(y);
    common += x === y ? 1 : (seenB.has(x) ? 1 : 0) + (seenA.has(y) ? 1 : 0);
    sum += (common / place) * p ** place;
  }
  return (common / depth) * p ** depth + ((1 - p) / p) * sum;
}

function recall(wanted: readonly string[], found: readonly string[]): number {
  const set = new Set(found);
  return wanted.length === 0 ? 1 : wanted.filter((id) => set.has(id)).length / wanted.length;
}

function knownItemRecall(places: readonly (number | null)[]): KnownItemRecall {
  const share = (most: number) => mean(places.map((place) => (place !== null && place <= most ? 1 : 0)));
  return { recallAt1: share(1), recallAt10: share(10), meanReciprocalRank: mean(places.map((place) => (place === null ? 0 : 1 / place))) };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
