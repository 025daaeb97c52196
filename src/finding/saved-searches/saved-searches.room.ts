import { oneByOne } from '../../platform/graphql/node.js';
import type { WebhookOutbox } from '../../library/webhooks/webhook-outbox.js';
import type { Logger } from '../../log.js';
import type { Database } from '../../platform/database/database.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import type { SearchService } from '../search/search.service.js';
import { SAVED_SEARCH_MATCH, SavedSearchMatchJob } from './saved-search-match.job.js';
import { SavedSearchResolver } from './saved-search.resolver.js';
import { SavedSearchService } from './saved-search.service.js';

interface SavedSearchNeeds {
  database: Database;
  queue: JobQueue;
  log: Logger;
  search: SearchService;
  outbox: WebhookOutbox;
}

export function savedSearchesRoom({ database, queue, log, search, outbox }: SavedSearchNeeds) {
  const savedSearches = new SavedSearchService(database, search, outbox, async (organizationId) => {
    await database.asOrganization(organizationId, (tx) => queue.enqueue(tx, SAVED_SEARCH_MATCH, [{ organizationId }]));
    queue.wake(SAVED_SEARCH_MATCH);
  });
  const match = () => new SavedSearchMatchJob({ database, search, outbox, log });
  return {
    services: { savedSearches },
    resolvers: [new SavedSearchResolver(savedSearches)],
    jobs: [declareJob({ kind: SAVED_SEARCH_MATCH, handler: match, followsLibrary: true })],
    nodes: { SavedSearch: oneByOne((viewer, key) => savedSearches.find(viewer, toGlobalId('SavedSearch', key))) },
  } satisfies Room;
}
