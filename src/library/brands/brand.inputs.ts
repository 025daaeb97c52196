import { Field, ID, InputType } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { COLOR_HELP } from '../../engines/pixels/color.js';

@InputType({ description: 'A colour of a brand.' })
export class BrandColorInput {
  @Field(() => String, { description: 'What the brand calls it, 1 to 100 characters.' })
  name!: string;

  @Field(() => String, { description: `${COLOR_HELP} Each colour once.` })
  hex!: string;
}

@InputType({ description: 'A brand to make.' })
export class BrandCreateInput {
  @Field(() => String, { description: 'Lower-case letters, digits and dashes, at most 63; unique in its organisation, never changed.' })
  key!: string;

  @Field(() => String, { description: 'Name for people, 1 to 200 characters.' })
  name!: string;

  @Field(() => [BrandColorInput], { defaultValue: [], description: 'The colours of the brand, at most 64.' })
  palette!: BrandColorInput[];
}

@InputType({ description: 'What to change in a brand. Fields left out, or null, stay as they are.' })
export class BrandUpdateInput {
  @Field(() => ID, { description: 'The brand.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New name, 1 to 200 characters.' })
  name?: string | null;

  @Field(() => [BrandColorInput], {
    nullable: true,
    description: 'New colours in place of all old ones. Assets are judged anew by palette rules.',
  })
  palette?: BrandColorInput[] | null;
}
