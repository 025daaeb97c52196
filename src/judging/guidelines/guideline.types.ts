import { Field, ID, Int, ObjectType } from 'type-graphql';
import { ETAG_HELP } from '../../platform/graphql/etag.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { guidelineEtag, type GuidelineRecord } from './guideline-record.js';
import { ruleEtag, type RuleRecord } from './rule-record.js';
import { RuleKind, RuleSeverity, RuleState, RuleTestExpectation } from '../../vocabulary/compliance.js';

@ObjectType({ description: 'An asset that a rule must pass, or fail.' })
export class RuleTestCase {
  @IdOf('Asset', { description: 'The asset.' })
  assetId!: string;

  @Field(() => RuleTestExpectation, { description: 'What the rule has to say.' })
  expected!: RuleTestExpectation;

  @Field(() => String, { description: 'Why, for people; may be empty.' })
  note!: string;
}

@ObjectType({ implements: Node, description: 'A rule of a guideline: what is asked of assets, and judged by the system.' })
export class Rule implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @IdOf('Guideline', { description: 'The guideline it belongs to.' })
  guidelineId!: string;

  @IdOf('Brand', { description: 'The brand whose assets it judges.' })
  brandId!: string;

  @Field(() => String, { description: 'Short name for programs, unique in its guideline.' })
  key!: string;

  @Field(() => String, { description: 'What the rule asks, for people.' })
  title!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at.' })
  kind!: RuleKind;

  @Field(() => RuleSeverity, { description: 'How much it matters when the rule is broken.' })
  severity!: RuleSeverity;

  @Field(() => JSONObject, { description: 'Its parameters, defaults filled in; `ruleKinds` has their schema.' })
  parameters!: Record<string, unknown>;

  @Field(() => [String], { description: 'The rule applies to assets with any of these tags; to all assets of the brand when empty.' })
  scopeTags!: string[];

  @Field(() => JSONObject, {
    nullable: true,
    description: 'A filter (`AssetFilter`) that assets have to match besides; null: none. Its ids are global ids.',
  })
  scope!: Record<string, unknown> | null;

  @Field(() => Int, { nullable: true, description: 'Position of the section that it enforces; null for none.' })
  section!: number | null;

  @Field(() => RuleState, { description: 'Whether it is in force.' })
  state!: RuleState;

  @Field(() => [RuleTestCase], { description: 'Assets that it must pass or fail; run before it is published, or changed while published.' })
  testCases!: RuleTestCase[];

  @Field(() => Int, { description: 'Grows with every change; findings name the revision they were judged by.' })
  revision!: number;

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When it last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

@ObjectType({ description: 'A section of a guideline.' })
export class GuidelineSection {
  @Field(() => Int, { description: 'Its position, from 0.' })
  position!: number;

  @Field(() => String, { description: 'Heading.' })
  title!: string;

  @Field(() => String, { description: 'What people read; may be empty.' })
  text!: string;
}

@ObjectType({ implements: Node, description: 'A guideline of a brand: sections that people read, and rules that enforce them.' })
export class Guideline implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @IdOf('Brand', { description: 'The brand it is for.' })
  brandId!: string;

  @Field(() => String, { description: 'Name for programs, unique in its brand, never changed. Guideline files find it by this.' })
  key!: string;

  @Field(() => String, { description: 'Name, unique in its brand.' })
  name!: string;

  @Field(() => [GuidelineSection], { description: 'Its sections in order.' })
  sections!: GuidelineSection[];

  @Field(() => [Rule], { description: 'Its rules by key, drafts and retired ones included.' })
  rules!: Rule[];

  @Field(() => Date, { description: 'When it was made.' })
  createdAt!: Date;

  @Field(() => Date, { description: 'When its name last changed.' })
  updatedAt!: Date;

  @Field(() => String, { description: ETAG_HELP })
  etag!: string;
}

@ObjectType({ description: 'A ready set of sections and rules to start a guideline from.' })
export class RuleSet {
  @Field(() => String, { description: 'What `ruleSetApply` names it by.' })
  key!: string;

  @Field(() => String, { description: 'Name, which the guideline gets.' })
  name!: string;

  @Field(() => String, { description: 'What it is for.' })
  description!: string;

  @Field(() => JSONObject, { description: 'Its sections and rules, in the shape of a guideline in a guideline document.' })
  guideline!: Record<string, unknown>;
}

@ObjectType({ description: 'What `ruleSetApply` made.' })
export class RuleSetApplyPayload {
  @Field(() => Guideline, { nullable: true, description: 'The guideline, its rules drafts; null when there are `userErrors`.' })
  guideline?: Guideline;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `guidelineCreate` made.' })
export class GuidelineCreatePayload {
  @Field(() => Guideline, { nullable: true, description: 'The new guideline; null when there are `userErrors`.' })
  guideline?: Guideline;

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `guidelineUpdate` changed.' })
export class GuidelineUpdatePayload {
  @Field(() => Guideline, { nullable: true, description: 'The guideline as it is now; null when there are `userErrors`.' })
  guideline?: Guideline;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `ruleCreate` made.' })
export class RuleCreatePayload {
  @Field(() => Rule, { nullable: true, description: 'The draft; null when there are `userErrors`.' })
  rule?: Rule;

  @Field(() => [String], {
    nullable: true,
    description: 'What is worth knowing though nothing is wrong, such as a scope that no asset is in; null when there are `userErrors`.',
  })
  notices?: string[];

  @Field(() => [UserError], { description: 'Why nothing was made; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `ruleUpdate` changed.' })
export class RuleUpdatePayload {
  @Field(() => Rule, { nullable: true, description: 'The rule as it is now; null when there are `userErrors`.' })
  rule?: Rule;

  @Field(() => [String], {
    nullable: true,
    description: 'What is worth knowing though nothing is wrong, such as a scope that no asset is in; null when there are `userErrors`.',
  })
  notices?: string[];

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `rulePublish` changed.' })
export class RulePublishPayload {
  @Field(() => Rule, { nullable: true, description: 'The rule, in force; null when there are `userErrors`.' })
  rule?: Rule;

  @Field(() => [String], {
    nullable: true,
    description: 'What is worth knowing though nothing is wrong, such as a scope that no asset is in; null when there are `userErrors`.',
  })
  notices?: string[];

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `ruleRetire` changed.' })
export class RuleRetirePayload {
  @Field(() => Rule, { nullable: true, description: 'The rule, no longer in force; null when there are `userErrors`.' })
  rule?: Rule;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

/** A rule as the API shows it. */
export function toRule(record: RuleRecord): Rule {
  const ids = {
    id: toGlobalId('Rule', record.id),
    guidelineId: toGlobalId('Guideline', record.guidelineId),
    brandId: toGlobalId('Brand', record.brandId),
  };
  const testCases = record.testCases.map((entry) => ({ ...entry, assetId: toGlobalId('Asset', entry.assetId) }));
  return Object.assign(new Rule(), record, ids, { testCases, etag: ruleEtag(record) });
}

/** A guideline as the API shows it. */
export function toGuideline(record: GuidelineRecord): Guideline {
  const ids = { id: toGlobalId('Guideline', record.id), brandId: toGlobalId('Brand', record.brandId) };
  return Object.assign(new Guideline(), record, ids, { rules: record.rules.map(toRule), etag: guidelineEtag(record) });
}
