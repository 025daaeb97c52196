import type { ChangeLedger } from '../../library/assets/change-undo.job.js';
import { setUndoState } from './import-operation.queries.js';
import { lockUndoable, markUndone } from './import-undo.queries.js';

/** What imports made and changed, for whoever takes it back. */
export const importLedger: ChangeLedger = {
  take: async (tx, importId, limit) =>
    (await lockUndoable(tx, importId, limit)).map((item) => ({
      position: item.position,
      assetId: item.asset_id,
      versionId: item.version_id,
      leftAt: item.left_at,
      before: item.before,
      made: item.state === 'CREATED',
    })),
  settle: markUndone,
  end: setUndoState,
};
