import { Field, ID, InputType } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { JSONObject, LocalDate } from '../../platform/graphql/scalars.js';

@InputType({
  description:
    'What the rights allow: these places, channels and releases, from one day to another. What is absent or empty is not recorded.',
})
export class RightsGrantInput {
  @Field(() => [String], {
    nullable: true,
    description: 'Places by name or code, such as `de`; `worldwide` or `*` for any. Case does not matter; no commas, semicolons or bars.',
  })
  territories?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Channels, such as `web` or `print`; `all` or `*` for any.' })
  channels?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Releases that are on file, such as `model` or `property`.' })
  releases?: string[] | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day; absent: no limit.' })
  startsOn?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day; absent: no limit.' })
  expiresOn?: string | null;
}

@InputType({ description: 'Usage rights. What is absent stays; what is null is cleared.' })
export class AssetRightsInput {
  @Field(() => String, { nullable: true, description: 'Who owns the rights.' })
  holder?: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the licence.' })
  license?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day on which it may be used; not beside `grants`.' })
  startsOn?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Last day on which it may be used; not beside `grants`.' })
  expiresOn?: string | null;

  @Field(() => [RightsGrantInput], {
    nullable: true,
    description:
      'All its grants, up to 50, where the rights differ by place, channel or time: a use is allowed that one of them allows. Empty or null: ' +
      'one interval again, which is that of `startsOn` and `expiresOn`.',
  })
  grants?: RightsGrantInput[] | null;
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

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => AssetFieldsInput, { description: 'The fields to change.' })
  fields!: AssetFieldsInput;
}

@InputType({ description: 'Assets to delete.' })
export class AssetsDeleteInput {
  @Field(() => [ID], { description: 'The assets, 1 to 100. All or nothing.' })
  assets!: string[];
}
