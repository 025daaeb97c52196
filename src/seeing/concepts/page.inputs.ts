import { ArgsType, Field, Int } from 'type-graphql';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';

@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}
