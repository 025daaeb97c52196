import { LRUCache } from 'lru-cache';
import type { Viewer } from '../../viewer.js';
import { readHexColor } from '../../engines/pixels/color.js';
import type { CalibrationService } from '../../seeing/concepts/calibration.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { LibraryModel } from '../../engines/embedding/library-model.js';
import { parseHalfvecText } from '../../engines/embedding/vector.js';
import { badInput, isFileFault, isVitrineError, VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { StagedUploadService } from '../../library/uploads/staged-upload.service.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { normalText } from '../../platform/words/text-form.js';
import { readWords } from '../../platform/words/words.js';
import { type Named, readOperator } from './operator-filter.js';
import { type Operator, type PlainQuery, readPlainQuery, writePlainQuery } from './plain-query.js';
import { findAssetVectors, findBrandNamed, hasTagNamed, measureSpreads } from './query.queries.js';
import { toWordQuery, type WordQuery } from './word-query.js';
import type { SearchExclusion, SearchQuery, SearchSubject, SearchTerm } from './query.inputs.js';

const MAX_QUERY_CHARACTERS = 1000;
const MAX_PARTS = 10;
const MAX_WEIGHT = 100;
const COLOR = { maxDistance: 12, minShare: 0.1 };

/** A part of a query as it was understood. */
export interface ReadTerm {
  /** The words, the hex value, or the global id. */
  label: string;
  kind: 'TEXT' | 'ASSET' | 'UPLOAD' | 'COLOR';
  weight: number;
  queryWithout: string | null;
}

export interface ReadExclusion {
  label: string;
  kind: 'TEXT' | 'ASSET' | 'UPLOAD' | 'COLOR';
  /** Cosine similarity from which an asset is left out; null for a colour, and where the test could not be made. */
  threshold: number | null;
  queryWithout: string | null;
}

/** How a query was understood. `queryWithout` of each part is the query without it; null for parts that are no query in words. */
export interface Interpretation {
  terms: ReadTerm[];
  without: ReadExclusion[];
  conditions: (Operator & { queryWithout: string })[];
}

/** A query as the ranking needs it, and as the caller is shown it. */
export interface ReadQuery {
  /** What to compare with, in pgvector's text form; null: nothing, only conditions. */
  vector: string | null;
  /** Asset ids that are not results: what the query began with. */
  hidden: string[];
  /** Words for full text and tags; null where the query has none, or more than words. */
  words: WordQuery | null;
  /** Assets nearer than `minDistance` to `vector` are out. */
  without: { vector: string; minDistance: number }[];
  /** Colours, quoted parts and operators, as conditions. */
  conditions: AssetFilter | null;
  /** Whether it says what to look for, and not only what to leave out. */
  isAimed: boolean;
  interpretedAs: Interpretation;
  /** Vectors of the terms, in pgvector's text form; null for a colour. */
  termVectors: (string | null)[];
  notices: string[];
}

export interface QueryRooms {
  database: Database;
  calibration: CalibrationService;
  uploads: StagedUploadService;
  files: FileStore;
  media: MediaAnalyzer;
}

/** Reads what is searched for: words, assets, uploads, colours, and what is left out. */
export class QueryReader {
  readonly #rooms: QueryRooms;
  readonly #uploadVectors = new LRUCache<string, Float32Array>({ max: 200 });

  constructor(rooms: QueryRooms) {
    this.#rooms = rooms;
  }

  /** A query in plain words: quotes, operators, what it leaves out. @throws VitrineError BAD_USER_INPUT naming `query`, also for one without words */
  async readPlain(viewer: Viewer, model: LibraryModel, query: string): Promise<ReadQuery> {
    const typed = readText(query, 'query');
    const plain = readPlainQuery(typed);
    const { texts, phrases, without, operators } = plain;
    // What is quoted is looked for in pictures too, among those whose texts have it.
    const asked = texts.length < 2 ? [[...texts, ...phrases].join(' ')].filter((text) => text !== '') : texts;
    if (asked.length + without.length + operators.length === 0)
      throw badInput('query', typed, 'words', `query: ${JSON.stringify(typed)} has no letter, digit or emoji to look for.`);
    requireFew('query', [...texts, ...phrases]);
    requireFew('query', without);
    requireFew('query', operators);
    const inside = <T>(work: (tx: OrganizationTx) => Promise<T>) => this.#rooms.database.asOrganization(viewer.organizationId, work);
    const named: Named = {
      findBrand: (name) => inside((tx) => findBrandNamed(tx, name)),
      hasTag: (path) => inside((tx) => hasTagNamed(tx, path)),
    };
    const conditions: AssetFilter[] = phrases.map((phrase) => ({ phrase }));
    for (const operator of operators) conditions.push(await readOperator(operator, named));
    for (const { text, isLiteral } of without) if (isLiteral) conditions.push({ not: { phrase: text } });
    const terms = asked.map((text) => ({ subject: { text }, weight: 1 }));
    const exclusions = without.map(({ text }) => ({ subject: { text } }));
    const read = await this.#read(viewer, model, { terms, without: exclusions }, 'query');
    const less = (part: Partial<PlainQuery>) => writePlainQuery({ ...plain, ...part });
    const withoutOne = <T>(list: readonly T[], one: T) => list.filter((other) => other !== one);
    const shown = [
      ...texts.map((label) => ({ label, queryWithout: less({ texts: withoutOne(texts, label) }) })),
      ...phrases.map((label) => ({ label, queryWithout: less({ phrases: withoutOne(phrases, label) }) })),
    ];
    return {
      ...read,
      words: toWordQuery(asked, typed),
      conditions: conditions.length === 0 ? null : { and: conditions },
      interpretedAs: {
        terms: shown.map((term) => ({ ...term, kind: 'TEXT', weight: 1 })),
        without: read.interpretedAs.without.map((part, index) => ({
          ...part,
          queryWithout: less({ without: without.filter((_, other) => other !== index) }),
        })),
        conditions: operators.map((operator) => ({ ...operator, queryWithout: less({ operators: withoutOne(operators, operator) }) })),
      },
    };
  }

  /** A query of several parts. @throws VitrineError BAD_USER_INPUT, NOT_FOUND naming the part, such as `search.terms[1].subject.asset` */
  async readParts(viewer: Viewer, model: LibraryModel, search: SearchQuery): Promise<ReadQuery> {
    const without = search.without ?? [];
    if (search.terms.length + without.length === 0) throw badInput('search', {}, 'at least one term or exclusion');
    for (const [name, parts] of [
      ['terms', search.terms],
      ['without', without],
    ] as const)
      requireFew(`search.${name}`, parts);
    for (const [index, { weight }] of search.terms.entries())
      if (!(weight > 0 && weight <= MAX_WEIGHT))
        throw badInput(`search.terms[${index}].weight`, weight, `a number above 0 up to ${MAX_WEIGHT}`);
    for (const [index, { threshold }] of without.entries())
      if (threshold != null && !(threshold >= -1 && threshold <= 1))
        throw badInput(`search.without[${index}].threshold`, threshold, 'a number from -1 to 1');
    return this.#read(viewer, model, search, 'search');
  }

  async #read(
    viewer: Viewer,
    model: LibraryModel,
    { terms, without, words }: { terms: readonly SearchTerm[]; without?: readonly SearchExclusion[] | null; words?: boolean | null },
    at: string,
  ): Promise<ReadQuery> {
    const path = (list: string, index: number) => (at === 'query' ? 'query' : `${at}.${list}[${index}].subject`);
    const notices: string[] = [];
    const wanted = await this.#resolveAll(
      viewer,
      model,
      terms.map(({ subject }, index) => ({ subject, field: path('terms', index) })),
      notices,
    );
    const unwanted = await this.#resolveAll(
      viewer,
      model,
      (without ?? []).map(({ subject }, index) => ({ subject, field: path('without', index) })),
      notices,
    );
    const weighted = wanted.flatMap((part, index) =>
      part.vector === null ? [] : [{ vector: part.vector, weight: terms[index]?.weight ?? 1 }],
    );
    const thresholds = (without ?? []).map(({ threshold }) => threshold ?? null);
    // The plainest query, which is most of them, asks nothing of the database before it is ranked.
    const unknown = unwanted.some(({ vector }, index) => vector !== null && thresholds[index] === null);
    let aim = weighted[0]?.vector ?? opposite(unwanted.flatMap(({ vector }) => vector ?? []));
    if (weighted.length > 1 || unknown)
      await this.#rooms.database.asOrganization(viewer.organizationId, async (tx) => {
        for (const [index, { vector }] of unwanted.entries())
          if (vector !== null) thresholds[index] ??= await this.#rooms.calibration.exclusionScore(tx, model.revision.id, toText(vector));
        if (weighted.length > 1) aim = await this.#combine(tx, model, weighted);
      });
    const excluded: ReadExclusion[] = [];
    const tests: ReadQuery['without'] = [];
    for (const [index, { label, kind, vector }] of unwanted.entries()) {
      const threshold = vector === null ? null : (thresholds[index] ?? null);
      excluded.push({ label, kind, threshold, queryWithout: null });
      if (vector !== null && threshold !== null) tests.push({ vector: toText(vector), minDistance: 1 - threshold });
      if (vector !== null && threshold === null)
        notices.push(
          `"${label}" was not left out: what scores mean in this library is not known yet. Give a threshold of your own, or try again after the next import.`,
        );
    }
    const colors = (parts: readonly Part[]) =>
      parts.flatMap(({ kind, label }) => (kind === 'COLOR' ? [{ color: { hex: label, ...COLOR } } as AssetFilter] : []));
    const conditions = [...colors(wanted), ...colors(unwanted).map((color): AssetFilter => ({ not: color }))];
    const texts = wanted.filter(({ kind }) => kind === 'TEXT');
    return {
      vector: aim && toText(aim),
      hidden: wanted.flatMap(({ kind, key }) => (kind === 'ASSET' && key !== null ? [key] : [])),
      words:
        words !== false && texts.length === 1 && wanted.length === texts.length
          ? toWordQuery([(texts[0] as Part).label], (texts[0] as Part).label)
          : null,
      without: tests,
      conditions: conditions.length === 0 ? null : { and: conditions },
      isAimed: weighted.length > 0,
      interpretedAs: {
        terms: wanted.map(({ label, kind }, index) => ({ label, kind, weight: terms[index]?.weight ?? 1, queryWithout: null })),
        without: excluded,
        conditions: [],
      },
      termVectors: wanted.length < 2 ? [] : wanted.map(({ vector }) => vector && toText(vector)),
      notices,
    };
  }

  async #resolveAll(
    viewer: Viewer,
    model: LibraryModel,
    parts: readonly { subject: SearchSubject; field: string }[],
    notices: string[],
  ): Promise<Part[]> {
    const found: Part[] = [];
    for (const { subject, field } of parts) found.push(await this.#resolve(viewer, model, subject, field, notices));
    return found;
  }

  async #resolve(
    viewer: Viewer,
    model: LibraryModel,
    { text, asset, upload, color }: SearchSubject,
    field: string,
    notices: string[],
  ): Promise<Part> {
    const named = (name: string) => (field === 'query' ? 'query' : `${field}.${name}`);
    if (text != null) {
      const label = readText(text, named('text'));
      if (readWords(label).length === 0) throw badInput(named('text'), text, 'a text with a letter, digit or emoji');
      const { vector, truncated } = await model.embedQuery(label);
      if (truncated)
        notices.push(`The model reads the first ${model.info.contextLength} tokens of a query; the rest of this one was not used.`);
      return { kind: 'TEXT', label, key: null, vector };
    }
    if (asset != null) return this.#assetPart(viewer, model, asset, named('asset'));
    if (upload != null) return this.#uploadPart(viewer, model, upload, named('upload'));
    if (color != null) return { kind: 'COLOR', label: readHexColor(color, named('color')), key: null, vector: null };
    throw badInput(field, {}, 'exactly one of text, asset, upload, color');
  }

  async #assetPart(viewer: Viewer, model: LibraryModel, id: string, field: string): Promise<Part> {
    const key = fromGlobalId('Asset', id, field);
    const [found] = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) =>
      findAssetVectors(tx, model.revision.id, [key]),
    );
    if (found === undefined) throw new VitrineError('NOT_FOUND', `${field}: there is no such asset.`, { field, value: id });
    if (found.vector === null) {
      throw badInput(
        field,
        id,
        'an asset with a vector',
        `${field}: the current model has no vector of this asset (a document, or not embedded yet), so nothing can be compared with it.`,
      );
    }
    return { kind: 'ASSET', label: id, key, vector: parseHalfvecText(found.vector) };
  }

  /** Decodes and embeds the bytes; nothing is stored. */
  async #uploadPart(viewer: Viewer, model: LibraryModel, id: string, field: string): Promise<Part> {
    const { uploads, files, media } = this.#rooms;
    const key = fromGlobalId('StagedUpload', id, field);
    const [upload] = await uploads.requireReceived(viewer, [key], () => field);
    const sha256 = upload?.sha256 as string;
    const cached = this.#uploadVectors.get(`${model.revision.id} ${sha256}`);
    if (cached) return { kind: 'UPLOAD', label: id, key, vector: cached };
    try {
      const pixels = await files.withLocalFile(sha256, (path) =>
        media.inLane('interactive').preprocess(path, model.imageInput, upload?.file_name),
      );
      const [vector] = await model.embedImages([pixels], 'interactive');
      if (isVitrineError(vector)) throw vector;
      this.#uploadVectors.set(`${model.revision.id} ${sha256}`, vector as Float32Array);
      return { kind: 'UPLOAD', label: id, key, vector: vector as Float32Array };
    } catch (error) {
      if (!isFileFault(error)) throw error;
      throw badInput(field, id, 'a picture that can be decoded', `${field}: ${error.message}`);
    }
  }

  /**
   * One direction for several terms. Similarities to a text and to a picture differ in how far they spread (a picture is much nearer to
   * pictures than any text), so each term counts by its weight over the spread that it has in this library.
   */
  async #combine(
    tx: OrganizationTx,
    model: LibraryModel,
    terms: readonly { vector: Float32Array; weight: number }[],
  ): Promise<Float32Array> {
    const [first] = terms;
    const spreads = await measureSpreads(
      tx,
      model.revision.id,
      terms.map(({ vector }) => toText(vector)),
    );
    const sum = new Float32Array((first as { vector: Float32Array }).vector.length);
    for (const [index, { vector, weight }] of terms.entries()) {
      const spread = spreads[index];
      const factor = weight / (spread != null && spread > 1e-4 ? spread : 1);
      for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) + factor * (vector[i] as number);
    }
    const length = Math.hypot(...sum);
    return length > 1e-6 ? sum.map((value) => value / length) : (first as { vector: Float32Array }).vector;
  }
}

interface Part {
  kind: ReadTerm['kind'];
  label: string;
  key: string | null;
  /** Null for a colour. */
  vector: Float32Array | null;
}

function requireFew(field: string, parts: readonly unknown[]): void {
  if (parts.length > MAX_PARTS) throw badInput(field, parts.length, `up to ${MAX_PARTS} parts`);
}

function readText(text: string, field: string): string {
  const clean = normalText(text).trim();
  if (clean.length < 1 || text.length > MAX_QUERY_CHARACTERS)
    throw badInput(field, text, `a text of 1 to ${MAX_QUERY_CHARACTERS} characters`);
  return clean;
}

/** Without anything to look for, what is least like the unwanted comes first. */
function opposite(vectors: readonly Float32Array[]): Float32Array | null {
  const [first] = vectors;
  if (first === undefined) return null;
  return first.map((_, i) => -vectors.reduce((sum, vector) => sum + (vector[i] as number), 0) / vectors.length);
}

/** Digits after the point, in pgvector's text form of unit vectors: more than float4 has there, and quickly written. */
const DIGITS = 8;

/** A unit vector in pgvector's text form. As whole numbers with an exponent: ten times quicker than fractions, and half as long. */
function toText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => Math.round(value * 10 ** DIGITS)).join(`e-${DIGITS},`)}e-${DIGITS}]`;
}
