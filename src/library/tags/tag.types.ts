import { Field, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';

@ObjectType({ implements: Node, description: 'A word that assets are sorted under, in lower case, unique in its organisation.' })
export class Tag implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'The tag itself, such as `spring campaign`.' })
  name!: string;

  @Field(() => Int, { description: 'Assets that carry it.' })
  assetCount!: number;
}

export const TagConnection = connectionOf(Tag, 'Tag');

/** What a mutation of tags did. */
export interface TagChange {
  assetIds: string[];
  assetCount: number;
}

@ObjectType({ description: 'What `assetTagsAdd` did.' })
export class AssetTagsAddPayload {
  @Field(() => [ID], { nullable: true, description: 'Assets that had not all of the tags before; null when there are `userErrors`.' })
  assetIds?: string[];

  @Field(() => Int, { nullable: true, description: 'How many assets changed; null when there are `userErrors`.' })
  assetCount?: number;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `assetTagsRemove` did.' })
export class AssetTagsRemovePayload {
  @Field(() => [ID], { nullable: true, description: 'Assets that had any of the tags before; null when there are `userErrors`.' })
  assetIds?: string[];

  @Field(() => Int, { nullable: true, description: 'How many assets changed; null when there are `userErrors`.' })
  assetCount?: number;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}
