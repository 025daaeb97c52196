import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';

@InputType({
  description: 'Where assets that begin to match are announced. Needs the role ADMIN, as every address does that the library is told to.',
})
export class WebhookInput {
  @Field(() => String, {
    description: 'An https URL on the public internet, up to 2,000 characters; the operator may allow others (VITRINE_WEBHOOK_HOSTS).',
  })
  url!: string;
}

@InputType({ description: 'A search to keep.' })
export class SavedSearchCreateInput {
  @Field(() => String, { description: 'Name, unique among the saved searches, 1 to 200 characters.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What to look for in the pictures, as in `assets`. Query, filter, or both.' })
  query?: string | null;

  @Field(() => AssetFilter, { nullable: true, description: 'Which assets to consider, as in `assets`.' })
  filter?: AssetFilter | null;

  @Field(() => WebhookInput, {
    nullable: true,
    description: 'Where assets that begin to match are announced; nowhere when absent. Needs the role ADMIN.',
  })
  webhook?: WebhookInput | null;
}

@InputType({ description: 'A change of a saved search; what is absent stays.' })
export class SavedSearchUpdateInput {
  @Field(() => ID, { description: 'The saved search.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New name.' })
  name?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'New query; null: none. Query and filter are replaced together: give both when one changes.',
  })
  query?: string | null;

  @Field(() => AssetFilter, { nullable: true, description: 'New filter; null: none.' })
  filter?: AssetFilter | null;

  @Field(() => WebhookInput, { nullable: true, description: 'New webhook with a new secret; null takes it away. Needs the role ADMIN.' })
  webhook?: WebhookInput | null;
}

@InputType({ description: 'A saved search to delete.' })
export class SavedSearchDeleteInput {
  @Field(() => ID, { description: 'The saved search.' })
  id!: string;
}

@ArgsType()
export class SavedSearchesArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}

@ArgsType()
export class SmartCollectionArgs {
  @Field(() => Int, { nullable: true, description: 'Rows of this page, 1 to 100; 20 when absent.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after.' })
  after?: string | null;
}
