import { Field, ID, ObjectType } from 'type-graphql';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { brandEtag } from './brand-etag.js';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import type { BrandRecord } from './brand.service.js';

@ObjectType({ description: 'A colour of a brand.' })
export class BrandColor {
  @Field(() => String, { description: 'What the brand calls it.' })
  name!: string;

  @Field(() => String, { description: 'sRGB value as `#rrggbb`, lower case.' })
  hex!: string;
}

@ObjectType({ implements: Node, description: 'A brand: what assets belong to, and what guidelines are written for.' })
export class Brand implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Short name for programs, unique in its organisation, never changed.' })
  key!: string;

  @Field(() => String, { description: 'Name for people.' })
  name!: string;

  @Field(() => [BrandColor], { description: 'The colours of the brand, in its own order. Palette rules measure against them.' })
  palette!: BrandColor[];

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When its name or palette last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

export const BrandConnection = connectionOf(Brand, 'Brand');

@ObjectType({ description: 'What `brandCreate` made.' })
export class BrandCreatePayload {
  @Field(() => Brand, { nullable: true, description: 'The new brand; null when there are `userErrors`.' })
  brand?: Brand;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `brandUpdate` changed.' })
export class BrandUpdatePayload {
  @Field(() => Brand, { nullable: true, description: 'The brand as it is now; null when there are `userErrors`.' })
  brand?: Brand;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

/** A brand as the API shows it. */
export function toBrand(record: BrandRecord): Brand {
  return Object.assign(new Brand(), record, { id: toGlobalId('Brand', record.id), etag: brandEtag(record) });
}
