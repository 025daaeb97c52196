import { requireRole, type Viewer } from '../access/viewer.js';
import type { BrandService } from '../brands/brand.service.js';
import type { Database, OrganizationTx } from '../database/database.js';
import { badInput, VitrineError } from '../errors.js';
import type { TagService } from '../tags/tag.service.js';
import type { ComplianceService } from './compliance.service.js';
import { guidelineName, readGuidelineDocument, type Section, sectionsSchema } from './guideline-document.js';
import { readBy, readParameters } from './read-input.js';
import type { RuleService } from './rule.service.js';
import { RULE_SETS, type RuleSet } from './rule-sets.js';
import type { RuleRecord } from './rule-record.js';

export interface GuidelineRecord {
  id: string;
  brandId: string;
  name: string;
  sections: (Section & { position: number })[];
  rules: RuleRecord[];
  createdAt: Date;
  updatedAt: Date;
}

/** What {@link GuidelineService.importGuidelines} found in the document, and how many rules it made or changed. */
export interface GuidelineImport {
  brands: { id: string; key: string; guidelineId: string | null }[];
  rules: number;
  rulesChanged: number;
}

const content = { sections: { orderBy: { position: 'asc' } }, rules: { orderBy: { key: 'asc' } } } as const;

/** Guidelines: the sections that people read, and the rules that enforce them. */
export class GuidelineService {
  readonly #database: Database;
  readonly #brands: BrandService;
  readonly #rules: RuleService;
  readonly #tags: TagService;
  readonly #compliance: ComplianceService;

  constructor(database: Database, brands: BrandService, rules: RuleService, tags: TagService, compliance: ComplianceService) {
    this.#database = database;
    this.#brands = brands;
    this.#rules = rules;
    this.#tags = tags;
    this.#compliance = compliance;
  }

  async findGuideline(viewer: Viewer, id: string): Promise<GuidelineRecord | null> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => this.#find(tx, id));
  }

  /** The guidelines of each brand by name, in the order of `brandIds`: for loaders. */
  async listByBrand(viewer: Viewer, brandIds: readonly string[]): Promise<GuidelineRecord[][]> {
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      const rows = await tx.rows.guideline.findMany({
        where: { organizationId, brandId: { in: [...brandIds] } },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
        include: content,
      });
      const byBrand = new Map(brandIds.map((id) => [id, [] as GuidelineRecord[]]));
      for (const row of rows) byBrand.get(row.brandId)?.push(await this.#toRecord(tx, row));
      return brandIds.map((id) => byBrand.get(id) ?? []);
    });
  }

  /** @throws VitrineError NOT_FOUND, CONFLICT when the brand has a guideline of this name */
  async createGuideline(
    viewer: Viewer,
    input: { brandId: string; name: string; sections?: readonly Section[] | null },
  ): Promise<GuidelineRecord> {
    requireRole(viewer, 'ADMIN');
    const name = readBy(guidelineName, input.name, 'input.name');
    const sections = readBy(sectionsSchema, input.sections ?? [], 'input.sections');
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      if (!(await this.#brands.hold(tx, input.brandId))) {
        throw new VitrineError('NOT_FOUND', 'input.brand: there is no such brand.', { field: 'input.brand', value: input.brandId });
      }
      const [created] = await tx.rows.guideline.createManyAndReturn({
        data: [{ organizationId, brandId: input.brandId, name }],
        skipDuplicates: true,
      });
      if (created === undefined) throw nameTaken(name);
      await writeSections(tx, created.id, sections);
      return this.#read(tx, created.id, 'id');
    });
  }

  /** New sections replace the old ones by position; rules stay with the section at their position. */
  async updateGuideline(
    viewer: Viewer,
    id: string,
    changes: { name?: string | null; sections?: readonly Section[] | null },
  ): Promise<GuidelineRecord> {
    requireRole(viewer, 'ADMIN');
    const name = changes.name == null ? undefined : readBy(guidelineName, changes.name, 'input.name');
    const sections = changes.sections == null ? undefined : readBy(sectionsSchema, changes.sections, 'input.sections');
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      const before = await this.#read(tx, id, 'input.id');
      await this.#brands.hold(tx, before.brandId);
      if (name !== undefined && name !== before.name) {
        const others = await tx.rows.guideline.count({ where: { organizationId, brandId: before.brandId, name } });
        if (others > 0) throw nameTaken(name);
        await tx.rows.guideline.updateMany({ where: { organizationId, id }, data: { name, updatedAt: new Date() } });
      }
      if (sections) await writeSections(tx, id, sections);
      return this.#read(tx, id, 'input.id');
    });
  }

  /**
   * Makes brands, palettes, guidelines, sections and rules (published) be as in one JSON document, all or nothing. Doing it again changes
   * nothing; what the document does not name stays. Rules that changed are judged.
   * @throws VitrineError BAD_USER_INPUT with paths such as `document.brands[0].palette[2].hex`
   */
  async importGuidelines(viewer: Viewer, document: unknown): Promise<GuidelineImport> {
    requireRole(viewer, 'ADMIN');
    const { brands } = readGuidelineDocument(document);
    const rules = brands.flatMap((brand) => brand.guideline?.rules ?? []);
    await this.#compliance.preparePrompts(viewer.organizationId, rules);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const tagIds = await this.#tags.resolveNames(tx, [...new Set(rules.flatMap((rule) => rule.scopeTags))], 'scopeTags');
      const result: GuidelineImport = { brands: [], rules: rules.length, rulesChanged: 0 };
      const touched: string[] = [];
      // By key: two imports at once lock brands in the same order.
      const ordered = brands
        .map((brand, index) => ({ brand, field: `document.brands[${index}]` }))
        .sort((a, b) => (a.brand.key < b.brand.key ? -1 : 1));
      for (const { brand, field } of ordered) {
        const brandId = await this.#brands.upsertBrand(tx, brand, field);
        let guidelineId: string | null = null;
        if (brand.guideline) {
          guidelineId = await upsertGuideline(tx, brandId, brand.guideline.name);
          await writeSections(tx, guidelineId, brand.guideline.sections);
          touched.push(
            ...(await this.#rules.upsertRules(tx, { id: guidelineId, brandId }, brand.guideline.rules, tagIds, `${field}.guideline.rules`)),
          );
        }
        result.brands.push({ id: brandId, key: brand.key, guidelineId });
      }
      await this.#compliance.judgeRules(tx, touched);
      return { ...result, rulesChanged: touched.length };
    });
  }

  /** The ready sets of sections and rules. */
  listRuleSets(): readonly RuleSet[] {
    return RULE_SETS;
  }

  /**
   * A guideline of a brand, drafted from a ready set: nothing is judged until its rules are published.
   * @throws VitrineError NOT_FOUND, CONFLICT when the brand has a guideline of the set's name
   */
  async applyRuleSet(viewer: Viewer, brandId: string, key: string): Promise<GuidelineRecord> {
    requireRole(viewer, 'ADMIN');
    const set = RULE_SETS.find((entry) => entry.key === key);
    if (set === undefined)
      throw badInput(
        'input.set',
        key,
        RULE_SETS.map((entry) => entry.key),
      );
    const { organizationId } = viewer;
    return this.#database.asOrganization(
      organizationId,
      async (tx) => {
        if (!(await this.#brands.hold(tx, brandId)))
          throw new VitrineError('NOT_FOUND', 'input.brand: there is no such brand.', { field: 'input.brand', value: brandId });
        const [created] = await tx.rows.guideline.createManyAndReturn({
          data: [{ organizationId, brandId, name: set.name }],
          skipDuplicates: true,
        });
        if (created === undefined) throw nameTaken(set.name);
        await writeSections(tx, created.id, set.sections);
        const rules = set.rules.map((rule) => ({
          ...{ ...rule, scopeTags: [], parameters: readParameters(rule.kind, rule.parameters, `rules.${rule.key}`) },
        }));
        await this.#rules.upsertRules(tx, { id: created.id, brandId }, rules, new Map(), 'rules', 'DRAFT');
        return this.#read(tx, created.id, 'id');
      },
      viewer,
    );
  }

  async #read(tx: OrganizationTx, id: string, field: string): Promise<GuidelineRecord> {
    const found = await this.#find(tx, id);
    if (found === null) throw new VitrineError('NOT_FOUND', `${field}: there is no such guideline.`, { field, value: id });
    return found;
  }

  async #find(tx: OrganizationTx, id: string): Promise<GuidelineRecord | null> {
    const row = await tx.rows.guideline.findFirst({ where: { organizationId: tx.organizationId, id }, include: content });
    return row === null ? null : this.#toRecord(tx, row);
  }

  async #toRecord(
    tx: OrganizationTx,
    {
      sections,
      rules,
      ...row
    }: Omit<GuidelineRecord, 'sections' | 'rules'> & {
      sections: { id: string; position: number; title: string; body: string }[];
      rules: Parameters<RuleService['toRecords']>[1];
    },
  ): Promise<GuidelineRecord> {
    return {
      ...row,
      sections: sections.map(({ position, title, body }) => ({ position, title, text: body })),
      rules: await this.#rules.toRecords(tx, rules, sections),
    };
  }
}

function nameTaken(name: string): VitrineError {
  return new VitrineError(
    'CONFLICT',
    `input.name: the brand already has a guideline "${name}". Choose another name, or change that guideline.`,
    {
      field: 'input.name',
      value: name,
    },
  );
}

async function upsertGuideline(tx: OrganizationTx, brandId: string, name: string): Promise<string> {
  const { organizationId } = tx;
  await tx.rows.guideline.createMany({ data: [{ organizationId, brandId, name }], skipDuplicates: true });
  return (await tx.rows.guideline.findFirstOrThrow({ where: { organizationId, brandId, name }, select: { id: true } })).id;
}

/** By position: a section that only changed its words keeps its rules. */
async function writeSections(tx: OrganizationTx, guidelineId: string, sections: readonly Section[]): Promise<void> {
  const { organizationId } = tx;
  const known = await tx.rows.guidelineSection.findMany({ where: { organizationId, guidelineId } });
  const surplus = known.filter((section) => section.position >= sections.length).map((section) => section.id);
  if (surplus.length > 0) await tx.rows.guidelineSection.deleteMany({ where: { organizationId, id: { in: surplus } } });
  const added = [];
  for (const [position, { title, text: body }] of sections.entries()) {
    const before = known.find((section) => section.position === position);
    if (before === undefined) added.push({ organizationId, guidelineId, position, title, body });
    else if (before.title !== title || before.body !== body) {
      await tx.rows.guidelineSection.updateMany({ where: { organizationId, id: before.id }, data: { title, body } });
    }
  }
  if (added.length > 0) await tx.rows.guidelineSection.createMany({ data: added });
}
