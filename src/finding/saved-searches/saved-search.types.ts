import { Field, ID, Int, ObjectType } from 'type-graphql';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import type { SavedSearchRow } from './saved-search.queries.js';

@ObjectType({ description: 'Where assets that begin to match are announced, signed as Standard Webhooks says.' })
export class Webhook {
  @Field(() => String, {
    description:
      'The receiver. Addresses are often secrets: below the role ADMIN only the host is shown, as `https://hooks.example.com/…`.',
  })
  url!: string;

  @Field(() => Date, { nullable: true, description: 'When the receiver said that it is gone (HTTP 410): since then nothing is sent.' })
  stoppedAt!: Date | null;
}

@ObjectType({
  implements: Node,
  description:
    'A search kept by name, and a smart collection: its assets are what matches at the moment of asking. After each import, assets that ' +
    'begin to match are announced to its webhook, each once.',
})
export class SavedSearch extends Node {
  /** Not part of the schema: what the row holds. */
  row!: SavedSearchRow;

  @Field(() => String, { description: 'Name, unique among the saved searches.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What it looks for in the pictures.' })
  query!: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'Its filter, as it was given.' })
  filter!: Record<string, unknown> | null;

  @Field(() => Webhook, { nullable: true, description: 'Where assets that begin to match are announced; null: nowhere.' })
  webhook!: Webhook | null;

  @Field(() => Int, { description: 'Assets that have matched since the search was kept or changed, counted after imports.' })
  matchCount!: number;

  @Field(() => Date, { nullable: true, description: 'When it was last compared with the library in the background.' })
  evaluatedAt!: Date | null;

  @Field(() => Date, { description: 'When it was kept.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it was last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

export const SavedSearchConnection = connectionOf(SavedSearch, 'SavedSearch');

@ObjectType({ description: 'What `savedSearchCreate` did.' })
export class SavedSearchCreatePayload {
  @Field(() => SavedSearch, { nullable: true, description: 'The saved search; null when there are `userErrors`.' })
  savedSearch?: SavedSearch | null;

  @Field(() => String, {
    nullable: true,
    description: 'The secret that signs messages to the webhook, shown this once; null without a webhook.',
  })
  webhookSecret?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was kept; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `savedSearchUpdate` did.' })
export class SavedSearchUpdatePayload {
  @Field(() => SavedSearch, { nullable: true, description: 'The saved search as it is now; null when there are `userErrors`.' })
  savedSearch?: SavedSearch | null;

  @Field(() => String, { nullable: true, description: 'The new secret, shown this once; null where the webhook was not changed.' })
  webhookSecret?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `savedSearchDelete` did.' })
export class SavedSearchDeletePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the search that is gone; null when there are `userErrors`.' })
  deletedId?: string | null;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}
