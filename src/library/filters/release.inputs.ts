import { Field, InputType, registerEnumType } from 'type-graphql';

export const ReleaseStateType = { DRAFT: 'DRAFT', APPROVED: 'APPROVED', WITHDRAWN: 'WITHDRAWN' } as const;
registerEnumType(ReleaseStateType, {
  name: 'ReleaseState',
  description: 'Whether a version of an asset may be used.',
  valuesConfig: {
    DRAFT: { description: 'Nobody has decided. Every new file begins so, whatever the file before it was.' },
    APPROVED: { description: 'A person approved it while no rule of severity BLOCKER stood against it.' },
    WITHDRAWN: { description: 'A person said that it must not be used.' },
  },
});

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
