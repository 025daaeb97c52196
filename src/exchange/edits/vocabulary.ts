import 'reflect-metadata';
import { registerEnumType } from 'type-graphql';
import type { EditItemState, EditRow, EditUndoCode } from './bulk-edit.queries.js';

export const BulkEditState = {
  RUNNING: 'RUNNING',
  COMPLETED: 'COMPLETED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<EditRow['state'], string>;
registerEnumType(BulkEditState, {
  name: 'BulkEditState',
  description: 'Where a bulk edit stands.',
  valuesConfig: {
    RUNNING: { description: 'Its assets are being changed.' },
    COMPLETED: { description: 'Every asset has its final state.' },
    CANCELLED: { description: 'It was cancelled; what was changed stays.' },
  },
});

export const BulkEditItemState = {
  PENDING: 'PENDING',
  CHANGED: 'CHANGED',
  UNCHANGED: 'UNCHANGED',
  REJECTED: 'REJECTED',
  GONE: 'GONE',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Record<EditItemState, string>;
registerEnumType(BulkEditItemState, {
  name: 'BulkEditItemState',
  description: 'What became of one asset of a bulk edit. All but PENDING are final.',
  valuesConfig: {
    PENDING: { description: 'Not reached yet.' },
    CHANGED: { description: 'It was changed.' },
    UNCHANGED: { description: 'It was like that already.' },
    REJECTED: { description: 'It cannot be changed so: `code`, `field` and `message` say why.' },
    GONE: { description: 'It was deleted before it was reached.' },
    FAILED: { description: 'It could not be changed although nothing is known to be wrong with it.' },
    CANCELLED: { description: 'The edit was cancelled before it was reached.' },
  },
});

export const BulkEditUndoState = { RUNNING: 'RUNNING', COMPLETED: 'COMPLETED' } as const;
registerEnumType(BulkEditUndoState, {
  name: 'BulkEditUndoState',
  description: 'Where the undoing of a bulk edit stands.',
  valuesConfig: { RUNNING: { description: 'It goes on by itself.' }, COMPLETED: { description: 'It is over.' } },
});

export const BulkEditUndoCode = {
  RESTORED: 'RESTORED',
  KEPT_CHANGED: 'KEPT_CHANGED',
  GONE: 'GONE',
} as const satisfies Record<EditUndoCode, string>;
registerEnumType(BulkEditUndoCode, {
  name: 'BulkEditUndoCode',
  description: 'What undoing did about one asset.',
  valuesConfig: {
    RESTORED: { description: 'It is as it was before.' },
    KEPT_CHANGED: { description: 'Somebody has changed it since, and it was left as it is.' },
    GONE: { description: 'It was deleted since.' },
  },
});
