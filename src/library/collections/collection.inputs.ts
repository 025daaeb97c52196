import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';

@ArgsType()
export class CollectionsArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

@InputType({ description: 'A collection to make.' })
export class CollectionCreateInput {
  @Field(() => String, { description: 'Name, 1 to 200 characters, unique in its organisation.' })
  name!: string;

  @Field(() => String, { defaultValue: '', description: 'What it is for, up to 10,000 characters.' })
  description!: string;
}

@InputType({ description: 'What to change in a collection. Fields left out, or null, stay as they are.' })
export class CollectionUpdateInput {
  @Field(() => ID, { description: 'The collection.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New name, 1 to 200 characters.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'New description, up to 10,000 characters.' })
  description?: string | null;
}

@InputType({ description: 'Which collection to delete.' })
export class CollectionDeleteInput {
  @Field(() => ID, { description: 'The collection. Its assets stay in the library.' })
  id!: string;
}

@InputType({ description: 'Which assets to put into which collection.' })
export class CollectionAssetsAddInput {
  @Field(() => ID, { description: 'The collection.' })
  collection!: string;

  @Field(() => [ID], { description: 'The assets, 1 to 100. Those that are in it already stay.' })
  assets!: string[];
}

@InputType({ description: 'Which assets to take out of which collection.' })
export class CollectionAssetsRemoveInput {
  @Field(() => ID, { description: 'The collection.' })
  collection!: string;

  @Field(() => [ID], { description: 'The assets, 1 to 100. They stay in the library.' })
  assets!: string[];
}
