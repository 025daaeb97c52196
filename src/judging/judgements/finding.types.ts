import { Field, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { JSONObject } from '../../platform/graphql/scalars.js';
import type { FindingRecord } from './finding.queries.js';
import { remedyInWords } from './remedy-words.js';
import { RuleKind, RuleSeverity, Verdict } from '../../vocabulary/compliance.js';

@ObjectType({ implements: Node, description: 'What one rule says about the current version of one asset.' })
export class Finding implements Node {
  @Field(() => ID, { description: 'Global id: the same as long as this rule is asked of this version.' })
  id!: string;

  @IdOf('Asset', { description: 'The asset it is about.' })
  assetId!: string;

  @IdOf('Rule', { description: 'The rule that says it.' })
  ruleId!: string;

  @Field(() => String, { description: 'Key of the rule in its guideline.' })
  ruleKey!: string;

  @Field(() => String, { description: 'What the rule asks, for people.' })
  ruleTitle!: string;

  @Field(() => RuleKind, { description: 'What the rule looks at.' })
  ruleKind!: RuleKind;

  @Field(() => Int, { description: 'Revision of the rule that was judged by.' })
  ruleRevision!: number;

  @Field(() => Int, { nullable: true, description: 'Revision of the model whose vectors were used; null where none was.' })
  modelRevisionId!: number | null;

  @Field(() => RuleSeverity, { description: 'How much it matters when the rule is broken.' })
  severity!: RuleSeverity;

  @Field(() => Verdict, { description: 'What the rule says.' })
  verdict!: Verdict;

  @Field(() => Verdict, { description: 'What the rule itself says; `verdict` is that after a review or a waiver.' })
  checkerVerdict!: Verdict;

  @IdOf('Waiver', { description: 'The waiver that makes it WAIVED.', nullable: true })
  waiverId!: string | null;

  @Field(() => String, { description: 'Why, and what to do, for people.' })
  message!: string;

  @Field(() => JSONObject, { nullable: true, description: 'What was measured, with units in the names; null where nothing was.' })
  measured!: Record<string, unknown> | null;

  @Field(() => JSONObject, { nullable: true, description: 'What the rule asks for, in the same units.' })
  required!: Record<string, unknown> | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'What shows it: colour patches with shares and differences, prompts with cosines and probabilities. Null where there is no more.',
  })
  evidence!: Record<string, unknown> | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What to do, for rules that another file would keep; null for others and where nothing is broken. `findingRemedy` tries whether the system can make that file.',
  })
  remedy!: string | null;

  @Field(() => Date, { description: 'Since when the verdict has been this one.' })
  firstSeenAt!: Date;

  @Field(() => Date, { description: 'When it was judged to be as it is; judging it the same again leaves this.' })
  judgedAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When the verdict changes by the calendar alone; null when it does not.' })
  validUntil!: Date | null;
}

export const FindingConnection = connectionOf(Finding, 'Finding');

/** A finding as the API shows it. */
export function toFinding(record: FindingRecord): Finding {
  const { rank: _rank, weight: _weight, versionId: _versionId, brandId: _brandId, ...shown } = record;
  const ids = {
    id: toGlobalId('Finding', record.id),
    assetId: toGlobalId('Asset', record.assetId),
    ruleId: toGlobalId('Rule', record.ruleId),
    waiverId: record.waiverId && toGlobalId('Waiver', record.waiverId),
  };
  return Object.assign(new Finding(), shown, ids, { remedy: remedyInWords(record) });
}
