import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { Message } from './delivery.queries.js';

/** The body of a message: `type`, `timestamp` and `data` as the Standard Webhooks specification has them, ids as the API has them. */
export function describeMessage({ type, createdAt, savedSearchId, receiverName, assets, data }: Message): object {
  const about =
    savedSearchId === null
      ? withGlobalIds(data ?? {})
      : {
          savedSearch: { id: toGlobalId('SavedSearch', savedSearchId), name: receiverName },
          assets: assets.map((asset) => ({ ...asset, id: toGlobalId('Asset', asset.id) })),
        };
  return { type, timestamp: createdAt.toISOString(), data: about };
}

/** Events hold plain ids. */
function withGlobalIds(data: Record<string, unknown>): object {
  const { asset, rules, webhook, ...rest } = data as {
    asset?: { id: string };
    rules?: { id: string }[];
    webhook?: { id: string };
  };
  return {
    ...(webhook && { webhook: { ...webhook, id: toGlobalId('EventWebhook', webhook.id) } }),
    ...(asset && { asset: { ...asset, id: toGlobalId('Asset', asset.id) } }),
    ...rest,
    ...(rules && { rules: rules.map((rule) => ({ ...rule, id: toGlobalId('Rule', rule.id) })) }),
  };
}
