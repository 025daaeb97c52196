import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import { IF_MATCH_HELP } from '../../platform/graphql/etag.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { AssetFilter } from '../../library/filters/filter.inputs.js';
import { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';

/** What every argument that takes a scope says of it. */
export const SCOPE =
  'Which assets of the brand the rule is about, besides its tags: any filter but `compliance`, `release`, `concepts`, `searchable`, `updatedAt` and `rights.states`, ' +
  'which change without the asset, or because of the rule itself.';

@InputType({ description: 'Which findings to list. All that is given has to hold; lists hold what at least one entry of them says.' })
export class FindingsFilter {
  @Field(() => [Verdict], { nullable: true, description: 'With one of these verdicts.' })
  verdicts?: Verdict[] | null;

  @Field(() => [RuleSeverity], { nullable: true, description: 'By rules that matter so much.' })
  severities?: RuleSeverity[] | null;

  @Field(() => [RuleKind], { nullable: true, description: 'By rules of these kinds.' })
  kinds?: RuleKind[] | null;

  @Field(() => ID, { nullable: true, description: 'About assets of this collection.' })
  collection?: string | null;
}

@ArgsType()
export class FindingsArgs {
  @Field(() => ID, { nullable: true, description: 'Only about this asset.' })
  asset?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only by rules of this brand.' })
  brand?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only by this rule.' })
  rule?: string | null;

  @Field(() => Verdict, { nullable: true, description: 'Only with this verdict.' })
  verdict?: Verdict | null;

  @Field(() => ID, { nullable: true, description: 'Only what this waiver waives.' })
  waiver?: string | null;

  @Field(() => FindingsFilter, {
    nullable: true,
    description: 'Several verdicts, severities or kinds at once, or one collection; beside the other arguments.',
  })
  filter?: FindingsFilter | null;

  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

@InputType({ description: 'A section of a guideline.' })
export class GuidelineSectionInput {
  @Field(() => String, { description: 'Heading, 1 to 200 characters.' })
  title!: string;

  @Field(() => String, { defaultValue: '', description: 'What people read, at most 20,000 characters.' })
  text!: string;
}

@InputType({ description: 'A guideline to make.' })
export class GuidelineCreateInput {
  @Field(() => ID, { description: 'The brand it is for.' })
  brand!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Name for programs, unique in its brand: lower-case letters, digits and dashes, at most 63. Left out: made of the name.',
  })
  key?: string | null;

  @Field(() => String, { description: 'Name, 1 to 200 characters, unique in its brand.' })
  name!: string;

  @Field(() => [GuidelineSectionInput], { defaultValue: [], description: 'Its sections in order, at most 200.' })
  sections!: GuidelineSectionInput[];
}

@InputType({ description: 'What to change in a guideline. Fields left out, or null, stay as they are.' })
export class GuidelineUpdateInput {
  @Field(() => ID, { description: 'The guideline.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New name, 1 to 200 characters.' })
  name?: string | null;

  @Field(() => [GuidelineSectionInput], {
    nullable: true,
    description: 'New sections in place of the old ones at the same positions. Rules stay with their position.',
  })
  sections?: GuidelineSectionInput[] | null;
}

@InputType({ description: 'Which ready set of rules to draft a guideline from.' })
export class RuleSetApplyInput {
  @Field(() => ID, { description: 'The brand that the guideline is for.' })
  brand!: string;

  @Field(() => String, { description: 'Key of the set; see `ruleSets`.' })
  set!: string;
}

@InputType({ description: 'A rule to draft.' })
export class RuleCreateInput {
  @Field(() => ID, { description: 'The guideline it belongs to.' })
  guideline!: string;

  @Field(() => String, { description: 'Lower-case letters, digits and dashes, at most 63; unique in its guideline, never changed.' })
  key!: string;

  @Field(() => String, { description: 'What the rule asks, for people, 1 to 300 characters.' })
  title!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at; never changed.' })
  kind!: RuleKind;

  @Field(() => RuleSeverity, { description: 'How much it matters when the rule is broken.' })
  severity!: RuleSeverity;

  @Field(() => JSONObject, { nullable: true, description: 'As the schema of its kind in `ruleKinds` says; defaults are filled in.' })
  parameters!: Record<string, unknown>;

  @Field(() => [String], {
    defaultValue: [],
    description: 'Existing tags: the rule applies to assets with any of them. Empty: to all assets of the brand.',
  })
  scopeTags!: string[];

  @Field(() => AssetFilter, { nullable: true, description: SCOPE })
  scope?: AssetFilter | null;

  @Field(() => Int, { nullable: true, description: 'Position of the section that the rule enforces, from 0.' })
  section?: number | null;
}

@InputType({ description: 'What to change in a rule. Fields left out stay as they are.' })
export class RuleUpdateInput {
  @Field(() => ID, { description: 'The rule.' })
  id!: string;

  @Field(() => String, { nullable: true, description: IF_MATCH_HELP })
  ifMatch?: string | null;

  @Field(() => String, { nullable: true, description: 'New title, 1 to 300 characters.' })
  title?: string | null;

  @Field(() => RuleSeverity, { nullable: true, description: 'New severity.' })
  severity?: RuleSeverity | null;

  @Field(() => JSONObject, { nullable: true, description: 'New parameters in place of all old ones; defaults are filled in.' })
  parameters?: Record<string, unknown> | null;

  @Field(() => [String], { nullable: true, description: 'New scope tags in place of all old ones.' })
  scopeTags?: string[] | null;

  @Field(() => AssetFilter, { nullable: true, description: `${SCOPE} In place of the old one; null takes it away.` })
  scope?: AssetFilter | null;

  @Field(() => Int, { nullable: true, description: 'Position of another section, from 0; null takes the rule out of its section.' })
  section?: number | null;
}

@InputType({ description: 'Which rule to publish.' })
export class RulePublishInput {
  @Field(() => ID, { description: 'The rule.' })
  id!: string;
}

@InputType({ description: 'Which rule to retire.' })
export class RuleRetireInput {
  @Field(() => ID, { description: 'The rule.' })
  id!: string;
}
