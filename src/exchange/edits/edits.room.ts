import { oneByOne } from '../../platform/graphql/node.js';
import type { SearchService } from '../../finding/search/search.service.js';
import type { AssetEdit } from '../../library/assets/asset-edit.js';
import type { AssetRestore } from '../../library/assets/asset-restore.js';
import { ChangeUndoJob } from '../../library/assets/change-undo.job.js';
import type { Logger } from '../../log.js';
import type { Database } from '../../platform/database/database.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import { ProgressWatch } from '../../platform/jobs/progress-watch.js';
import type { Room } from '../../platform/rooms/room.js';
import { BULK_EDIT, BULK_EDIT_UNDO, BulkEditJob, bulkEditLedger } from './bulk-edit.job.js';
import { BULK_EDIT_CHANGED, BulkEditResolver, type BulkEditTopic } from './bulk-edit.resolver.js';
import { BulkEditService } from './bulk-edit.service.js';
import { toBulkEdit } from './bulk-edit.types.js';

interface EditNeeds {
  database: Database;
  queue: JobQueue;
  log: Logger;
  search: SearchService;
  assetEdit: AssetEdit;
  restore: AssetRestore;
}

export function editsRoom({ database, queue, log, search, assetEdit, restore }: EditNeeds) {
  const bulkEdits = new BulkEditService(database, queue, search, assetEdit);
  const watch = new ProgressWatch(bulkEdits);
  const undo = () =>
    new ChangeUndoJob(database, restore, bulkEditLedger, ({ editId }: { editId: string; organizationId: string }) => editId);
  return {
    services: { bulkEdits },
    resolvers: [new BulkEditResolver(bulkEdits)],
    jobs: [
      declareJob({ kind: BULK_EDIT, handler: () => new BulkEditJob(database, assetEdit, log) }),
      declareJob({ kind: BULK_EDIT_UNDO, handler: undo }),
    ],
    nodes: {
      BulkEdit: oneByOne(async (viewer, key) => {
        const edit = await bulkEdits.find(viewer, key);
        return edit && toBulkEdit(edit);
      }),
    },
    events: { [BULK_EDIT_CHANGED]: ({ viewer, editId }: BulkEditTopic) => watch.follow(viewer, editId) },
  } satisfies Room;
}
