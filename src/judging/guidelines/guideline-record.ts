import type { OrganizationTx } from '../../platform/database/database.js';
import { etagOf } from '../../platform/graphql/etag.js';
import { VitrineError } from '../../errors.js';
import type { Section } from './guideline-document.js';
import type { RuleRecord } from './rule-record.js';

export interface GuidelineRecord {
  id: string;
  brandId: string;
  key: string;
  name: string;
  sections: (Section & { position: number })[];
  rules: RuleRecord[];
  createdAt: Date;
  updatedAt: Date;
}

export function taken(what: 'key' | 'name', value: string): VitrineError {
  return new VitrineError(
    'CONFLICT',
    `input.${what}: the brand already has a guideline with the ${what} "${value}". Choose another ${what}, or change that guideline.`,
    { field: `input.${what}`, value },
  );
}

/** Without a key it gets one made of its name. @throws VitrineError CONFLICT when the brand has one of this name or key */
export async function insertGuideline(
  tx: OrganizationTx,
  brandId: string,
  { key, name }: { key?: string | undefined; name: string },
): Promise<string> {
  const { organizationId } = tx;
  const others = await tx.rows.guideline.findMany({ where: { organizationId, brandId }, select: { key: true, name: true } });
  const keys = new Set(others.map((other) => other.key));
  if (others.some((other) => other.name === name)) throw taken('name', name);
  if (key !== undefined && keys.has(key)) throw taken('key', key);
  const word = keyOfName(name);
  let free = word;
  for (let n = 2; keys.has(free); n++) free = `${word}-${n}`;
  const [created] = await tx.rows.guideline.createManyAndReturn({
    data: [{ organizationId, brandId, key: key ?? free, name }],
    skipDuplicates: true,
  });
  if (created === undefined) throw taken('name', name);
  return created.id;
}

/** A key that reads like a name: "Größen & Farben" becomes "grossen-farben". */
export function keyOfName(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replaceAll('ß', 'ss').replace(/\p{M}/gu, '');
  return (
    plain
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 55)
      .replace(/^-+|-+$/g, '') || 'guideline'
  );
}

/** By position: a section that only changed its words keeps its rules. @returns whether anything changed */
export async function writeSections(tx: OrganizationTx, guidelineId: string, sections: readonly Section[]): Promise<boolean> {
  const { organizationId } = tx;
  const known = await tx.rows.guidelineSection.findMany({ where: { organizationId, guidelineId } });
  const surplus = known.filter((section) => section.position >= sections.length).map((section) => section.id);
  if (surplus.length > 0) await tx.rows.guidelineSection.deleteMany({ where: { organizationId, id: { in: surplus } } });
  let changed = surplus.length > 0;
  const added = [];
  for (const [position, { title, text: body }] of sections.entries()) {
    const before = known.find((section) => section.position === position);
    if (before === undefined) added.push({ organizationId, guidelineId, position, title, body });
    else if (before.title !== title || before.body !== body) {
      await tx.rows.guidelineSection.updateMany({ where: { organizationId, id: before.id }, data: { title, body } });
      changed = true;
    }
  }
  if (added.length > 0) await tx.rows.guidelineSection.createMany({ data: added });
  return changed || added.length > 0;
}

/** Of its own texts; rules have their own. */
export function guidelineEtag({ name, sections }: Pick<GuidelineRecord, 'name' | 'sections'>): string {
  return etagOf(
    name,
    sections.map(({ title, text }) => [title, text]),
  );
}
