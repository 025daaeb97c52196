import 'reflect-metadata';
import { registerEnumType } from 'type-graphql';
import type { DuplicateBy as DuplicateKind, OnDuplicate as Policy } from '../../library/assets/duplicates.js';
import type { ItemState, UndoCode } from './import-item.queries.js';
import type { OperationState } from './import-operation.queries.js';

export const OnDuplicate = {
  RETURN_EXISTING: 'RETURN_EXISTING',
  REJECT: 'REJECT',
  KEEP_BOTH: 'KEEP_BOTH',
  NEW_VERSION: 'NEW_VERSION',
} as const satisfies Record<Policy, string>;
registerEnumType(OnDuplicate, {
  name: 'OnDuplicate',
  description: 'What to do with a file that is a duplicate of what the library has.',
  valuesConfig: {
    RETURN_EXISTING: { description: 'The item ends DUPLICATE and names the asset.' },
    REJECT: { description: 'The item ends REJECTED.' },
    KEEP_BOTH: { description: 'A further asset is made.' },
    NEW_VERSION: {
      description: 'The asset that is there gets the file as its next version, unless its bytes are the same, and the fields.',
    },
  },
});

export const DuplicateBy = { EXACT: 'EXACT', PIXELS: 'PIXELS', NEAR: 'NEAR' } as const satisfies Record<DuplicateKind, string>;
registerEnumType(DuplicateBy, {
  name: 'DuplicateBy',
  description: 'In what way a file is a duplicate.',
  valuesConfig: {
    EXACT: { description: 'The same bytes, of any version.' },
    PIXELS: {
      description:
        'Other bytes with the very same pixels as a current version: another format without loss, other metadata. Up to 4 megapixels.',
    },
    NEAR: { description: 'A picture that looks the same as a current version: at most 4 of 64 bits of their perceptual hashes differ.' },
  },
});

export const ImportState = {
  PLANNING: 'PLANNING',
  RUNNING: 'RUNNING',
  PAUSED: 'PAUSED',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<OperationState, string>;
registerEnumType(ImportState, {
  name: 'ImportState',
  description: 'Where an import stands.',
  valuesConfig: {
    PLANNING: { description: 'Its files are being listed.' },
    RUNNING: { description: 'Its files are being imported.' },
    PAUSED: { description: 'It waits until it is resumed.' },
    COMPLETED: { description: 'Every item has its final state.' },
    FAILED: { description: 'It could not be carried out; `error` says why.' },
    CANCELLED: { description: 'It was cancelled; what was done stays.' },
  },
});

export const ImportItemState = {
  PENDING: 'PENDING',
  CREATED: 'CREATED',
  UPDATED: 'UPDATED',
  DUPLICATE: 'DUPLICATE',
  SKIPPED: 'SKIPPED',
  REJECTED: 'REJECTED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<ItemState, string>;
registerEnumType(ImportItemState, {
  name: 'ImportItemState',
  description: 'What became of one input file or manifest row (or would, in a dry run). All but PENDING are final.',
  valuesConfig: {
    PENDING: { description: 'Not reached yet.' },
    CREATED: { description: 'A new asset was made.' },
    UPDATED: { description: 'An asset that was there was changed, or got a new version.' },
    DUPLICATE: { description: 'The library had it; the item names that asset.' },
    SKIPPED: { description: 'The asset was there and nothing about it differs.' },
    REJECTED: { description: 'The file or row is at fault: `code`, `field` and `message` say how.' },
    FAILED: { description: 'It could not be imported although nothing is known to be wrong with it.' },
    CANCELLED: { description: 'The import was cancelled before this item was reached.' },
  },
});

export const ImportUndoState = { RUNNING: 'RUNNING', COMPLETED: 'COMPLETED' } as const;
registerEnumType(ImportUndoState, {
  name: 'ImportUndoState',
  description: 'Where the undoing of an import stands.',
  valuesConfig: { RUNNING: { description: 'It goes on by itself.' }, COMPLETED: { description: 'It is over.' } },
});

export const ImportUndoCode = {
  REMOVED: 'REMOVED',
  RESTORED: 'RESTORED',
  KEPT_CHANGED: 'KEPT_CHANGED',
  GONE: 'GONE',
} as const satisfies Record<UndoCode, string>;
registerEnumType(ImportUndoCode, {
  name: 'ImportUndoCode',
  description: 'What undoing did about one item.',
  valuesConfig: {
    REMOVED: { description: 'The asset that it made was deleted.' },
    RESTORED: { description: 'The asset is as it was before.' },
    KEPT_CHANGED: { description: 'The asset was changed since, and was left as it is.' },
    GONE: { description: 'The asset was deleted since.' },
  },
});

export const ImportResultFormat = { JSONL: 'JSONL', CSV: 'CSV' } as const;
registerEnumType(ImportResultFormat, {
  name: 'ImportResultFormat',
  description: 'Format of a result file.',
  valuesConfig: {
    JSONL: { description: 'One JSON object a line.' },
    CSV: { description: 'With a header line; cells that a spreadsheet would run as formulas are marked as text.' },
  },
});
