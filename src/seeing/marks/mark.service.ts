import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, isFileFault, isVitrineError, VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { readLabel } from '../../library/tags/label.js';
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

/** The file of an asset, found fit to serve as a mark. */
export interface MarkFile {
  assetId: string;
  versionId: string;
}

export interface MarkRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  /** Holds the brand against judging while its marks change. */
  brands: { hold(tx: OrganizationTx, brandId: string): Promise<boolean> };
  compliance: { judgeBrand(tx: OrganizationTx, brandId: string, kind: 'LOGO' | 'WATERMARK'): Promise<void> };
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
    const { database, brands } = this.#rooms;
    const file = await this.fileFor(viewer.organizationId, assetId, input.role, 'input.asset', input.asset);
    const created = await database.asOrganization(viewer.organizationId, async (tx) => {
      if (!(await brands.hold(tx, brandId)))
        throw new VitrineError('NOT_FOUND', 'input.brand: there is no such brand.', { field: 'input.brand', value: input.brand });
      const mark = await this.#insert(tx, brandId, { name, role: input.role, versionId: file.versionId }, 'input.brand');
      if (mark === null)
        throw new VitrineError('CONFLICT', `input.name: the brand has a mark called "${name}".`, { field: 'input.name', value: name });
      await this.#afterChange(tx, brandId);
      return mark;
    });
    this.wake();
    return created;
  }

  /**
   * The current file of an asset, which can serve as a mark: refused now, and not when a report is wanted. Opens its own transaction.
   * @throws VitrineError naming `field`: NOT_FOUND, BAD_USER_INPUT
   */
  async fileFor(organizationId: string, assetId: string, role: MarkRole, field: string, value: string): Promise<MarkFile> {
    const { database, files, media } = this.#rooms;
    const file = await database.asOrganization(organizationId, (tx) => findMarkFile(tx, assetId));
    if (file === null) throw new VitrineError('NOT_FOUND', `${field}: there is no such asset.`, { field, value });
    if (file.kind !== 'IMAGE') throw badInput(field, value, 'a picture of the mark');
    await files
      .withLocalFile(file.sha256, (path) =>
        media.inLane('interactive').checkMark({ id: file.version_id, path, fileName: file.file_name, isWatermark: role === 'WATERMARK' }),
      )
      .catch((error: unknown) => {
        // What is wrong with the picture is told about the field that named it.
        if (!isFileFault(error) && !isVitrineError(error, 'BAD_USER_INPUT')) throw error;
        throw badInput(field, value, error.allowed ?? 'a picture of the mark', error.message);
      });
    return { assetId, versionId: file.version_id };
  }

  /**
   * Makes marks of a brand be so, in the caller's transaction, which holds the brand; marks that are not named stay. A mark of the same
   * name, asset and role stays as it is, whatever file the asset has by now. Call {@link wake} after the transaction.
   */
  async upsertMarks(
    tx: OrganizationTx,
    brandId: string,
    marks: readonly { name: string; role: MarkRole; file: MarkFile; field: string }[],
  ): Promise<{ name: string; created: boolean }[]> {
    const known = await listMarks(tx, [brandId]);
    const changes: { name: string; created: boolean }[] = [];
    for (const { name, role, file, field } of marks) {
      const before = known.find((mark) => mark.name === name);
      if (before?.asset_id === file.assetId && before.role === role) continue;
      if (before) await deleteMark(tx, before.id);
      await this.#insert(tx, brandId, { name, role, versionId: file.versionId }, field);
      changes.push({ name, created: before === undefined });
    }
    if (changes.length > 0) await this.#afterChange(tx, brandId);
    return changes;
  }

  /** Begins the searches that changes have asked for. */
  wake(): void {
    this.#rooms.scans.wake();
  }

  async #insert(
    tx: OrganizationTx,
    brandId: string,
    mark: { name: string; role: MarkRole; versionId: string },
    field: string,
  ): Promise<MarkRow | null> {
    const { length } = await listMarks(tx, [brandId]);
    if (length >= MAX_MARKS)
      throw new VitrineError('CONFLICT', `${field}: a brand has ${MAX_MARKS} marks at most.`, { field, value: length });
    return insertMark(tx, { brandId, ...mark });
  }

  async #afterChange(tx: OrganizationTx, brandId: string): Promise<void> {
    for (const kind of ['LOGO', 'WATERMARK'] as const) await this.#rooms.compliance.judgeBrand(tx, brandId, kind);
    await this.#rooms.scans.enqueue(tx);
  }

  /** The mark goes with all its sightings; its asset stays. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async delete(viewer: Viewer, globalId: string): Promise<void> {
    requireRole(viewer, 'ADMIN');
    const id = fromGlobalId('BrandMark', globalId, 'input.id');
    await this.#rooms.database.asOrganization(viewer.organizationId, async (tx) => {
      const brandId = await deleteMark(tx, id);
      if (brandId === null) throw new VitrineError('NOT_FOUND', 'input.id: there is no such mark.', { field: 'input.id', value: globalId });
      await this.#afterChange(tx, brandId);
    });
    this.wake();
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
