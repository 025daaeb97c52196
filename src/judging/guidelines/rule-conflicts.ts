import { CHANNEL_PRESETS } from '../rules/channel-presets.js';
import type { RuleParameters } from './rule-record.js';
import type { RuleKind } from '../../vocabulary/compliance.js';

export interface ConflictingRule {
  key: string;
  kind: RuleKind;
  parameters: RuleParameters;
  scopeTagIds: readonly number[];
  /** Whether a filter narrows its scope down: then nobody knows whether an asset is in both. */
  filtered?: boolean;
}

/** Why no asset that both rules apply to can keep both, in words; null when one can, or when that cannot be told. */
export function findConflict(one: ConflictingRule, other: ConflictingRule): string | null {
  if (one.filtered || other.filtered || !scopesMeet(one.scopeTagIds, other.scopeTagIds)) return null;
  if (one.kind === other.kind) return SAME_KIND[one.kind]?.(one.parameters as Any, other.parameters as Any) ?? null;
  const [required, prohibited] = one.kind === 'REQUIRED_CONTENT' ? [one, other] : [other, one];
  if (required.kind !== 'REQUIRED_CONTENT' || prohibited.kind !== 'PROHIBITED_CONTENT') return null;
  return contentConflict(required.parameters as Any, prohibited.parameters as Any);
}

// biome-ignore lint/suspicious/noExplicitAny: parameters were read by the schema of their kind
type Any = Record<string, any>;

/** Without scope tags a rule applies to all; two sets of tags may stand on one asset, but need not, unless they share one. */
function scopesMeet(one: readonly number[], other: readonly number[]): boolean {
  return one.length === 0 || other.length === 0 || one.some((id) => other.includes(id));
}

const SAME_KIND: Partial<Record<RuleKind, (one: Any, other: Any) => string | null>> = {
  BYTE_SIZE: (one, other) => rangeConflict('bytes', [one.minBytes, one.maxBytes], [other.minBytes, other.maxBytes]),
  ALT_TEXT: (one, other) => rangeConflict('characters', [one.minLength, one.maxLength], [other.minLength, other.maxLength]),
  EXPOSURE: (one, other) => rangeConflict('mean luma', [one.minMean, one.maxMean], [other.minMean, other.maxMean]),
  FILE_FORMAT: (one, other) =>
    one.allowed.some((type: string) => other.allowed.some((wanted: string) => typesMeet(type, wanted)))
      ? null
      : 'no file type is allowed by both',
  ASPECT_RATIO: ratioConflict,
  COLOR_ENCODING: encodingConflict,
  AI_PROVENANCE: provenanceConflict,
  REQUIRED_METADATA: metadataConflict,
  WATERMARK: watermarkConflict,
};

function rangeConflict(what: string, ...ranges: [number | undefined, number | undefined][]): string | null {
  const least = Math.max(...ranges.map(([min]) => min ?? Number.NEGATIVE_INFINITY));
  const most = Math.min(...ranges.map(([, max]) => max ?? Number.POSITIVE_INFINITY));
  return least > most ? `one asks for at least ${least} ${what}, the other for at most ${most}` : null;
}

function typesMeet(one: string, other: string): boolean {
  const [kind, subtype] = one.split('/');
  const [otherKind, otherSubtype] = other.split('/');
  return kind === otherKind && (subtype === '*' || otherSubtype === '*' || subtype === otherSubtype);
}

function ratioConflict(one: Any, other: Any): string | null {
  const ratios = ({ presets, formats, tolerance }: Any): [number, number][] =>
    [...CHANNEL_PRESETS.filter(({ key }) => presets.includes(key)), ...formats].map(({ width, height }) => [
      (width / height) * (1 - tolerance),
      (width / height) * (1 + tolerance),
    ]);
  const meet = ratios(one).some(([from, to]) => ratios(other).some(([otherFrom, otherTo]) => from <= otherTo && otherFrom <= to));
  return meet ? null : 'no ratio of width to height is in the formats of both';
}

function encodingConflict(one: Any, other: Any): string | null {
  if ([one.alpha, other.alpha].sort().join() === 'FORBIDDEN,REQUIRED') return 'one asks for an alpha channel, the other forbids it';
  const wantsProfile = (rule: Any) => rule.iccProfile === 'REQUIRED' || rule.iccProfiles !== undefined;
  if ((wantsProfile(one) && other.iccProfile === 'FORBIDDEN') || (wantsProfile(other) && one.iccProfile === 'FORBIDDEN'))
    return 'one asks for an ICC profile, the other forbids it';
  if (one.colorSpaces && other.colorSpaces && !one.colorSpaces.some((space: string) => other.colorSpaces.includes(space)))
    return 'no colour space is allowed by both';
  return rangeConflict('bits a channel', [one.minBits, one.maxBits], [other.minBits, other.maxBits]);
}

function provenanceConflict(one: Any, other: Any): string | null {
  if (!one.allowed && !other.allowed) return null;
  const forbidden = [...one.forbidden, ...other.forbidden];
  const left = (one.allowed ?? other.allowed).filter(
    (code: string) => (other.allowed ?? one.allowed).includes(code) && !forbidden.includes(code),
  );
  const silent = one.whenUnknown !== 'FAIL' && other.whenUnknown !== 'FAIL';
  return left.length > 0 || silent ? null : 'no digital source type is allowed by both';
}

function metadataConflict(one: Any, other: Any): string | null {
  for (const field of one.fields) {
    const same = other.fields.find((entry: Any) => entry.key === field.key);
    if (!same || field.optional || same.optional || !field.allowed || !same.allowed) continue;
    const words = same.allowed.map((word: string) => word.toLowerCase());
    if (!field.allowed.some((word: string) => words.includes(word.toLowerCase())))
      return `no value of ${field.key} is in the vocabularies of both`;
  }
  for (const facet of one.tags) {
    const same = other.tags.find((entry: Any) => entry.prefix === facet.prefix);
    const conflict = same && rangeConflict(`tags ${facet.prefix}…`, [facet.min, facet.max], [same.min, same.max]);
    if (conflict) return conflict;
  }
  return null;
}

function watermarkConflict(one: Any, other: Any): string | null {
  const [required, forbidden] = one.presence === 'REQUIRED' ? [one, other] : [other, one];
  if (required.presence !== 'REQUIRED' || forbidden.presence !== 'FORBIDDEN') return null;
  const all = forbidden.marks.length === 0;
  const clash = all || (required.marks.length > 0 && required.marks.every((name: string) => forbidden.marks.includes(name)));
  return clash ? `one requires the watermark ${required.marks.join(' or ') || 'of the brand'}, the other forbids it` : null;
}

function contentConflict(required: Any, prohibited: Any): string | null {
  const banned = new Set<string>(prohibited.concepts.flatMap((concept: Any) => concept.prompts));
  const clashing = required.concepts.filter((concept: Any) => concept.prompts.every((prompt: string) => banned.has(prompt)));
  const [first] = clashing;
  if (first === undefined || (required.anyOf && clashing.length < required.concepts.length)) return null;
  return `"${first.name}" has to be in the picture by one, and must not be by the other`;
}
