import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';

@ArgsType()
export class TagsArgs {
  @Field(() => String, { nullable: true, description: 'Only tags that begin so; capitals do not matter. Null: all.' })
  prefix?: string | null;

  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

@InputType({ description: 'Which tags to add to which assets.' })
export class AssetTagsAddInput {
  @Field(() => [ID], { description: 'The assets, 1 to 100.' })
  assets!: string[];

  @Field(() => [String], {
    description: 'The tags, 1 to 50 of 1 to 100 characters each; those that do not exist are created. Capitals do not matter.',
  })
  tags!: string[];
}

@InputType({ description: 'Which tags to take from which assets.' })
export class AssetTagsRemoveInput {
  @Field(() => [ID], { description: 'The assets, 1 to 100.' })
  assets!: string[];

  @Field(() => [String], { description: 'The tags, 1 to 50; all must exist.' })
  tags!: string[];
}
