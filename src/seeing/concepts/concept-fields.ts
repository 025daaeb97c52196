import { badInput } from '../../errors.js';
import { readLabel, readTagName } from '../../library/tags/label.js';
import type { ConceptFields } from './concept.queries.js';
import { readProbability, readPrompts, readTemplates } from './prompt.js';

const MAX_NAME_LENGTH = 100;
const MAX_SYNONYMS = 20;
const MAX_TEMPLATES = 20;
const MAX_COUNTER_PROMPTS = 50;
const DEFAULTS = { proposeAt: 0.5, reviewAt: 0.3, blockAt: 0.8 };

/** What a caller may say about a concept; null means nothing was said. */
export interface ConceptInput {
  name?: string | null;
  synonyms?: readonly string[] | null;
  templates?: readonly string[] | null;
  counterPrompts?: readonly string[] | null;
  purpose?: 'TAG' | 'MODERATION';
  tag?: string | null;
  proposeAt?: number | null;
  reviewAt?: number | null;
  blockAt?: number | null;
}

/**
 * A whole concept from what was said and what was there before.
 * @throws VitrineError BAD_USER_INPUT naming the field
 */
export function readConcept(input: ConceptInput, before: ConceptFields | null): ConceptFields {
  const purpose = before?.purpose ?? input.purpose ?? 'TAG';
  const name = input.name == null ? (before?.name ?? '') : readLabel(input.name, 'input.name', MAX_NAME_LENGTH);
  const list = (
    given: readonly string[] | null | undefined,
    old: readonly string[] | undefined,
    read: (texts: readonly string[]) => string[],
  ) => (given == null ? (old ?? []) : read(given));
  const synonyms = list(input.synonyms, before?.synonyms, (texts) => readPrompts(texts, 'input.synonyms', 0, MAX_SYNONYMS));
  const templates = list(input.templates, before?.templates, (texts) => readTemplates(texts, 'input.templates', MAX_TEMPLATES));
  const counterPrompts = list(input.counterPrompts, before?.counterPrompts, (texts) =>
    readPrompts(texts, 'input.counterPrompts', 0, MAX_COUNTER_PROMPTS),
  );
  refuseRepetition(name, synonyms, counterPrompts);
  return { name, synonyms, templates, counterPrompts, purpose, ...readThresholds(input, before, purpose, name) };
}

function refuseRepetition(name: string, synonyms: readonly string[], counterPrompts: readonly string[]): void {
  const names = [name, ...synonyms].map((text) => text.toLowerCase());
  const again = synonyms.findIndex((text) => text.toLowerCase() === names[0]);
  if (again >= 0) throw badInput(`input.synonyms[${again}]`, synonyms[again], 'another name than `name`');
  const both = counterPrompts.findIndex((text) => names.includes(text.toLowerCase()));
  if (both >= 0) throw badInput(`input.counterPrompts[${both}]`, counterPrompts[both], 'something that is no name of the concept itself');
}

function readThresholds(input: ConceptInput, before: ConceptFields | null, purpose: 'TAG' | 'MODERATION', name: string) {
  const threshold = (key: 'proposeAt' | 'reviewAt' | 'blockAt'): number =>
    input[key] == null ? (before?.[key] ?? DEFAULTS[key]) : readProbability(input[key], `input.${key}`);
  const misplaced = (purpose === 'TAG' ? (['reviewAt', 'blockAt'] as const) : (['tag', 'proposeAt'] as const)).find(
    (key) => input[key] != null,
  );
  if (misplaced) {
    throw badInput(
      `input.${misplaced}`,
      input[misplaced],
      purpose === 'TAG' ? ['tag', 'proposeAt'] : ['reviewAt', 'blockAt'],
      `input.${misplaced}: a concept for ${purpose} has ${purpose === 'TAG' ? '`tag` and `proposeAt`' : '`reviewAt` and `blockAt`'} instead.`,
    );
  }
  if (purpose === 'TAG') {
    const tagName = input.tag == null ? (before?.tagName ?? readTagName(name, 'input.name')) : readTagName(input.tag, 'input.tag');
    return { tagName, proposeAt: threshold('proposeAt'), reviewAt: null, blockAt: null };
  }
  const [reviewAt, blockAt] = [threshold('reviewAt'), threshold('blockAt')];
  if (reviewAt > blockAt) throw badInput('input.reviewAt', reviewAt, `at most \`blockAt\`, which is ${blockAt}`);
  return { tagName: null, proposeAt: null, reviewAt, blockAt };
}

/** Whether two concepts are compared with pictures by the same vectors. */
export function sameVectors(one: ConceptFields, other: ConceptFields): boolean {
  const key = ({ name, synonyms, templates, counterPrompts }: ConceptFields) => JSON.stringify([name, synonyms, templates, counterPrompts]);
  return key(one) === key(other);
}
