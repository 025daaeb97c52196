import type { AssetFields } from '../assets/asset-fields.js';
import type { VitrineError } from '../errors.js';

/** Where an import's files come from, as stored with the operation. */
export type ImportSource =
  | { type: 'UPLOADS'; uploads: { uploadId: string; fields: AssetFields }[] }
  | { type: 'FOLDER'; folder: string }
  /** Files named in the manifest are relative to its folder, or names of staged uploads. */
  | { type: 'MANIFEST'; path: string }
  | { type: 'MANIFEST_UPLOAD'; uploadId: string; files: { uploadId: string; fileName: string }[] };

/** Where one item's bytes are; ASSET: nowhere, the row is about an asset that is there. */
export type ItemSource = { type: 'PATH'; path: string } | { type: 'UPLOAD'; uploadId: string } | { type: 'ASSET' };

/** One input file or manifest row. A row that cannot be understood is an item too: it ends REJECTED, and the counts add up. */
export interface PlannedItem {
  /** What the user calls it: a relative path, a file name, or `row 12`. */
  label: string;
  source: ItemSource | null;
  fields: AssetFields;
  error: VitrineError | null;
}
