import { VitrineError } from '../../errors.js';
import { splitFileName } from '../../platform/files/file-name.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { ByteRange, OpenedFile } from '../../platform/http/file-delivery.js';
import type { DescribedCopies } from './described-copies.js';
import type { RecipeChoice } from './recipe.js';
import type { SourceVersion } from './rendition.queries.js';
import type { FoundRendition, RenditionService } from './rendition.service.js';

/** What is delivered of a version. */
export interface FileChoice {
  /** Null: the original. */
  recipe: RecipeChoice | null;
  /** A copy with what the library says about the asset written in. */
  withMetadata: boolean;
  disposition: OpenedFile['disposition'];
}

/** The files that a version has to offer, made where they are not there yet. */
export class VersionFiles {
  readonly #files: FileStore;
  readonly #renditions: RenditionService;
  readonly #copies: DescribedCopies;

  constructor(files: FileStore, renditions: RenditionService, copies: DescribedCopies) {
    this.#files = files;
    this.#renditions = renditions;
    this.#copies = copies;
  }

  /** For somebody who waits. @throws VitrineError MEDIA_*, METADATA_*, CONFLICT (too many sizes) */
  async open(organizationId: string, version: SourceVersion, choice: FileChoice): Promise<OpenedFile> {
    const { recipe, withMetadata, disposition } = choice;
    const rendition = recipe === null ? null : await this.#renditions.provide(organizationId, version, recipe, 'interactive');
    const file = rendition === null ? originalOf(version) : renditionOf(version, rendition);
    if (withMetadata) {
      const { name, byte_size: byteSize, sha256: etag } = await this.#copies.provide(organizationId, { version, rendition });
      return { ...file, disposition, byteSize, etag, open: (range) => this.#openBeside(version.sha256, name, range) };
    }
    if (rendition === null) return { ...file, disposition, open: (range) => this.#files.openRead(version.sha256, range) };
    return { ...file, disposition, open: (range) => this.#openBeside(version.sha256, rendition.name, range) };
  }

  async #openBeside(sha256: string, name: string, range?: ByteRange) {
    const found = await this.#files.openRendition(sha256, name, range);
    if (found === null) throw new VitrineError('FILE_NOT_FOUND', 'The picture was removed a moment ago. Try again.');
    return found.stream;
  }
}

type FileFacts = Pick<OpenedFile, 'mediaType' | 'byteSize' | 'fileName' | 'etag'>;

function originalOf({ sha256, media_type: mediaType, byte_size: byteSize, file_name: fileName }: SourceVersion): FileFacts {
  return { mediaType, byteSize, fileName, etag: sha256 };
}

function renditionOf({ file_name }: SourceVersion, { row, name }: FoundRendition): FileFacts {
  const fileName = `${splitFileName(file_name).stem}-${row.width}x${row.height}${name.slice(name.lastIndexOf('.'))}`;
  return { mediaType: row.media_type, byteSize: row.byte_size, fileName, etag: row.sha256 };
}
