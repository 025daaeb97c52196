import { IdOf } from '../../platform/graphql/node.js';
import { ArgsType, Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';
import { RenditionArgs, RenditionFit, RenditionFormat } from '../delivery/delivery.inputs.js';
import { FocalPoint, RenditionLink } from '../delivery/delivery.types.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import type { Remedy, RenditionJudgement } from './remedy.service.js';

@ArgsType()
export class RenditionVerdictsArgs extends RenditionArgs {
  @Field(() => ID, { description: 'Global id of the asset.' })
  asset!: string;
}

@ObjectType('RenditionVerdict', { description: 'What one rule says about a rendition.' })
export class RenditionVerdictNode {
  @IdOf('Rule', { description: 'The rule.' })
  ruleId!: string;

  @Field(() => String, { description: 'Key of the rule in its guideline.' })
  ruleKey!: string;

  @Field(() => String, { description: 'What the rule asks, for people.' })
  ruleTitle!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at.' })
  ruleKind!: RuleKind;

  @Field(() => RuleSeverity, { description: 'How much it matters when the rule is broken.' })
  severity!: RuleSeverity;

  @Field(() => Verdict, { description: 'What the rule says about the rendition.' })
  verdict!: Verdict;

  @Field(() => Verdict, { nullable: true, description: 'What the rule itself says about the original; null where it has not judged it.' })
  originalVerdict!: Verdict | null;

  @Field(() => String, { description: 'Why, for people.' })
  message!: string;

  @Field(() => JSONObject, { nullable: true, description: 'What was measured in the rendition, with units in the names.' })
  measured!: Record<string, unknown> | null;

  @Field(() => JSONObject, { nullable: true, description: 'What the rule asks for, in the same units.' })
  required!: Record<string, unknown> | null;
}

@ObjectType('RenditionJudgement', {
  description: 'A rendition of an asset, measured like an asset’s own file, and judged by the same rules.',
})
export class RenditionJudgementNode {
  @Field(() => String, { description: 'Media type of the rendition.' })
  mediaType!: string;

  @Field(() => Int, { description: 'Width in pixels.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels.' })
  height!: number;

  @Field(() => Float, { description: 'Size in bytes.' })
  byteSize!: number;

  @Field(() => Int, { description: 'Texts, declared in the metadata field `textBoxes`, that the rendition cuts off, wholly or in part.' })
  cutTexts!: number;

  @Field(() => [RenditionVerdictNode], {
    description:
      'What the rules in force that look at the file say of it, broken ones first: resolution, ratio, safe zone, format, bytes, colour encoding, sharpness, exposure, contrast. Other rules say of it what they say of the original.',
  })
  verdicts!: RenditionVerdictNode[];
}

@ObjectType('RemedyRecipe', { description: 'How a rendition that mends a finding is made.' })
export class RemedyRecipeNode {
  @Field(() => Int, { description: 'Width in pixels.' })
  width!: number;

  @Field(() => Int, { description: 'Height in pixels.' })
  height!: number;

  @Field(() => RenditionFit, { description: 'How the picture is brought to that size.' })
  fit!: keyof typeof RenditionFit;

  @Field(() => RenditionFormat, { description: 'File format.' })
  format!: keyof typeof RenditionFormat;

  @Field(() => Int, { description: 'Quality, 1 to 100; means nothing for PNG and TIFF.' })
  quality!: number;

  @Field(() => String, { nullable: true, description: 'Colour below transparent parts and around a padded picture; null: none.' })
  background!: string | null;

  @Field(() => String, { description: 'Colour space, `SRGB` or `CMYK`.' })
  colorSpace!: string;

  @Field(() => Boolean, { description: 'Whether an sRGB picture carries its ICC profile.' })
  embedProfile!: boolean;

  @Field(() => FocalPoint, { nullable: true, description: 'What a cut keeps in view; null: the middle.' })
  focalPoint!: FocalPoint | null;
}

@ObjectType('RemedyOffer', {
  description: 'A rendition that keeps the broken rule, and breaks no other that the original keeps: it was made, measured and judged.',
})
export class RemedyOfferNode {
  @Field(() => String, { description: 'What is done to the picture, for people.' })
  words!: string;

  @Field(() => RemedyRecipeNode, { description: 'How it is made.' })
  recipe!: RemedyRecipeNode;

  @Field(() => Float, { description: 'Its size in bytes.' })
  byteSize!: number;

  @Field(() => RenditionLink, { description: 'Where it is, for hours.' })
  link!: RenditionLink;
}

@ObjectType('FindingRemedy', { description: 'What can be done about a finding.' })
export class FindingRemedyNode {
  @Field(() => String, { nullable: true, description: 'What a person can do; null where the message of the finding says all.' })
  words!: string | null;

  @Field(() => RemedyOfferNode, { nullable: true, description: 'What the system can do; null when it can do nothing.' })
  offer!: RemedyOfferNode | null;

  @Field(() => String, { nullable: true, description: 'Why nothing is offered; null when something is.' })
  reason!: string | null;

  @Field(() => Int, { description: 'Renditions that were made and judged.' })
  tried!: number;
}

/** A judgement as the API shows it. */
export function toJudgement({ facts, cutTexts, verdicts }: RenditionJudgement): RenditionJudgementNode {
  const { mediaType, byteSize, width, height } = facts;
  return {
    ...{ mediaType, byteSize, cutTexts, width: width ?? 0, height: height ?? 0 },
    verdicts: verdicts.map((entry) => ({ ...entry, ruleId: toGlobalId('Rule', entry.ruleId) })),
  };
}

/** A remedy as the API shows it. */
export function toRemedy(remedy: Remedy): FindingRemedyNode {
  const { offer } = remedy;
  return { ...remedy, offer: offer && { ...offer, recipe: { ...offer.recipe, embedProfile: offer.recipe.embedProfile ?? false } } };
}
