import type { Database } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { ByteRange, OpenedFile } from '../../platform/http/file-delivery.js';
import type { Signer } from '../../platform/http/signed-token.js';
import { partThumbnailName } from '../../engines/media/part-key.js';
import { type AssetRow, findVersions } from './asset.queries.js';

const THUMBNAIL = 'thumbnail.webp';

/** The file, its thumbnail, or the thumbnail of a frame or page by the part's key. */
export type FileVariant = 'original' | 'thumbnail' | `part ${string}`;

/** Links to files that work without an API key, for hours: an <img> tag sends no headers. */
export class AssetFileService {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #signer: Signer;
  readonly #baseUrl: () => string;

  constructor(database: Database, files: FileStore, signer: Signer, baseUrl: () => string) {
    this.#database = database;
    this.#files = files;
    this.#signer = signer;
    this.#baseUrl = baseUrl;
  }

  /** @param organizationId of the asset, whose `current_version_id` is the version meant: whoever holds the link sees this one file of it */
  linkTo(organizationId: string, asset: Pick<AssetRow, 'current_version_id'>, variant: FileVariant): string {
    const claim = { o: organizationId, v: asset.current_version_id, f: variant };
    return `${this.#baseUrl()}/files/${this.#signer.signForPages(claim).token}`;
  }

  /** Null when the link is forged or expired, or the file is gone. */
  async open(token: string): Promise<OpenedFile | null> {
    const claim = (await this.#signer.verify(token)) as { o: string; v: string; f?: FileVariant } | null;
    if (claim?.f === undefined) return null;
    const [version] = await this.#database.asOrganization(claim.o, (tx) => findVersions(tx, [claim.v], 0));
    if (version === undefined) return null;
    const { sha256, file_name: fileName } = version;
    if (claim.f === 'original') {
      const open = (range?: ByteRange) => this.#files.openRead(sha256, range);
      return { open, mediaType: version.media_type, byteSize: version.byte_size, fileName, disposition: 'inline', etag: sha256 };
    }
    const name = claim.f === 'thumbnail' ? THUMBNAIL : partThumbnailName(claim.f.replace(/^part /, ''));
    if (name === null) return null;
    const byteSize = await this.#files.findRenditionByteSize(sha256, name);
    if (byteSize === null) return null;
    return {
      open: async (range?: ByteRange) => {
        const found = await this.#files.openRendition(sha256, name, range);
        if (found === null) throw new VitrineError('FILE_NOT_FOUND', 'The picture was removed a moment ago.');
        return found.stream;
      },
      mediaType: 'image/webp',
      byteSize,
      fileName: `${fileName}.webp`,
      disposition: 'inline',
      etag: `${sha256}-${name}`,
    };
  }
}
