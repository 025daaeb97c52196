import { registerEnumType } from 'type-graphql';

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
