import { z } from 'zod';
import { requireMatch } from '../../platform/graphql/etag.js';
import { brandEtag } from './brand-etag.js';
import type { Viewer } from '../../viewer.js';
import { requireRole } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { lockBrand } from './brand.queries.js';
import { labOfHex, readHexColor } from '../../engines/pixels/color.js';

export interface PaletteColor {
  name: string;
  /** `#rrggbb`, lower case; `#rgb` and capitals are accepted as input. */
  hex: string;
}

export interface BrandRecord {
  id: string;
  key: string;
  name: string;
  palette: PaletteColor[];
  createdAt: Date;
  updatedAt: Date;
}

export interface BrandContent {
  key: string;
  name: string;
  palette: readonly PaletteColor[];
}

/** Told when a palette changed, in the same transaction: judges the brand's assets anew. */
export interface PaletteJudge {
  judgeBrand(tx: OrganizationTx, brandId: string, kind: 'PALETTE'): Promise<void>;
}

const MAX_COLORS = 64;
const withColors = { colors: { orderBy: { position: 'asc' } } } as const;

/** Brands and their palettes. */
export class BrandService {
  readonly #database: Database;
  readonly #judge: PaletteJudge;

  constructor(database: Database, judge: PaletteJudge) {
    this.#database = database;
    this.#judge = judge;
  }

  /** @throws VitrineError NOT_FOUND */
  async getBrand(viewer: Viewer, id: string, field = 'id'): Promise<BrandRecord> {
    const [brand] = await this.findBrands(viewer, [id]);
    if (!brand) throw noSuchBrand(field, id);
    return brand;
  }

  /** In the order of `ids`, null where there is none: for loaders. */
  async findBrands(viewer: Viewer, ids: readonly string[]): Promise<(BrandRecord | null)[]> {
    const { organizationId } = viewer;
    const rows = await this.#database.asOrganization(organizationId, (tx) =>
      tx.rows.brand.findMany({ where: { organizationId, id: { in: [...ids] } }, include: withColors }),
    );
    const byId = new Map(rows.map((row) => [row.id, toRecord(row)]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  /** Ordered by key. */
  async listBrands(viewer: Viewer, first?: number | null, after?: string | null): Promise<Connection<BrandRecord>> {
    const page = readPage(first, after, 'brands');
    const { organizationId } = viewer;
    const [start] = readKeys(page, z.tuple([z.string().regex(/^[a-z0-9-]+$/)]), after) ?? [''];
    return this.#database.asOrganization(organizationId, async (tx) => {
      const rows = await tx.rows.brand.findMany({
        where: { organizationId, key: { gt: start } },
        orderBy: { key: 'asc' },
        take: page.first + 1,
        include: withColors,
      });
      return toConnection(page, rows, await tx.rows.brand.count({ where: { organizationId } }), toRecord, (row) => [row.key]);
    });
  }

  /** @throws VitrineError CONFLICT when the key is taken */
  async createBrand(viewer: Viewer, input: BrandContent): Promise<BrandRecord> {
    requireRole(viewer, 'ADMIN');
    const content = readBrand(input, 'input');
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const created = await insertBrand(tx, content);
      if (created === null) {
        throw new VitrineError(
          'CONFLICT',
          `input.key: there is already a brand "${content.key}". Choose another key, or change that brand.`,
          {
            field: 'input.key',
            value: content.key,
          },
        );
      }
      return readRecord(tx, created);
    });
  }

  /** A new palette has the brand's assets judged anew. */
  async updateBrand(
    viewer: Viewer,
    id: string,
    changes: { name?: string | null; palette?: readonly PaletteColor[] | null; ifMatch?: string | null },
  ): Promise<BrandRecord> {
    requireRole(viewer, 'ADMIN');
    const name = changes.name == null ? undefined : readName(changes.name, 'input.name');
    const palette = changes.palette == null ? undefined : readPalette(changes.palette, 'input.palette');
    return this.#database.asOrganization(
      viewer.organizationId,
      async (tx) => {
        if (!(await lockBrand(tx, id))) throw noSuchBrand('input.id', id);
        requireMatch(changes.ifMatch, brandEtag(await readRecord(tx, id)));
        await this.#change(tx, id, { ...(name !== undefined && { name }), ...(palette && { palette }) });
        return readRecord(tx, id);
      },
      viewer,
    );
  }

  /**
   * Makes the brand with this key be so, in the caller's transaction; nothing is written when it is so already, and the palette stays when
   * none is given. The brand stays locked. `field` is the path of `content` in the input, for errors.
   */
  async upsertBrand(
    tx: OrganizationTx,
    content: Omit<BrandContent, 'palette'> & { palette?: readonly PaletteColor[] | undefined },
    field: string,
  ): Promise<{ id: string; created: boolean; changed: ('name' | 'palette')[] }> {
    const { key, name, palette } = readBrand({ ...content, palette: content.palette ?? [] }, field);
    const made = await insertBrand(tx, { key, name, palette });
    const { organizationId } = tx;
    const id = made ?? (await tx.rows.brand.findFirstOrThrow({ where: { organizationId, key }, select: { id: true } })).id;
    await lockBrand(tx, id);
    const changed = made === null ? await this.#change(tx, id, { name, ...(content.palette && { palette }) }) : [];
    return { id, created: made !== null, changed };
  }

  /** Keeps judging by this brand out until the transaction ends. False when there is no such brand. */
  hold(tx: OrganizationTx, id: string): Promise<boolean> {
    return lockBrand(tx, id);
  }

  /** @returns what was different */
  async #change(
    tx: OrganizationTx,
    id: string,
    { name, palette }: { name?: string; palette?: PaletteColor[] },
  ): Promise<('name' | 'palette')[]> {
    const before = await readRecord(tx, id);
    const palettesDiffer = palette !== undefined && JSON.stringify(palette) !== JSON.stringify(before.palette);
    const namesDiffer = name !== undefined && name !== before.name;
    if (!palettesDiffer && !namesDiffer) return [];
    const { organizationId } = tx;
    await tx.rows.brand.updateMany({ where: { organizationId, id }, data: { ...(name !== undefined && { name }), updatedAt: new Date() } });
    if (palettesDiffer) {
      await tx.rows.brandColor.deleteMany({ where: { organizationId, brandId: id } });
      await insertColors(tx, id, palette);
      await this.#judge.judgeBrand(tx, id, 'PALETTE');
    }
    return [...(namesDiffer ? (['name'] as const) : []), ...(palettesDiffer ? (['palette'] as const) : [])];
  }
}

function noSuchBrand(field: string, id: string): VitrineError {
  return new VitrineError('NOT_FOUND', `${field}: there is no such brand.`, { field, value: id });
}

function toRecord(row: Omit<BrandRecord, 'palette'> & { colors: PaletteColor[] }): BrandRecord {
  const { id, key, name, createdAt, updatedAt } = row;
  return { id, key, name, createdAt, updatedAt, palette: row.colors.map((color) => ({ name: color.name, hex: color.hex })) };
}

async function readRecord(tx: OrganizationTx, id: string): Promise<BrandRecord> {
  return toRecord(await tx.rows.brand.findFirstOrThrow({ where: { organizationId: tx.organizationId, id }, include: withColors }));
}

/** Null when the key is taken. */
async function insertBrand(tx: OrganizationTx, { key, name, palette }: BrandContent): Promise<string | null> {
  const { organizationId } = tx;
  const [created] = await tx.rows.brand.createManyAndReturn({
    data: [{ organizationId, key, name }],
    skipDuplicates: true,
    select: { id: true },
  });
  if (created === undefined) return null;
  await insertColors(tx, created.id, palette);
  return created.id;
}

async function insertColors(tx: OrganizationTx, brandId: string, palette: readonly PaletteColor[]): Promise<void> {
  const { organizationId } = tx;
  const data = palette.map(({ name, hex }, position) => {
    const { L, a, b } = labOfHex(hex);
    return { organizationId, brandId, position, name, hex, labL: L, labA: a, labB: b };
  });
  if (data.length > 0) await tx.rows.brandColor.createMany({ data });
}

function readBrand({ key, name, palette }: BrandContent, field: string): { key: string; name: string; palette: PaletteColor[] } {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(key)) {
    throw badInput(`${field}.key`, key, 'lower-case letters, digits and dashes, at most 63, beginning with a letter or digit');
  }
  return { key, name: readName(name, `${field}.name`), palette: readPalette(palette, `${field}.palette`) };
}

function readName(value: string, field: string, maxLength = 200): string {
  const name = value.trim();
  if (name.length < 1 || name.length > maxLength || name.includes('\0'))
    throw badInput(field, value, `a text of 1 to ${maxLength} characters`);
  return name;
}

function readPalette(palette: readonly PaletteColor[], field: string): PaletteColor[] {
  if (palette.length > MAX_COLORS) throw badInput(field, `${palette.length} colours`, `at most ${MAX_COLORS} colours`);
  const seen = new Map<string, number>();
  return palette.map((color, index) => {
    const path = `${field}[${index}]`;
    const hex = readHexColor(color.hex, `${path}.hex`);
    const same = seen.get(hex);
    if (same !== undefined)
      throw badInput(
        `${path}.hex`,
        color.hex,
        'each colour once',
        `${path}.hex: ${hex} is already at ${field}[${same}]. Give each colour once.`,
      );
    seen.set(hex, index);
    return { name: readName(color.name, `${path}.name`, 100), hex };
  });
}
