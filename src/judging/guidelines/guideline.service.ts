import { inOrderOf } from '../../platform/graphql/node.js';
import { requireRole, type Viewer } from '../../viewer.js';
import { requireMatch } from '../../platform/graphql/etag.js';
import type { BrandService } from '../../library/brands/brand.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, Faults, VitrineError } from '../../errors.js';
import { type DocumentRule, guidelineKey, guidelineName, type Section, sectionsSchema } from './guideline-document.js';
import { guidelineEtag, type GuidelineRecord, insertGuideline, taken, writeSections } from './guideline-record.js';
import { readBy, readParameters } from '../rules/read-input.js';
import type { RuleImport } from './rule-import.js';
import type { RuleService } from './rule.service.js';
import { RULE_SETS, type RuleSet } from './rule-sets.js';

const content = { sections: { orderBy: { position: 'asc' } }, rules: { orderBy: { key: 'asc' } } } as const;

/** Guidelines: the sections that people read, and the rules that enforce them. */
export class GuidelineService {
  readonly #database: Database;
  readonly #brands: BrandService;
  readonly #rules: RuleService;
  readonly #ruleImport: RuleImport;

  constructor(database: Database, brands: BrandService, rules: RuleService, ruleImport: RuleImport) {
    this.#database = database;
    this.#brands = brands;
    this.#rules = rules;
    this.#ruleImport = ruleImport;
  }

  async findGuideline(viewer: Viewer, id: string): Promise<GuidelineRecord | null> {
    return this.#database.asOrganization(viewer.organizationId, (tx) => this.#find(tx, id));
  }

  /** Guidelines by key, in order. */
  findMany(viewer: Viewer, ids: readonly string[]): Promise<(GuidelineRecord | null)[]> {
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      const rows = await tx.rows.guideline.findMany({ where: { organizationId, id: { in: [...ids] } }, include: content });
      const records: GuidelineRecord[] = [];
      for (const row of rows) records.push(await this.#toRecord(tx, row));
      return inOrderOf(ids, records);
    });
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
    input: { brandId: string; key?: string | null; name: string; sections?: readonly Section[] | null },
  ): Promise<GuidelineRecord> {
    requireRole(viewer, 'ADMIN');
    const key = input.key == null ? undefined : readBy(guidelineKey, input.key, 'input.key');
    const name = readBy(guidelineName, input.name, 'input.name');
    const sections = readBy(sectionsSchema, input.sections ?? [], 'input.sections');
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      if (!(await this.#brands.hold(tx, input.brandId))) {
        throw new VitrineError('NOT_FOUND', 'input.brand: there is no such brand.', { field: 'input.brand', value: input.brandId });
      }
      const id = await insertGuideline(tx, input.brandId, { key, name });
      await writeSections(tx, id, sections);
      return this.#read(tx, id, 'id');
    });
  }

  /** New sections replace the old ones by position; rules stay with the section at their position. */
  async updateGuideline(
    viewer: Viewer,
    id: string,
    changes: { name?: string | null; sections?: readonly Section[] | null; ifMatch?: string | null },
  ): Promise<GuidelineRecord> {
    requireRole(viewer, 'ADMIN');
    const name = changes.name == null ? undefined : readBy(guidelineName, changes.name, 'input.name');
    const sections = changes.sections == null ? undefined : readBy(sectionsSchema, changes.sections, 'input.sections');
    const { organizationId } = viewer;
    return this.#database.asOrganization(organizationId, async (tx) => {
      const { brandId } = await this.#read(tx, id, 'input.id');
      await this.#brands.hold(tx, brandId);
      const before = await this.#read(tx, id, 'input.id');
      requireMatch(changes.ifMatch, guidelineEtag(before));
      if (name !== undefined && name !== before.name) {
        const others = await tx.rows.guideline.count({ where: { organizationId, brandId: before.brandId, name } });
        if (others > 0) throw taken('name', name);
        await tx.rows.guideline.updateMany({ where: { organizationId, id }, data: { name, updatedAt: new Date() } });
      }
      if (sections) await writeSections(tx, id, sections);
      return this.#read(tx, id, 'input.id');
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
        const id = await insertGuideline(tx, brandId, { name: set.name });
        await writeSections(tx, id, set.sections);
        const rules = set.rules.map((rule) => ({
          ...{
            ...rule,
            scopeTags: [],
            scope: null,
            state: 'DRAFT' as const,
            parameters: readParameters(rule.kind, rule.parameters, `rules.${rule.key}`),
          },
        }));
        const notes = { faults: new Faults(), changes: [], notices: [] };
        const options = { publish: false, retireMissing: false, skipMissingAssets: false, readScope: async () => null };
        await this.#ruleImport.apply(
          tx,
          { id, brandId, name: set.key, field: 'input.set' },
          rules as DocumentRule[],
          new Map(),
          options,
          notes,
        );
        notes.faults.throwAny();
        return this.#read(tx, id, 'id');
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
