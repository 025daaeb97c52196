import { Field, ID, Int, ObjectType } from 'type-graphql';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';

@ObjectType({ implements: Node, description: 'A named selection of assets. An asset may stand in many.' })
export class Collection implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Name, unique in its organisation.' })
  name!: string;

  @Field(() => String, { description: 'What it is for; may be empty.' })
  description!: string;

  @Field(() => Int, { description: 'Assets in it.' })
  assetCount!: number;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When its name or description last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

export const CollectionConnection = connectionOf(Collection, 'Collection');

@ObjectType({ description: 'What `collectionCreate` made.' })
export class CollectionCreatePayload {
  @Field(() => Collection, { nullable: true, description: 'The new collection; null when there are `userErrors`.' })
  collection?: Collection;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `collectionUpdate` changed.' })
export class CollectionUpdatePayload {
  @Field(() => Collection, { nullable: true, description: 'The collection as it is now; null when there are `userErrors`.' })
  collection?: Collection;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `collectionDelete` deleted.' })
export class CollectionDeletePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the collection that is gone; null when there are `userErrors`.' })
  deletedId?: string;

  @Field(() => [UserError], { description: 'Why nothing was deleted; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `collectionAssetsAdd` changed.' })
export class CollectionAssetsAddPayload {
  @Field(() => Collection, { nullable: true, description: 'The collection as it is now; null when there are `userErrors`.' })
  collection?: Collection;

  @Field(() => Int, { nullable: true, description: 'Assets that were not in it before; null when there are `userErrors`.' })
  addedCount?: number;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `collectionAssetsRemove` changed.' })
export class CollectionAssetsRemovePayload {
  @Field(() => Collection, { nullable: true, description: 'The collection as it is now; null when there are `userErrors`.' })
  collection?: Collection;

  @Field(() => Int, { nullable: true, description: 'Assets that were in it before; null when there are `userErrors`.' })
  removedCount?: number;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}
