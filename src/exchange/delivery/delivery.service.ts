import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { AssetRow } from '../../library/assets/asset.queries.js';
import type { AssetService } from '../../library/assets/asset.service.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { Database } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { OpenedFile } from '../../platform/http/file-delivery.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { carriesMetadata } from '../../engines/media/metadata-writer.js';
import { geometryOf } from '../../engines/media/rendition-recipe.js';
import {
  countDeliveryLinks,
  type DeliveryLinkRow,
  findClickedLink,
  insertDeliveryLink,
  listDeliveryLinks,
  revokeDeliveryLink,
} from './delivery-link.queries.js';
import { requireReleased, requireRights } from './click-permission.js';
import { type DeliveryDefaultRow, findDeliveryDefault, setDeliveryDefault } from './delivery-default.queries.js';
import { type RecipeChoice, type RecipeInput, readRecipe, recipeOf } from './recipe.js';
import { findSourceVersion, listFocalPoints, setFocalPoint, type SourceVersion } from './rendition.queries.js';
import type { VersionFiles } from './version-files.js';

const MAX_LINK_DAYS = 366;
const DAY_MS = 24 * 60 * 60 * 1000;
const LINK_KEYS = z.tuple([cursorKey.moment, cursorKey.id]);

export interface RenditionLink {
  url: string;
  expiresAt: Date;
  mediaType: string;
  width: number;
  height: number;
}

export interface NewDeliveryLink extends RecipeInput {
  asset: string;
  expiresAt: Date;
  note?: string | null;
  onlyApproved?: boolean | null;
  territory?: string | null;
  channel?: string | null;
  withMetadata?: boolean | null;
}

/** What the signed token of a link holds: a file of one version (rendition, with metadata), for hours; or a delivery link by its id. */
type Claim = { o: string; v: string; r?: RecipeChoice; m?: 1 } | { o: string; d: string };

export interface DeliveryRooms {
  database: Database;
  versionFiles: VersionFiles;
  assets: AssetService;
  /** Brings findings up to date with the clock. */
  compliance: Pick<ComplianceService, 'refreshExpiredIn'>;
  signer: Signer;
  baseUrl: () => string;
}

/** Links to renditions and originals, and what happens when one is clicked. */
export class DeliveryService {
  readonly #rooms: DeliveryRooms;
  readonly #clock: () => Date;

  constructor(rooms: DeliveryRooms, clock: () => Date = () => new Date()) {
    this.#rooms = rooms;
    this.#clock = clock;
  }

  /**
   * A link to a rendition of an asset's current file, good for hours, for whoever holds it. The picture is made when the link is
   * first used. Null for documents. @throws VitrineError BAD_USER_INPUT
   */
  linkToRendition(viewer: Viewer, asset: AssetRow, input: RecipeInput & { withMetadata?: boolean }): RenditionLink | null {
    const choice = input.preset == null && input.recipe == null ? { preset: 'preview' } : readRecipe(input, '');
    // Pages and frames have thumbnails; renditions are of pictures.
    if (asset.kind !== 'IMAGE' || asset.width === null || asset.height === null) return null;
    const version = { ...asset, id: asset.current_version_id, width: asset.width, height: asset.height };
    return this.linkToVersion(viewer, version, choice, input.withMetadata);
  }

  /** A link to a copy of an asset's current file with what is said about it written in, good for hours; null where files cannot carry that. */
  linkToDescribed(viewer: Viewer, { current_version_id: version, media_type: mediaType }: AssetRow): string | null {
    if (!carriesMetadata(mediaType)) return null;
    return this.#linkForPages({ o: viewer.organizationId, v: version, m: 1 }).url;
  }

  /** {@link linkToRendition} of a version, by a recipe that is known to be good. */
  linkToVersion(
    viewer: Viewer,
    version: { id: string; width: number; height: number; media_type: string },
    choice: RecipeChoice,
    withMetadata = false,
  ): RenditionLink {
    const recipe = recipeOf(choice, null);
    const { canvas } = geometryOf(version, version.media_type === 'image/svg+xml', recipe);
    const claim: Claim = { o: viewer.organizationId, v: version.id, r: choice, ...(withMetadata && { m: 1 as const }) };
    return { ...this.#linkForPages(claim), mediaType: `image/${recipe.format.toLowerCase()}`, ...canvas };
  }

  /**
   * A link for somebody without an API key, good until `expiresAt` or until it is revoked. It delivers the asset's current file, and
   * only while the rights allow it on the day of the click. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, METADATA_NOT_WRITABLE
   */
  async createLink(viewer: Viewer, input: NewDeliveryLink): Promise<DeliveryLinkRow> {
    requireRole(viewer, 'EDITOR');
    const assetId = fromGlobalId('Asset', input.asset, 'input.asset');
    const choice = input.preset == null && input.recipe == null ? null : readRecipe(input, 'input');
    const now = this.#clock().getTime();
    const left = input.expiresAt.getTime() - now;
    if (!(left > 0 && left <= MAX_LINK_DAYS * DAY_MS))
      throw badInput('input.expiresAt', input.expiresAt, `a moment in the future, at most ${MAX_LINK_DAYS} days from now`);
    const note = (input.note ?? '').trim();
    if (note.length > 500 || note.includes('\0')) throw badInput('input.note', note, 'at most 500 characters');
    const link = await this.#rooms.database.asOrganization(viewer.organizationId, async (tx) => {
      if (input.withMetadata && choice === null) requireCarrier((await findSourceVersion(tx, { assetId }))?.media_type);
      return insertDeliveryLink(tx, {
        asset_id: assetId,
        choice,
        note,
        created_by: viewer.apiKeyName,
        expires_at: input.expiresAt,
        only_approved: input.onlyApproved ?? (await findDeliveryDefault(tx))?.only_approved ?? false,
        territory: readName(input.territory, 'input.territory'),
        channel: readName(input.channel, 'input.channel'),
        with_metadata: input.withMetadata ?? false,
      });
    });
    if (link === null) throw noSuchAsset(input.asset);
    return link;
  }

  /** What new links are when their maker does not say; null: nobody has set it. */
  findDefault(viewer: Viewer): Promise<DeliveryDefaultRow | null> {
    return this.#rooms.database.asOrganization(viewer.organizationId, findDeliveryDefault);
  }

  /** Links that are there stay as they are. @throws VitrineError FORBIDDEN */
  async setDefault(viewer: Viewer, onlyApproved: boolean): Promise<DeliveryDefaultRow> {
    requireRole(viewer, 'ADMIN');
    const row = { only_approved: onlyApproved, set_by: viewer.apiKeyName, set_at: this.#clock() };
    await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => setDeliveryDefault(tx, row));
    return row;
  }

  /** The link again, as long as it is good; null afterwards. */
  urlOfLink(viewer: Viewer, link: DeliveryLinkRow): string | null {
    if (link.revoked_at !== null || link.expires_at <= this.#clock()) return null;
    return this.#urlOf(this.#rooms.signer.signUntil({ o: viewer.organizationId, d: link.id }, link.expires_at));
  }

  /** Links of an asset, newest first. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, CURSOR_MISMATCH */
  async listLinks(
    viewer: Viewer,
    asset: string,
    first: number | null | undefined,
    after: string | null | undefined,
  ): Promise<Connection<DeliveryLinkRow>> {
    requireRole(viewer, 'EDITOR');
    const assetId = fromGlobalId('Asset', asset, 'asset');
    const page = readPage(first, after, 'deliveryLinks', assetId);
    const keys = readKeys(page, LINK_KEYS, after);
    return this.#rooms.database.asOrganization(viewer.organizationId, async (tx) =>
      toConnection(
        page,
        await listDeliveryLinks(tx, assetId, keys && { createdAt: keys[0], id: keys[1] }, page.first + 1),
        await countDeliveryLinks(tx, assetId),
        (row) => row,
        (row) => [row.created_at.toISOString(), row.id],
      ),
    );
  }

  /** From now on the link answers that it was revoked. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async revokeLink(viewer: Viewer, globalId: string): Promise<DeliveryLinkRow> {
    requireRole(viewer, 'EDITOR');
    const id = fromGlobalId('DeliveryLink', globalId, 'input.id');
    const link = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => revokeDeliveryLink(tx, id, this.#clock()));
    if (link === null) throw new VitrineError('NOT_FOUND', 'input.id: there is no such link.', { field: 'input.id', value: globalId });
    return link;
  }

  /** What cuts of the asset's current file keep in view; null: the middle. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND */
  async setFocalPoint(viewer: Viewer, asset: string, point: { x: number; y: number } | null): Promise<AssetRow> {
    requireRole(viewer, 'EDITOR');
    const assetId = fromGlobalId('Asset', asset, 'input.asset');
    for (const [axis, value] of Object.entries(point ?? {})) {
      if (!(value >= 0 && value <= 1)) throw badInput(`input.focalPoint.${axis}`, value, 'a number from 0 to 1');
    }
    const found = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => setFocalPoint(tx, assetId, point));
    const row = found ? await this.#rooms.assets.find(viewer, asset) : null;
    if (row === null) throw noSuchAsset(asset);
    return row;
  }

  /** Focal points of versions, in order; null for the middle. */
  async findFocalPoints(viewer: Viewer, versionIds: readonly string[]): Promise<({ x: number; y: number } | null)[]> {
    const rows = await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => listFocalPoints(tx, versionIds));
    const byId = new Map(rows.map(({ id, x, y }) => [id, { x, y }]));
    return versionIds.map((id) => byId.get(id) ?? null);
  }

  /**
   * The file behind a link of this room. Null when the token is none of ours, changed or expired.
   * @throws VitrineError LINK_REVOKED, RIGHTS_NOT_VALID, NOT_RELEASED; MEDIA_* and METADATA_* when the file cannot be made
   */
  async open(token: string): Promise<OpenedFile | null> {
    const claim = (await this.#rooms.signer.verify(token)) as Claim | null;
    if (claim === null) return null;
    if ('d' in claim) return this.#openDelivery(claim.o, claim.d);
    const withMetadata = claim.m === 1;
    if (claim.r === undefined && !withMetadata) return null;
    const version = await this.#findVersion(claim.o, { versionId: claim.v });
    if (version === null) return null;
    const file = await this.#rooms.versionFiles.open(claim.o, version, { recipe: claim.r ?? null, withMetadata, disposition: 'inline' });
    // What the library says, and where a cut is made, may change before the link ends.
    const isCut = claim.r !== undefined && recipeOf(claim.r, null).fit === 'COVER';
    return { ...file, revalidate: withMetadata || isCut };
  }

  async #openDelivery(organizationId: string, linkId: string): Promise<OpenedFile | null> {
    const today = this.#clock().toISOString().slice(0, 10);
    const link = await this.#rooms.database.asOrganization(organizationId, async (tx) => {
      const found = await findClickedLink(tx, linkId, today);
      if (!found?.only_approved) return found;
      // What ended with the clock may have broken the approval.
      await this.#rooms.compliance.refreshExpiredIn(tx);
      return findClickedLink(tx, linkId, today);
    });
    if (link === null || link.expires_at <= this.#clock()) return null;
    if (link.revoked_at !== null)
      throw new VitrineError('LINK_REVOKED', 'This link was revoked. Ask whoever gave it to you for another one.');
    requireRights(link);
    requireReleased(link);
    const version = await this.#findVersion(organizationId, { assetId: link.asset_id });
    if (version === null) return null;
    const choice = { recipe: link.choice, withMetadata: link.with_metadata, disposition: 'attachment' } as const;
    return { ...(await this.#rooms.versionFiles.open(organizationId, version, choice)), revalidate: true };
  }

  #findVersion(organizationId: string, by: Parameters<typeof findSourceVersion>[1]): Promise<SourceVersion | null> {
    return this.#rooms.database.asOrganization(organizationId, (tx) => findSourceVersion(tx, by));
  }

  #linkForPages(claim: Claim): { url: string; expiresAt: Date } {
    const { token, expiresAt } = this.#rooms.signer.signForPages(claim);
    return { url: this.#urlOf(token), expiresAt };
  }

  #urlOf(token: string): string {
    return `${this.#rooms.baseUrl()}/files/${token}`;
  }
}

function noSuchAsset(id: string): VitrineError {
  return new VitrineError('NOT_FOUND', 'input.asset: there is no such asset.', { field: 'input.asset', value: id });
}

/** Told when a link is made: whoever clicks it cannot help it. */
function requireCarrier(mediaType: string | undefined): void {
  if (mediaType === undefined || carriesMetadata(mediaType)) return;
  const message = `input.withMetadata: files of type ${mediaType} cannot carry metadata. Choose a preset, or leave it out.`;
  throw new VitrineError('METADATA_NOT_WRITABLE', message, { field: 'input.withMetadata', value: mediaType });
}

function readName(given: string | null | undefined, field: string): string | null {
  if (given == null) return null;
  const name = given.normalize('NFC').trim().toLowerCase();
  if (!/^[^,;|\0]{1,60}$/.test(name)) throw badInput(field, given, 'a name of 1 to 60 characters without commas, semicolons and bars');
  return name;
}
