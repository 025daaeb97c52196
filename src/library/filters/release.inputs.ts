import { Field, InputType } from 'type-graphql';
import { ReleaseStateType } from '../../vocabulary/release-state.js';

@InputType({ description: 'A condition on the release of the current file: all that are given must hold.' })
export class ReleaseFilter {
  @Field(() => [ReleaseStateType], { nullable: true, description: 'The decision is one of these.' })
  states?: (keyof typeof ReleaseStateType)[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether it was approved and a rule of severity BLOCKER stands against it since (`Release.brokenSince`). What may be used is ' +
      '`{ states: [APPROVED], broken: false }`.',
  })
  broken?: boolean | null;
}
