import { requireRole, type Viewer } from '../access/viewer.js';
import type { Database, OrganizationTx } from '../database/database.js';
import { badInput, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import { fromGlobalId } from '../graphql/global-id.js';
import type { MediaAnalyzer } from '../media/media-analyzer.js';
import { readLabel } from '../tags/label.js';
import {
  deleteMark,
  findMarkFile,
  insertMark,
  listMarks,
  listSightings,
  type MarkRole,
  type MarkRow,
  type SightingRow,
} from './mark.queries.js';

export type { MarkRow, SightingRow };

/** More would make every picture of the brand slow to search. */
const MAX_MARKS = 8;

export interface NewMark {
  brand: string;
  asset: string;
  name: string;
  role: MarkRole;
}

export interface MarkRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  /** Holds the brand against judging while its marks change. */
  brands: { hold(tx: OrganizationTx, brandId: string): Promise<boolean> };
  compliance: { judgeBrand(tx: OrganizationTx, brandId: string, kind: 'LOGO'): Promise<void> };
  /** Has pictures searched: asked for in the transaction of the change, begun after it. */
  scans: { enqueue(tx: OrganizationTx): Promise<void>; wake(): void };
}

/** Marks of brands, and where they were found in pictures. */
export class MarkService {
  readonly #rooms: MarkRooms;

  constructor(rooms: MarkRooms) {
    this.#rooms = rooms;
  }

  /**
   * Names the current file of an asset a mark of a brand; its pictures are searched for it in the background.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT (also a file that cannot serve as a mark), NOT_FOUND, CONFLICT
   */
  async create(viewer: Viewer, input: NewMark): Promise<MarkRow> {
    requireRole(viewer, 'ADMIN');
    const brandId = fromGlobalId('Brand', input.brand, 'input.brand');
    const assetId = fromGlobalId('Asset', input.asset, 'input.asset');
    const name = readLabel(input.name, 'input.name', 200);
    const { database, files, media, brands, compliance, scans } = this.#rooms;
    const file = await database.asOrganization(viewer.organizationId, (tx) => findMarkFile(tx, assetId));
    if (file === null)
      throw new VitrineError('NOT_FOUND', 'input.asset: there is no such asset.', { field: 'input.asset', value: input.asset });
    if (file.kind !== 'IMAGE') throw badInput('input.asset', input.asset, 'a picture of the mark');
    // Refused now, and not when a report is wanted.
    await files.withLocalFile(file.sha256, (path) => media.checkMark({ id: file.version_id, path, fileName: file.file_name }));
    const created = await database.asOrganization(viewer.organizationId, async (tx) => {
      if (!(await brands.hold(tx, brandId)))
        throw new VitrineError('NOT_FOUND', 'input.brand: there is no such brand.', { field: 'input.brand', value: input.brand });
      const known = await listMarks(tx, [brandId]);
      if (known.length >= MAX_MARKS)
        throw new VitrineError('CONFLICT', `input.brand: a brand has ${MAX_MARKS} marks at most.`, {
          field: 'input.brand',
          value: known.length,
        });
      const mark = await insertMark(tx, { brandId, versionId: file.version_id, name, role: input.role });
      if (mark === null)
        throw new VitrineError('CONFLICT', `input.name: the brand has a mark called "${name}".`, { field: 'input.name', value: name });
      await compliance.judgeBrand(tx, brandId, 'LOGO');
      await scans.enqueue(tx);
      return mark;
    });
    scans.wake();
    return created;
  }

  /** The mark goes with all its sightings; its asset stays. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async delete(viewer: Viewer, globalId: string): Promise<void> {
    requireRole(viewer, 'ADMIN');
    const id = fromGlobalId('BrandMark', globalId, 'input.id');
    const { database, compliance, scans } = this.#rooms;
    await database.asOrganization(viewer.organizationId, async (tx) => {
      const brandId = await deleteMark(tx, id);
      if (brandId === null) throw new VitrineError('NOT_FOUND', 'input.id: there is no such mark.', { field: 'input.id', value: globalId });
      await compliance.judgeBrand(tx, brandId, 'LOGO');
      await scans.enqueue(tx);
    });
    scans.wake();
  }

  /** Marks of brands, by name, in the order of `brandIds`: for loaders. */
  async marksOfBrands(viewer: Viewer, brandIds: readonly string[]): Promise<MarkRow[][]> {
    const rows = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => listMarks(tx, brandIds));
    return brandIds.map((id) => rows.filter((row) => row.brand_id === id));
  }

  /** Sightings in versions, the most confident first, in the order of `versionIds`: for loaders. */
  async sightingsInVersions(viewer: Viewer, versionIds: readonly string[]): Promise<SightingRow[][]> {
    const rows = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => listSightings(tx, versionIds));
    return versionIds.map((id) => rows.filter((row) => row.version_id === id));
  }
}
