import { requireRole, type Viewer } from '../../viewer.js';
import type { BrandRecord, BrandService } from '../../library/brands/brand.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, Faults, isVitrineError, VitrineError } from '../../errors.js';
import type { MarkFile, MarkService } from '../../seeing/marks/mark.service.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { ComplianceService } from '../judgements/compliance.service.js';
import {
  type DocumentBrand,
  type DocumentGuideline,
  GUIDELINE_FORMAT,
  type GuidelineDocument,
  guidelineFileSchema,
} from './guideline-document.js';
import { findReferredAssets, listAssetReferences } from './guideline-file.queries.js';
import { type GuidelineTextFormat, readGuidelineDocument, readGuidelineText, writeGuidelineText } from './guideline-reader.js';
import { type GuidelineRecord, insertGuideline, writeSections } from './guideline-record.js';
import type { GuidelineService } from './guideline.service.js';
import type { GuidelineChange, ImportNotes, RuleImport, RuleImportOptions } from './rule-import.js';

/** A scope as it stands in a file, brought into the types of a filter. @throws VitrineError BAD_USER_INPUT naming what is wrong under `field` */
export type ScopeTypes = (scope: object, field: string) => object;

export interface GuidelineImportOptions extends Partial<Omit<RuleImportOptions, 'readScope'>> {
  /** Everything is checked and told, and nothing kept. */
  dryRun?: boolean;
}

/** What an import found in the document, and what it made or changed, or would. */
export interface GuidelineImport {
  brands: { id: string; key: string; guidelineIds: string[] }[];
  /** Rules that the document names. */
  rules: number;
  /** Empty when everything is so already. */
  changes: GuidelineChange[];
  /** What is worth knowing though nothing is wrong. */
  notices: string[];
  dryRun: boolean;
}

export interface GuidelineFileRooms {
  database: Database;
  brands: BrandService;
  guidelines: GuidelineService;
  ruleImport: RuleImport;
  marks: MarkService;
  tags: TagService;
  compliance: ComplianceService;
}

/** Ends the transaction of a dry run without keeping anything. */
class DryRunEnd extends Error {
  constructor(readonly result: GuidelineImport) {
    super('dry run');
  }
}

/** Brands with their guidelines as one file: written, checked, and made so. */
export class GuidelineFileService {
  readonly #rooms: GuidelineFileRooms;

  constructor(rooms: GuidelineFileRooms) {
    this.#rooms = rooms;
  }

  /** JSON Schema of guideline files. */
  fileSchema(): Record<string, unknown> {
    return guidelineFileSchema();
  }

  /** {@link importDocument} of a file's text, YAML or JSON; errors name the line as well. */
  async importText(
    viewer: Viewer,
    text: string,
    options: GuidelineImportOptions,
    field: string,
    types: ScopeTypes,
  ): Promise<GuidelineImport> {
    requireRole(viewer, 'ADMIN');
    const { document, locate } = readGuidelineText(text, field);
    try {
      return await this.#import(viewer, document, options, field, types);
    } catch (error) {
      throw isVitrineError(error) ? locate(error) : error;
    }
  }

  /**
   * Makes brands, palettes, marks, guidelines and rules be as a document says, all or nothing, and judges by rules that changed. Doing it
   * again changes nothing; what the document does not name stays.
   * @throws VitrineErrors BAD_USER_INPUT, NOT_FOUND, CONFLICT, RULE_TESTS_FAILED: all that is wrong, with paths such as
   *   `document.brands[0].palette[2].hex`
   */
  async importDocument(viewer: Viewer, document: unknown, options: GuidelineImportOptions = {}): Promise<GuidelineImport> {
    requireRole(viewer, 'ADMIN');
    const noScopes: ScopeTypes = (scope, field) => {
      throw badInput(
        field,
        scope,
        'null: filters are read where the API is',
        `${field}: filters are taken from files through the API only.`,
      );
    };
    return this.#import(viewer, readGuidelineDocument(document), options, 'document', noScopes);
  }

  /**
   * A brand with its guidelines, or one of them, as text that {@link importText} reads.
   * @throws VitrineError NOT_FOUND naming `brand` or `guideline`
   */
  async exportFile(
    viewer: Viewer,
    { brandId, guidelineId }: { brandId: string; guidelineId?: string | null },
    format: GuidelineTextFormat,
  ): Promise<{ fileName: string; content: string }> {
    const { database, brands, guidelines, marks } = this.#rooms;
    const brand = await brands.getBrand(viewer, brandId, 'brand');
    const all = (await guidelines.listByBrand(viewer, [brandId]))[0] ?? [];
    const chosen = guidelineId == null ? all : all.filter(({ id }) => id === guidelineId);
    if (guidelineId != null && chosen.length === 0)
      throw new VitrineError('NOT_FOUND', 'guideline: the brand has no such guideline.', { field: 'guideline', value: guidelineId });
    const ownMarks = (await marks.marksOfBrands(viewer, [brandId]))[0] ?? [];
    const assetIds = [
      ...ownMarks.map((mark) => mark.asset_id),
      ...chosen.flatMap(({ rules }) => rules.flatMap((rule) => rule.testCases.map((one) => one.assetId))),
    ];
    const assets = await database.asOrganization(viewer.organizationId, (tx) => listAssetReferences(tx, assetIds));
    const referenceOf = (assetId: string, sha256?: string): { externalId?: string; sha256: string } => {
      const { externalId, sha256: current } = assets.get(assetId) ?? { externalId: null, sha256: '' };
      return { ...(externalId !== null && { externalId }), sha256: sha256 ?? current };
    };
    const document = {
      format: GUIDELINE_FORMAT,
      brands: [
        {
          ...describeBrand(brand),
          ...(ownMarks.length > 0 && {
            marks: ownMarks.map(({ name, role, asset_id, sha256 }) => ({ name, role, asset: referenceOf(asset_id, sha256) })),
          }),
          guidelines: chosen.map((guideline) => describeGuideline(guideline, referenceOf)),
        },
      ],
    };
    const name = chosen.length === 1 && guidelineId != null ? `${brand.key}-${chosen[0]?.key}` : brand.key;
    return {
      fileName: `${name}.${format === 'JSON' ? 'json' : 'yaml'}`,
      content: writeGuidelineText(document as GuidelineDocument, format),
    };
  }

  async #import(
    viewer: Viewer,
    { brands }: GuidelineDocument,
    options: GuidelineImportOptions,
    field: string,
    types: ScopeTypes,
  ): Promise<GuidelineImport> {
    const { database, compliance, marks } = this.#rooms;
    const { organizationId } = viewer;
    const { dryRun = false, ...rest } = options;
    const rules = brands.flatMap((brand) => brand.guidelines.flatMap((guideline) => guideline.rules));
    const notes: ImportNotes = { faults: new Faults(), changes: [], notices: [] };
    const readScope: RuleImportOptions['readScope'] = (tx, scope, at) => compliance.readScope(tx, types(scope, at), at);
    const settings = { publish: false, retireMissing: false, skipMissingAssets: false, ...rest, readScope };
    // By key: two imports at once lock brands in the same order.
    const ordered = brands
      .map((brand, index) => ({ brand, field: `${field}.brands[${index}]` }))
      .sort((a, b) => (a.brand.key < b.brand.key ? -1 : 1));
    const markFiles = new Map<string, MarkFile>();
    for (const { brand, field: at } of ordered) await this.#readMarks(organizationId, brand, at, settings, notes, markFiles);
    await compliance.preparePrompts(organizationId, rules);
    const result = await database
      .asOrganization(
        organizationId,
        async (tx) => {
          const made: GuidelineImport = { brands: [], rules: rules.length, changes: notes.changes, notices: notes.notices, dryRun };
          const tagIds = await this.#rooms.tags.resolveNames(tx, [...new Set(rules.flatMap((rule) => rule.scopeTags))], 'scopeTags');
          const touched: string[] = [];
          for (const { brand, field: at } of ordered) {
            const brandId = await this.#writeBrand(tx, brand, at, notes, markFiles);
            const guidelineIds: string[] = [];
            for (const [index, guideline] of brand.guidelines.entries()) {
              const there = `${at}.guidelines[${index}]`;
              const id = await notes.faults.gather(() => writeGuideline(tx, { id: brandId, key: brand.key }, guideline, there, notes));
              if (id === null) continue;
              guidelineIds.push(id.id);
              const target = { id: id.id, brandId, name: `${brand.key}/${id.key}`, field: there };
              touched.push(...(await this.#rooms.ruleImport.apply(tx, target, guideline.rules, tagIds, settings, notes)));
            }
            made.brands.push({ id: brandId, key: brand.key, guidelineIds });
          }
          notes.faults.throwAny();
          if (dryRun) throw new DryRunEnd(made);
          await compliance.judgeRules(tx, touched);
          return made;
        },
        viewer,
      )
      .catch((error: unknown) => {
        if (error instanceof DryRunEnd) return error.result;
        throw error;
      });
    if (!dryRun && result.changes.some(({ subject }) => subject === 'MARK')) marks.wake();
    return result;
  }

  /** Files of a brand's marks by the path of the mark, looked at before anything is written. */
  async #readMarks(
    organizationId: string,
    { marks }: DocumentBrand,
    field: string,
    { skipMissingAssets }: RuleImportOptions,
    notes: ImportNotes,
    files: Map<string, MarkFile>,
  ): Promise<void> {
    if (marks.length === 0) return;
    const assets = await this.#rooms.database.asOrganization(organizationId, (tx) =>
      findReferredAssets(
        tx,
        marks.map((mark) => mark.asset),
      ),
    );
    for (const [index, { asset: reference, role }] of marks.entries()) {
      const at = `${field}.marks[${index}].asset`;
      const asset = assets[index] ?? null;
      const given = reference.externalId ?? (reference.sha256 as string);
      if (asset === null && skipMissingAssets)
        notes.notices.push(`${at}: no asset ${JSON.stringify(given)} is in the library; the mark was left out.`);
      else if (asset === null)
        notes.faults.list.push(
          new VitrineError(
            'NOT_FOUND',
            `${at}: no asset ${JSON.stringify(given)} is in the library. Import it first, or leave such marks out.`,
            {
              field: at,
              value: given,
            },
          ),
        );
      else {
        const file = await notes.faults.gather(() => this.#rooms.marks.fileFor(organizationId, asset.id, role, at, given));
        if (file) files.set(`${field}.marks[${index}]`, file);
      }
    }
  }

  async #writeBrand(
    tx: OrganizationTx,
    brand: DocumentBrand,
    field: string,
    notes: ImportNotes,
    files: ReadonlyMap<string, MarkFile>,
  ): Promise<string> {
    const { id, created, changed } = await this.#rooms.brands.upsertBrand(tx, brand, field);
    if (created) notes.changes.push({ subject: 'BRAND', name: brand.key, action: 'CREATED', fields: [] });
    if (changed.length > 0) notes.changes.push({ subject: 'BRAND', name: brand.key, action: 'CHANGED', fields: changed });
    const marks = brand.marks.flatMap(({ name, role }, index) => {
      const at = `${field}.marks[${index}]`;
      const file = files.get(at);
      return file ? [{ name, role, file, field: at }] : [];
    });
    const placed = marks.length === 0 ? [] : ((await notes.faults.gather(() => this.#rooms.marks.upsertMarks(tx, id, marks))) ?? []);
    for (const mark of placed)
      notes.changes.push({
        subject: 'MARK',
        name: `${brand.key}/${mark.name}`,
        action: mark.created ? 'CREATED' : 'CHANGED',
        fields: mark.created ? [] : ['asset', 'role'],
      });
    return id;
  }
}

/** Finds the guideline by its key, or without one by its name, or makes it. */
async function writeGuideline(
  tx: OrganizationTx,
  brand: { id: string; key: string },
  { key, name, sections }: DocumentGuideline,
  field: string,
  notes: ImportNotes,
): Promise<{ id: string; key: string }> {
  const { organizationId } = tx;
  const inBrand = { organizationId, brandId: brand.id };
  const found = await tx.rows.guideline.findFirst({ where: { ...inBrand, ...(key === undefined ? { name } : { key }) } });
  if (found === null || found.name !== name) {
    const namesake = await tx.rows.guideline.findFirst({ where: { ...inBrand, name } });
    if (namesake)
      throw new VitrineError(
        'CONFLICT',
        `${field}.name: the guideline "${namesake.key}" of the brand is called "${name}" already. Give its key, or another name.`,
        {
          field: `${field}.name`,
          value: name,
        },
      );
  }
  const id = found?.id ?? (await insertGuideline(tx, brand.id, { key, name }));
  const own = found?.key ?? (await tx.rows.guideline.findFirstOrThrow({ where: { organizationId, id } })).key;
  const path = `${brand.key}/${own}`;
  const renamed = found !== null && found.name !== name;
  if (renamed) await tx.rows.guideline.updateMany({ where: { organizationId, id }, data: { name, updatedAt: new Date() } });
  const rewritten = await writeSections(tx, id, sections);
  if (found === null) notes.changes.push({ subject: 'GUIDELINE', name: path, action: 'CREATED', fields: [] });
  else if (renamed || rewritten)
    notes.changes.push({
      subject: 'GUIDELINE',
      name: path,
      action: 'CHANGED',
      fields: [...(renamed ? ['name'] : []), ...(rewritten ? ['sections'] : [])],
    });
  return { id, key: own };
}

function describeBrand({ key, name, palette }: BrandRecord) {
  return { key, name, palette: palette.map((color) => ({ name: color.name, hex: color.hex })) };
}

function describeGuideline(
  { key, name, sections, rules }: GuidelineRecord,
  referenceOf: (assetId: string) => { externalId?: string; sha256: string },
) {
  return {
    ...{ key, name },
    ...(sections.length > 0 && { sections: sections.map(({ title, text }) => ({ title, ...(text !== '' && { text }) })) }),
    ...(rules.length > 0 && {
      rules: rules.map((rule) => ({
        ...{ key: rule.key, title: rule.title, kind: rule.kind, severity: rule.severity, state: rule.state },
        ...(rule.section !== null && { section: rule.section }),
        ...(rule.scopeTags.length > 0 && { scopeTags: rule.scopeTags }),
        ...(rule.scope !== null && { scope: rule.scope }),
        ...(Object.keys(rule.parameters).length > 0 && { parameters: rule.parameters }),
        ...(rule.testCases.length > 0 && {
          testCases: rule.testCases
            .map(({ assetId, expected, note }) => ({ asset: referenceOf(assetId), expected, ...(note !== '' && { note }) }))
            .sort((one, other) => (orderOf(one.asset) < orderOf(other.asset) ? -1 : 1)),
        }),
      })),
    }),
  };
}

/** Of test cases in a file: the same in every library. */
function orderOf({ externalId = '', sha256 }: { externalId?: string; sha256: string }): string {
  return `${externalId}\n${sha256}`;
}
