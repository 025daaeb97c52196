import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describeFile } from '../../library/assets/embedded-fields.js';
import type { Database } from '../../platform/database/database.js';
import { VitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { MINIMUM_FREE_BYTE_SIZE } from '../../platform/files/local-file-store.js';
import { assertFreeSpace, examineFile, temporaryPath } from '../../platform/files/temporary-file.js';
import type { Lane } from '../../lane-queue.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import { carriesMetadata, copyName, METADATA_WRITER, type WrittenMetadata, XMP } from '../../engines/media/metadata-writer.js';
import { SharedWork } from '../../shared-work.js';
import { type DescribedCopyRow, findDescribedAsset, findDescribedCopy, saveDescribedCopy } from './described-copy.queries.js';
import type { SourceVersion } from './rendition.queries.js';
import type { FoundRendition } from './rendition.service.js';

export interface CopyRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  /** On this machine, for copies under way. */
  temporaryFolder: string;
}

/** A file to copy: the original of a version, or a rendition of it. */
interface Copied {
  version: Pick<SourceVersion, 'id' | 'sha256' | 'byte_size' | 'media_type' | 'file_name'>;
  rendition: FoundRendition | null;
}

/** Copies of files with what the library says about them written in. The files themselves never change. */
export class DescribedCopies {
  readonly #rooms: CopyRooms;
  /** What this process is making now: whoever asks for the same waits for the same. */
  readonly #making = new SharedWork<DescribedCopyRow>();
  #isAvailable = false;

  constructor(rooms: CopyRooms) {
    this.#rooms = rooms;
  }

  /**
   * For somebody who waits: the copy as the library stands now, kept beside the original until what it says changes. Always the same bytes while that does not, so
   * that parts of it can be asked for. @throws VitrineError METADATA_TOOL_MISSING, METADATA_NOT_WRITABLE, MEDIA_TIMEOUT, NOT_FOUND, STORAGE_FULL
   */
  async provide(organizationId: string, copied: Copied): Promise<DescribedCopyRow> {
    const { database, files } = this.#rooms;
    const { version, rendition } = copied;
    const recipeKey = rendition?.row.recipe_key ?? '';
    const mediaType = mediaTypeOf(copied);
    const { asset, known } = await database.asOrganization(organizationId, async (tx) => ({
      asset: await findDescribedAsset(tx, version.id),
      known: await findDescribedCopy(tx, version.id, recipeKey),
    }));
    if (asset === null) throw new VitrineError('NOT_FOUND', 'This file was removed.');
    const metadata = describeFile(asset);
    const content = [METADATA_WRITER, rendition?.row.sha256 ?? version.sha256, metadata];
    const key = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32);
    const name = `described-${key}${path.extname(copyName(mediaType))}`;
    if (known?.name === name && (await files.findRenditionByteSize(version.sha256, name)) === known.byte_size) return known;

    const row = await this.#making.run(`${organizationId} ${version.id} ${name}`, () => this.#keep(organizationId, copied, metadata, name));
    // Only the latest is kept, or every change of a text would leave a file behind.
    if (known !== null && known.name !== row.name) await files.removeRendition(version.sha256, known.name);
    return row;
  }

  /** For an archive: a copy that is read once and not kept; null makes an XMP file of the metadata alone. @throws as {@link provide} */
  async openOnce(copied: Copied | null, metadata: WrittenMetadata, fileName: string): Promise<Readable> {
    return this.#lend('bulk', copied, metadata, fileName, async (file) => {
      // The open file outlives its name.
      const handle = await open(file, 'r');
      return handle.createReadStream();
    });
  }

  /** @throws VitrineError METADATA_TOOL_MISSING */
  async assertAvailable(): Promise<void> {
    if (this.#isAvailable) return;
    const probe = { title: 'probe', description: null, altText: null, keywords: [], creator: null, credit: null };
    const nothing = { copyright: null, usageTerms: null, city: null, country: null, digitalSourceType: null };
    await this.#lend('interactive', null, { ...probe, ...nothing }, 'probe.xmp', async () => undefined);
    this.#isAvailable = true;
  }

  async #keep(organizationId: string, copied: Copied, metadata: WrittenMetadata, name: string): Promise<DescribedCopyRow> {
    const { database, files } = this.#rooms;
    const { version, rendition } = copied;
    const row = await this.#lend('interactive', copied, metadata, version.file_name, async (file) => {
      const examined = await examineFile(file, { maxByteSize: Number.MAX_SAFE_INTEGER, flush: false });
      await files.putRenditionFile(version.sha256, name, examined);
      return { name, byte_size: examined.byteSize, sha256: examined.sha256 };
    });
    await database.asOrganization(organizationId, (tx) => saveDescribedCopy(tx, version.id, rendition?.row.recipe_key ?? '', row));
    return row;
  }

  /** Makes a copy that is there until `use` has settled. */
  async #lend<T>(
    lane: Lane,
    copied: Copied | null,
    metadata: WrittenMetadata,
    fileName: string,
    use: (file: string) => Promise<T>,
  ): Promise<T> {
    const { temporaryFolder } = this.#rooms;
    const media = this.#rooms.media.inLane(lane);
    const mediaType = copied === null ? XMP : mediaTypeOf(copied);
    const folder = temporaryPath(path.resolve(temporaryFolder));
    await mkdir(folder, { recursive: true });
    try {
      await assertFreeSpace(folder, MINIMUM_FREE_BYTE_SIZE + (copied?.version.byte_size ?? 0));
      const write = (source: string | null) => media.writeMetadata({ source, mediaType, folder, metadata, fileName });
      if (copied === null) await write(null);
      else if (copied.rendition === null) await this.#rooms.files.withLocalFile(copied.version.sha256, write);
      else await write(await this.#fetchRendition(copied.version.sha256, copied.rendition.name, folder));
      return await use(path.join(folder, copyName(mediaType)));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #fetchRendition(sha256: string, name: string, folder: string): Promise<string> {
    const found = await this.#rooms.files.openRendition(sha256, name);
    if (found === null) throw new VitrineError('FILE_NOT_FOUND', 'The picture was removed a moment ago. Try again.');
    const file = path.join(folder, 'rendition');
    await pipeline(found.stream, createWriteStream(file));
    return file;
  }
}

/** @throws VitrineError METADATA_NOT_WRITABLE */
function mediaTypeOf({ version, rendition }: Copied): string {
  const mediaType = rendition?.row.media_type ?? version.media_type;
  if (carriesMetadata(mediaType)) return mediaType;
  const message = `Files of type ${mediaType} cannot carry metadata. Use a link without them, or an export, which writes an XMP file beside each.`;
  throw new VitrineError('METADATA_NOT_WRITABLE', message, { value: mediaType });
}
