import { IdOf } from '../../platform/graphql/node.js';
import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { RuleSeverity, Verdict } from '../../vocabulary/compliance.js';
import { connectionOf, DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { JSONObject, SafeInt } from '../../platform/graphql/scalars.js';
import type { FindingChange as Change, HistoryCause } from './history.queries.js';

export const HistoryCauseType: { readonly [C in HistoryCause]: C } = {
  NEW_ASSET: 'NEW_ASSET',
  ASSET_VERSION: 'ASSET_VERSION',
  ASSET_EDIT: 'ASSET_EDIT',
  ASSET_REMOVED: 'ASSET_REMOVED',
  RULE: 'RULE',
  MODEL: 'MODEL',
  FACTS: 'FACTS',
  CLOCK: 'CLOCK',
  WAIVER: 'WAIVER',
  REVIEW: 'REVIEW',
};
registerEnumType(HistoryCauseType, {
  name: 'FindingChangeCause',
  description: 'Why a finding came, changed or went.',
  valuesConfig: {
    NEW_ASSET: { description: 'The asset came in.' },
    ASSET_VERSION: { description: 'The asset got a new file.' },
    ASSET_EDIT: { description: 'What is said about the asset changed: texts, rights, tags, brand.' },
    ASSET_REMOVED: { description: 'The asset was deleted.' },
    RULE: { description: 'The rule, its scope or its palette changed, or it was published or retired.' },
    MODEL: { description: 'Another model judged.' },
    FACTS: { description: 'More became known about the file, such as its vector.' },
    CLOCK: { description: 'Time passed: rights or a waiver ended.' },
    WAIVER: { description: 'A waiver was approved or revoked.' },
    REVIEW: { description: 'A person decided.' },
  },
});

@ObjectType({
  description:
    'How a finding came to be, changed or went. Nobody can change what is written here without `vitrine compliance verify` seeing it.',
})
export class FindingChange {
  @Field(() => SafeInt, { description: 'Link of the chain that it belongs to; all changes of one transaction share one.' })
  sequence!: number;

  @Field(() => Date, { description: 'When it was recorded.' })
  recordedAt!: Date;

  @Field(() => String, { description: 'Hash of that link, hexadecimal SHA-256.' })
  hash!: string;

  @Field(() => String, { nullable: true, description: 'Name of the API key that made the change; null where a job or the clock did.' })
  actorName!: string | null;

  @Field(() => HistoryCauseType, { description: 'Why.' })
  cause!: HistoryCause;

  @IdOf('Finding', { description: 'The finding.' })
  findingId!: string;

  @IdOf('AssetVersion', { description: 'The version of the asset.' })
  versionId!: string;

  @IdOf('Rule', { description: 'The rule.' })
  ruleId!: string;

  @Field(() => Verdict, { nullable: true, description: 'The verdict from then on; null when the finding went.' })
  verdict!: Verdict | null;

  @Field(() => Verdict, { nullable: true, description: 'What the rule itself said; null when the finding went.' })
  checkerVerdict!: Verdict | null;

  @Field(() => RuleSeverity, { description: 'How much the rule mattered.' })
  severity!: RuleSeverity;

  @Field(() => Int, { description: 'Revision of the rule.' })
  ruleRevision!: number;

  @Field(() => Int, { nullable: true, description: 'Revision of the model; null where none was used.' })
  modelRevisionId!: number | null;

  @Field(() => JSONObject, { nullable: true, description: 'What was measured, with units in the names.' })
  measured!: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: 'What the finding said.' })
  message!: string | null;
}

export const FindingChangeConnection = connectionOf(FindingChange, 'FindingChange');

export function toFindingChange(change: Change): FindingChange {
  const { id: _id, assetId: _assetId, ...shown } = change;
  return Object.assign(new FindingChange(), shown, {
    findingId: toGlobalId('Finding', change.findingId),
    versionId: toGlobalId('AssetVersion', change.versionId),
    ruleId: toGlobalId('Rule', change.ruleId),
  });
}

@ObjectType({ description: 'The end of the chain that the history of an organisation is kept in.' })
export class HistoryHead {
  @Field(() => SafeInt, { description: 'Links in the chain; 0 before anything has happened.' })
  sequence!: number;

  @Field(() => String, {
    nullable: true,
    description: 'Hash of the last link, hexadecimal SHA-256, which stands for all before it. Null before the first.',
  })
  hash!: string | null;
}

@ArgsType()
export class FindingHistoryArgs {
  @Field(() => ID, { description: 'The asset; it may be gone by now.' })
  asset!: string;

  @Field(() => ID, { nullable: true, description: 'Only findings of this rule.' })
  rule?: string | null;

  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}
