import type { AssetFields } from '../../library/assets/asset-fields.js';
import type { VitrineError } from '../../errors.js';
import type { ArchiveEntry } from '../../platform/files/archive.js';

/** A file on the server's disk, or one that was uploaded. */
export type FileReference = { path: string } | { uploadId: string };

/** Which field of an asset a column of a manifest is; null: none, it is passed over. */
export type ColumnMapping = Record<string, string | null>;

/** Where an import's files come from, as stored with the operation. */
export type ImportSource =
  | { type: 'UPLOADS'; uploads: { uploadId: string; fields: AssetFields }[] }
  | { type: 'FOLDER'; folder: string }
  /** A batch of files of a watched folder. */
  | { type: 'WATCHED'; folder: string; batchId: string }
  | { type: 'URLS'; urls: { url: string; fields: AssetFields }[] }
  | { type: 'BUCKET'; bucket: string; prefix: string }
  /** Files named in the manifest are relative to its key. */
  | { type: 'BUCKET_MANIFEST'; bucket: string; key: string; columns?: ColumnMapping }
  | { type: 'ARCHIVE'; archive: FileReference; columns?: ColumnMapping }
  /** Files named in the manifest are relative to its folder, or names of staged uploads. */
  | { type: 'MANIFEST'; path: string; columns?: ColumnMapping }
  | { type: 'MANIFEST_UPLOAD'; uploadId: string; files: { uploadId: string; fileName: string }[]; columns?: ColumnMapping };

/** Where one item's bytes are; ASSET: nowhere, the row is about an asset that is there. */
export type ItemSource = (
  | { type: 'PATH'; path: string /** In base64, where they are no UTF-8 and `path` is only what it is called. */; bytes?: string }
  | { type: 'UPLOAD'; uploadId: string }
  | { type: 'URL'; url: string }
  /** Size and tag as they were listed; without a tag whatever is there. `forms`: other keys to try where there is none. */
  | { type: 'OBJECT'; bucket: string; key: string; forms?: string[]; etag: string | null; byteSize: number | null }
  | { type: 'ENTRY'; archive: FileReference; entry: ArchiveEntry }
  | { type: 'ASSET' }
) &
  RowFacts;

/** What a list says, or lets see, of a row beside its fields. */
interface RowFacts {
  /** What the file is called. */
  fileName?: string;
  /** The XMP file that lies beside it. */
  sidecar?: ItemSource;
  /** What the caller should know: how the list was read. */
  notes?: string[];
}

export type PathSource = Extract<ItemSource, { type: 'PATH' }>;

/** One input file or manifest row. A row that cannot be understood is an item too: it ends REJECTED, and the counts add up. */
export interface PlannedItem {
  /** What the user calls it: a relative path, a file name, or `row 12`. */
  label: string;
  source: ItemSource | null;
  fields: AssetFields;
  error: VitrineError | null;
}
