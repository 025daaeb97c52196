import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { RuleSeverity } from '../../vocabulary/compliance.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';

@InputType({ description: 'A key of metadata and its value.' })
export class ReportMetadataInput {
  @Field(() => String, { description: 'The key.' })
  key!: string;

  @Field(() => String, { description: 'The value, as text.' })
  value!: string;
}

@InputType({ description: 'What a report is about, besides the brand. All that is given must hold.' })
export class ReportScopeInput {
  @Field(() => ID, { nullable: true, description: 'Assets in this collection.' })
  collection?: string | null;

  @Field(() => [String], { nullable: true, description: 'Assets with any of these tags, at most 100.' })
  tags?: string[] | null;

  @Field(() => String, { nullable: true, description: 'Assets for this channel: `metadata.channel`, or a tag `channel/...`.' })
  channel?: string | null;

  @Field(() => ReportMetadataInput, { nullable: true, description: 'Assets with this metadata.' })
  metadata?: ReportMetadataInput | null;

  @Field(() => String, { nullable: true, description: 'Assets that the API key of this name brought in.' })
  uploader?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only this rule.' })
  rule?: string | null;

  @Field(() => RuleSeverity, { nullable: true, description: 'Only rules of this severity.' })
  severity?: RuleSeverity | null;

  @Field(() => AssetFilter, {
    nullable: true,
    description:
      'Assets that match this filter. Only conditions that the history knows the answer to at any time: `ids`, `tags`, `brands`, `collection`, `kinds`, `mediaTypes`, `width`, `height`, `aspectRatio`, `orientations`, `byteSize`, `createdAt`, `uploadedBy`, `externalIds`, `metadata`, and `and`, `or`, `not`.',
  })
  filter?: AssetFilter | null;
}

@ArgsType()
export class ReportArgs {
  @Field(() => ID, { nullable: true, description: 'The brand. Null: all brands.' })
  brand?: string | null;

  @Field(() => ReportScopeInput, { nullable: true, description: 'Only a part of its assets or rules.' })
  scope?: ReportScopeInput | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'A moment of the past: the report as it would have been then, byte for byte (`canonicalJson`). Null: now.',
  })
  asOf?: Date | null;

  @Field(() => Int, { defaultValue: 10, description: 'How many of the worst assets to name, 0 to 100.' })
  worst!: number;
}
