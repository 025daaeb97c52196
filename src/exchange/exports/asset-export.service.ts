import type { Readable } from 'node:stream';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { JsonInput, Sql } from '../../platform/database/sql.js';
import { readRecipe } from '../delivery/recipe.js';
import { badInput } from '../../errors.js';
import type { Download } from '../../platform/http/download.js';
import type { Signer } from '../../platform/http/signed-token.js';
import type { AssetSelection, SearchService } from '../../finding/search/search.service.js';
import { type ExportedAsset, findUsableExport, listExportedAssets, measureExport } from './asset-export.queries.js';
import { type ArchiveRooms, type ExportProgress, streamArchive } from './export-archive.js';
import { MANIFEST_FORMATS, type ManifestFormat } from './export-manifest.js';

const LIFETIME_MS = 24 * 60 * 60 * 1000;
const PAGE = 200;

/** What is to be exported: assets by filter or by global ids, exactly one of them. */
export interface ExportRequest extends AssetSelection {
  /** Key of a preset; originals when absent. */
  rendition?: string | null;
  manifest: ManifestFormat;
  /** Writes what is said about each asset into a copy of its file, or beside it. */
  withMetadata?: boolean;
}

export interface AssetExport {
  url: string;
  fileName: string;
  /** When it was asked for; what is sent is what matches when the link is used. */
  assets: number;
  byteSize: number;
  expiresAt: Date;
}

type Selected = (tx: OrganizationTx) => Promise<Sql>;

export interface ExportRooms extends ArchiveRooms {
  database: Database;
  search: SearchService;
  signer: Signer;
  baseUrl: () => string;
}

/** Archives of files with a manifest, made while they are sent. */
export class AssetExportService {
  readonly #rooms: ExportRooms;

  constructor(rooms: ExportRooms) {
    this.#rooms = rooms;
  }

  /** A link that works without an API key for a day, or until the viewer's own is revoked. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async create(viewer: Viewer, request: ExportRequest): Promise<AssetExport> {
    requireRole(viewer, 'EDITOR');
    const { database, signer, baseUrl } = this.#rooms;
    const select = await this.#read(viewer, request);
    const { organizationId, apiKeyId: createdBy, apiKeyName: createdByName } = viewer;
    const expiresAt = new Date(Date.now() + LIFETIME_MS);
    const made = await database.asOrganization(organizationId, async (tx) => {
      const measured = await measureExport(tx, await select(tx));
      await tx.rows.assetExport.deleteMany({ where: { organizationId, expiresAt: { lt: new Date() } } });
      const data = { organizationId, createdBy, createdByName, expiresAt, request: request as unknown as JsonInput };
      return { ...measured, ...(await tx.rows.assetExport.create({ data, select: { id: true } })) };
    });
    const token = signer.sign({ t: 'export', o: organizationId, i: made.id }, LIFETIME_MS / 1000);
    return {
      url: `${baseUrl()}/exports/${token}`,
      fileName: fileNameOf(new Date()),
      assets: made.assets,
      byteSize: made.byteSize,
      expiresAt,
    };
  }

  /** Null when the link is forged or expired, or the key that made it is. */
  async open(token: string): Promise<Download | null> {
    const { database, signer } = this.#rooms;
    const claim = (await signer.verify(token)) as { t?: string; o: string; i: string } | null;
    if (claim?.t !== 'export') return null;
    const organizationId = claim.o;
    const row = await database.asOrganization(organizationId, (tx) => findUsableExport(tx, claim.i));
    if (row === null) return null;
    const viewer: Viewer = { organizationId, apiKeyId: row.createdBy, apiKeyName: row.createdByName, role: 'EDITOR' };
    const stream = await this.archive(viewer, row.request as unknown as ExportRequest);
    return { stream, mediaType: 'application/zip', fileName: fileNameOf(row.createdAt) };
  }

  /** The archive itself. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND before its first byte */
  async archive(viewer: Viewer, request: ExportRequest, onProgress?: ExportProgress): Promise<Readable> {
    requireRole(viewer, 'EDITOR');
    const select = await this.#read(viewer, request);
    const rendition = request.rendition == null ? null : readRecipe({ preset: request.rendition }, 'input');
    const { organizationId } = viewer;
    return streamArchive(
      this.#rooms,
      { organizationId, manifest: request.manifest, rendition, withMetadata: request.withMetadata ?? false },
      this.#assets(organizationId, select),
      onProgress,
    );
  }

  /** Checks what is asked for. @returns a SELECT of asset_id for a transaction */
  async #read(viewer: Viewer, { rendition, manifest, withMetadata, ...selection }: ExportRequest): Promise<Selected> {
    if (!MANIFEST_FORMATS.includes(manifest)) throw badInput('input.manifest', manifest, MANIFEST_FORMATS);
    if (rendition != null) readRecipe({ preset: rendition }, 'input.rendition');
    if (withMetadata) await this.#rooms.copies.assertAvailable();
    return this.#rooms.search.prepareSelection(viewer, selection);
  }

  /** A page a transaction, so that a slow reader holds nothing up. */
  async *#assets(organizationId: string, select: Selected): AsyncGenerator<ExportedAsset> {
    for (let after: string | null = null, more = true; more; ) {
      const from: string | null = after;
      const page: ExportedAsset[] = await this.#rooms.database.asOrganization(organizationId, async (tx) =>
        listExportedAssets(tx, await select(tx), from, PAGE),
      );
      yield* page;
      more = page.length === PAGE;
      after = page.at(-1)?.id ?? after;
    }
  }
}

function fileNameOf(date: Date): string {
  return `vitrine-export-${date.toISOString().slice(0, 19).replaceAll(':', '')}.zip`;
}
