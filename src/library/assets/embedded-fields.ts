import { isVitrineError } from '../../errors.js';
import type { EmbeddedMetadata } from '../../engines/media/embedded-metadata.js';
import type { WrittenMetadata } from '../../engines/media/metadata-writer.js';
import { type AssetFields, parseAssetFields } from './asset-fields.js';

/** Fields of a new asset: those that were given, and what the file says where nothing was. */
export interface CompletedFields {
  fields: AssetFields;
  /** What the file says otherwise than the row, or what could not be taken, in words. */
  notes: string[];
}

const MAX_TAGS = 50;
const MAX_METADATA_KEYS = 100;
const MAX_SHOWN = 120;

/** Completes what is said about a new asset by what its file says. What was given wins, and what lost is noted. */
export function completeFields(given: AssetFields, embedded: EmbeddedMetadata): CompletedFields {
  const notes: string[] = [];
  const take = <Name extends keyof AssetFields>(name: Name, value: AssetFields[Name]): AssetFields[Name] | undefined => {
    try {
      return parseAssetFields({ [name]: value }, '')[name];
    } catch (error) {
      if (!isVitrineError(error)) throw error;
      notes.push(`The file's ${label(name)} could not be taken: ${error.message}`);
      return undefined;
    }
  };
  /** Null in a row clears; it says something too. */
  const choose = (name: 'title' | 'description' | 'altText', inFile: string | null, max: number): string | null | undefined => {
    const said = given[name];
    if (inFile === null) return said;
    if (said !== undefined) {
      if (said !== inFile) notes.push(lost(name, inFile));
      return said;
    }
    return take(name, cut(name, inFile, max, notes)) ?? undefined;
  };
  const fields: AssetFields = {
    ...given,
    title: choose('title', embedded.title, 500),
    description: choose('description', embedded.description, 10_000),
    altText: choose('altText', embedded.altText, 2000),
    tags: chooseTags(given.tags, embedded.keywords, (tag) => take('tags', [tag])?.[0], notes),
    rights: chooseRights(given, embedded, notes),
    metadata: chooseMetadata(given, embedded, notes),
  };
  return { fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as AssetFields, notes };
}

/** What an asset says that a file can say too. */
export interface DescribedAsset {
  title: string;
  description: string;
  alt_text: string | null;
  tags: readonly string[];
  rights_holder: string | null;
  rights_license: string | null;
  metadata: Record<string, unknown>;
  /** Of its file. */
  digital_source_type: string | null;
}

/** The way back: what a file of an asset is to say, so that {@link completeFields} finds what the asset says. */
export function describeFile(asset: DescribedAsset): WrittenMetadata {
  const { creator, credit, city, country } = asset.metadata;
  const text = (value: unknown): string | null => (value === undefined || value === null || value === '' ? null : String(value));
  return {
    title: text(asset.title),
    description: text(asset.description),
    altText: text(asset.alt_text),
    keywords: asset.tags,
    creator: text(creator),
    credit: text(credit),
    copyright: text(asset.rights_holder),
    usageTerms: text(asset.rights_license),
    city: text(city),
    country: text(country),
    digitalSourceType: asset.digital_source_type,
  };
}

function chooseTags(given: AssetFields['tags'], keywords: readonly string[], read: (tag: string) => string | undefined, notes: string[]) {
  if (keywords.length === 0) return given;
  if (given !== undefined) {
    const kept = new Set(given ?? []);
    const missed = keywords.filter((keyword) => !kept.has(keyword.toLowerCase()));
    if (missed.length > 0) notes.push(lost('keywords', missed.join('; ')));
    return given;
  }
  const tags = [...new Set(keywords.flatMap((keyword) => read(keyword) ?? []))];
  if (tags.length > MAX_TAGS) notes.push(`The file has ${tags.length} keywords; the first ${MAX_TAGS} became tags.`);
  return tags.slice(0, MAX_TAGS);
}

function chooseRights({ rights }: AssetFields, { copyright, usageTerms }: EmbeddedMetadata, notes: string[]): AssetFields['rights'] {
  if (copyright === null && usageTerms === null) return rights;
  const chosen = { ...rights };
  for (const [name, inFile] of [
    ['holder', copyright],
    ['license', usageTerms],
  ] as const) {
    if (inFile === null) continue;
    const said = rights === null ? null : rights?.[name];
    if (said === undefined) chosen[name] = cut(`rights.${name}`, inFile, 500, notes);
    else if (said !== inFile) notes.push(lost(name === 'holder' ? 'copyright' : 'usageTerms', inFile));
  }
  return rights === null ? null : chosen;
}

function chooseMetadata(
  { metadata }: AssetFields,
  { creator, credit, city, country }: EmbeddedMetadata,
  notes: string[],
): AssetFields['metadata'] {
  const chosen = { ...metadata };
  for (const [key, inFile] of Object.entries({ creator, credit, city, country })) {
    if (inFile === null) continue;
    const said = metadata === null ? null : metadata?.[key];
    if (said === undefined && Object.keys(chosen).length < MAX_METADATA_KEYS) chosen[key] = cut(key, inFile, 2000, notes);
    else if (said !== inFile) notes.push(lost(key, inFile));
  }
  return Object.keys(chosen).length === 0 ? metadata : chosen;
}

function cut(name: string, text: string, max: number, notes: string[]): string {
  if (text.length <= max) return text;
  notes.push(`The file's ${label(name)} has ${text.length} characters; the first ${max} were taken.`);
  return text.slice(0, max).replace(/[\ud800-\udbff]$/, '');
}

function lost(name: string, inFile: string): string {
  const shown = inFile.length > MAX_SHOWN ? `${inFile.slice(0, MAX_SHOWN - 1).replace(/[\ud800-\udbff]$/, '')}…` : inFile;
  return `The row wins over the file's ${label(name)}: ${JSON.stringify(shown)}.`;
}

function label(name: string): string {
  return { altText: 'alternative text', tags: 'keyword', usageTerms: 'usage terms' }[name] ?? name;
}
