import { Field, ID, InputType } from 'type-graphql';
import { JSONObject, LocalDate } from '../graphql/scalars.js';

@InputType({ description: 'Usage rights. What is absent stays; what is null is cleared.' })
export class AssetRightsInput {
  @Field(() => String, { nullable: true, description: 'Who owns the rights.' })
  holder?: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the licence.' })
  license?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day on which it may be used.' })
  startsOn?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day on which it may be used.' })
  expiresOn?: string | null;
}

@InputType({ description: 'What people say about an asset. What is absent stays; what is null is cleared.' })
export class AssetFieldsInput {
  @Field(() => String, {
    nullable: true,
    description: 'The id that another system knows it by; 1 to 200 characters, unique in the library.',
  })
  externalId?: string | null;

  @Field(() => String, { nullable: true, description: 'Title, up to 500 characters.' })
  title?: string | null;

  @Field(() => String, { nullable: true, description: 'Description, up to 10,000 characters.' })
  description?: string | null;

  @Field(() => String, { nullable: true, description: 'What the picture shows, for those who cannot see it; up to 2,000 characters.' })
  altText?: string | null;

  @Field(() => String, { nullable: true, description: 'Key of the brand it belongs to.' })
  brand?: string | null;

  @Field(() => [String], { nullable: true, description: 'All its tags, up to 50; missing tags are created.' })
  tags?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Name of a collection to put it into; created when there is none.' })
  collection?: string | null;

  @Field(() => [String], { nullable: true, description: 'Names of collections to put it into, up to 50; created where there are none.' })
  collections?: string[] | null;

  @Field(() => AssetRightsInput, { nullable: true, description: 'Usage rights.' })
  rights?: AssetRightsInput | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Further facts by key: texts, numbers, booleans. Keys that are not given stay; null clears one.',
  })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'A change of what is said about one asset.' })
export class AssetUpdateInput {
  @Field(() => ID, { description: 'The asset.' })
  id!: string;

  @Field(() => AssetFieldsInput, { description: 'The fields to change.' })
  fields!: AssetFieldsInput;
}

@InputType({ description: 'Assets to delete.' })
export class AssetsDeleteInput {
  @Field(() => [ID], { description: 'The assets, 1 to 100. All or nothing.' })
  assets!: string[];
}
