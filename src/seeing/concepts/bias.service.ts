import { randomUUID } from 'node:crypto';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput } from '../../errors.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { readLabel } from '../../library/tags/label.js';
import type { TagService } from '../../library/tags/tag.service.js';
import { countHits, type GroupCount, type GroupMembers } from './bias.queries.js';
import type { BiasGroup, ConceptBiasReport } from './bias.types.js';
import { findConcepts } from './concept.queries.js';
import { noConcept } from './concept.service.js';
import { listCalibrations } from './concept-calibration.queries.js';
import { type ConceptVectors, leftOutFor, type ModelVectors, type RivalSet } from './concept-vectors.js';
import { rateRatio, wilson } from './interval.js';
import { readProbability, readPrompts } from './prompt.js';
import { findWarnings } from './prompt-warnings.js';

const MAX_GROUPS = 20;
const MAX_PROMPTS = 20;
/** Below so many pictures the intervals say more than the rates. */
const FEW_PICTURES = 30;

export interface BiasGroupRequest {
  name: string;
  prompts?: string[] | null;
  tag?: string | null;
  metadataKey?: string | null;
  metadataEquals?: string | null;
}

type Group = { name: string; key: string } & (
  | { prompts: string[] }
  | { tag: string; field: string }
  | { metadataKey: string; equals: string | null }
);

/** How often the model sees a concept in groups of the library. */
export class BiasService {
  readonly #database: Database;
  readonly #vectors: ConceptVectors;
  readonly #tags: TagService;

  constructor(database: Database, vectors: ConceptVectors, tags: TagService) {
    this.#database = database;
    this.#vectors = vectors;
    this.#tags = tags;
  }

  /** @throws VitrineError BAD_USER_INPUT, NOT_FOUND */
  async report(
    viewer: Viewer,
    input: { concept: string; groups: BiasGroupRequest[]; threshold?: number | null },
  ): Promise<ConceptBiasReport> {
    requireRole(viewer, 'VIEWER');
    const conceptId = fromGlobalId('Concept', input.concept, 'concept');
    const groups = readGroups(input.groups);
    const given = input.threshold == null ? null : readProbability(input.threshold, 'threshold');
    const vectors = await this.#vectors.of(viewer.organizationId);
    const rivals = await vectors.rivals();
    const ensembles = await embedGroups(groups, vectors);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const [concept] = await findConcepts(tx, [conceptId]);
      if (concept === undefined) throw noConcept(input.concept, 'concept');
      const [calibration] = await listCalibrations(tx, [conceptId], rivals.id);
      const threshold = given ?? concept.proposeAt ?? (concept.reviewAt as number);
      const counts = await countHits(tx, {
        ...{ conceptId, threshold, modelRevisionId: rivals.modelRevisionId, rivalSetId: rivals.id },
        groups: await this.#resolve(tx, groups, ensembles, rivals),
      });
      const isCalibrated = calibration?.conceptRevision === concept.revision && calibration.rivalSetId === rivals.id;
      const all = counts.find(({ key }) => key === null);
      const described = describe(groups, counts);
      return {
        ...{ conceptName: concept.name, threshold, isCalibrated, pictures: all?.pictures ?? 0, hits: all?.hits ?? 0, groups: described },
        ...{ modelRevision: vectors.model.revision, caveats: caveatsOf(described, isCalibrated, all?.pictures ?? 0) },
        warnings: groups.flatMap((group) => ('prompts' in group ? group.prompts.flatMap(findWarnings) : [])),
      };
    });
  }

  /** Groups by prompts are each other's rivals, so that a picture is in one of them at most under CLIP. */
  async #resolve(tx: OrganizationTx, groups: readonly Group[], ensembles: ReadonlyMap<string, Float32Array>, rivals: RivalSet) {
    const tags = groups.flatMap((group) => ('tag' in group ? [group] : []));
    const found = await this.#tags.findIds(
      tx,
      tags.map(({ tag }) => tag),
    );
    const unknown = tags.find(({ tag }) => found.unknown.includes(tag));
    if (unknown) throw badInput(unknown.field, unknown.tag, 'a tag that exists (see the query `tags`)');
    return groups.map((group): { key: string; members: GroupMembers } => {
      const { key } = group;
      if ('tag' in group) return { key, members: { tagId: found.ids.get(group.tag) as number } };
      if ('metadataKey' in group) return { key, members: { metadataKey: group.metadataKey, equals: group.equals } };
      const vector = ensembles.get(key) as Float32Array;
      const others = [...ensembles].filter(([other]) => other !== key).map(([, of]) => of);
      const vectors = [
        { conceptId: key, role: 'CONCEPT' as const, vector },
        ...others.map((of) => ({ conceptId: key, role: 'COUNTER' as const, vector: of })),
        ...leftOutFor(vector, rivals.vectors).map((index) => ({
          conceptId: key,
          role: 'LEFT_OUT' as const,
          vector: rivals.vectors[index] as Float32Array,
        })),
      ];
      return { key, members: { vectors } };
    });
  }
}

async function embedGroups(groups: readonly Group[], vectors: ModelVectors): Promise<Map<string, Float32Array>> {
  const made = new Map<string, Float32Array>();
  for (const group of groups) {
    if ('prompts' in group) made.set(group.key, (await vectors.embedEnsemble(group.prompts, vectors.ownTemplates)).vector);
  }
  return made;
}

function readGroups(groups: readonly BiasGroupRequest[]): Group[] {
  if (groups.length < 2 || groups.length > MAX_GROUPS) throw badInput('groups', groups.length, `2 to ${MAX_GROUPS} groups`);
  const names = new Set<string>();
  return groups.map((group, index) => {
    const field = `groups[${index}]`;
    const name = readLabel(group.name, `${field}.name`, 100);
    if (names.has(name)) throw badInput(`${field}.name`, name, 'a name of its own for each group');
    names.add(name);
    const said = (['prompts', 'tag', 'metadataKey'] as const).filter((key) => group[key] != null);
    if (said.length !== 1) throw badInput(field, said, 'exactly one of prompts, tag, metadataKey');
    const base = { name, key: randomUUID() };
    if (group.metadataEquals != null && group.metadataKey == null)
      throw badInput(`${field}.metadataEquals`, group.metadataEquals, 'a value together with `metadataKey`');
    if (group.prompts != null) return { ...base, prompts: readPrompts(group.prompts, `${field}.prompts`, 1, MAX_PROMPTS) };
    if (group.tag != null) return { ...base, tag: group.tag, field: `${field}.tag` };
    const metadataKey = group.metadataKey as string;
    if (metadataKey.length < 1 || metadataKey.length > 100 || metadataKey.includes('\0'))
      throw badInput(`${field}.metadataKey`, metadataKey, '1 to 100 characters');
    const equals = group.metadataEquals ?? null;
    if (equals?.includes('\0')) throw badInput(`${field}.metadataEquals`, equals, 'text without null characters');
    return { ...base, metadataKey, equals };
  });
}

function describe(groups: readonly Group[], counts: readonly GroupCount[]): BiasGroup[] {
  const none = { pictures: 0, hits: 0, shared: 0 };
  const found = groups.map((group) => counts.find(({ key }) => key === group.key) ?? none);
  const first = found[0] as typeof none;
  return groups.map((group, index) => {
    const { pictures, hits, shared } = found[index] as typeof none;
    const compared = (comparisons: number) => (index === 0 ? null : rateRatio(hits, pictures, first.hits, first.pictures, comparisons));
    const wide = compared(groups.length - 1);
    return {
      ...{ name: group.name, byModel: 'prompts' in group, pictures, hits, shared, rate: wilson(hits, pictures), ratio: compared(1) },
      differs: wide && (wide.low > 1 || wide.high < 1),
    };
  });
}

function caveatsOf(groups: readonly BiasGroup[], isCalibrated: boolean, pictures: number): string[] {
  const few = groups.filter((group) => group.pictures < FEW_PICTURES).map(({ name }) => JSON.stringify(name));
  return [
    'These are rates at which the model sees the concept, not at which pictures show it. A difference may lie in the model, in the library, or in both; only labels tell them apart.',
    'What looks even here may still be wrong within each group, and groups that were not asked about are not in it.',
    ...(groups.some(({ byModel }) => byModel)
      ? [
          'Groups by prompts are the model’s own guess, by the same picture vectors that decide the hits: its mistakes are in both. Groups by tags or metadata are safer.',
        ]
      : []),
    ...(groups.some(({ shared }) => shared > 0)
      ? ['Some pictures are in several groups: their rates are not independent, and the intervals of the ratios are only approximate.']
      : []),
    ...(few.length > 0 ? [`Fewer than ${FEW_PICTURES} pictures in ${few.join(', ')}: the interval says more than the rate.`] : []),
    ...(isCalibrated ? [] : ['The threshold is on the model’s own probability, which was not checked on this library.']),
    ...(pictures === 0 ? ['No picture has been compared with this concept yet.'] : []),
  ];
}
