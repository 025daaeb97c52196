import { Field, ObjectType } from 'type-graphql';
import { JSONObject } from '../../platform/graphql/scalars.js';
import { RuleKind } from '../../vocabulary/compliance.js';

@ObjectType({ description: 'A kind of rule: what it looks at and which parameters it takes.' })
export class RuleKindInfo {
  @Field(() => RuleKind, { description: 'The kind.' })
  kind!: RuleKind;

  @Field(() => String, { description: 'What a rule of this kind asks, for people.' })
  description!: string;

  @Field(() => JSONObject, { description: 'JSON Schema (2020-12) of `parameters`, with defaults and descriptions.' })
  parameterSchema!: Record<string, unknown>;
}
