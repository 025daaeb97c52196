import { registerEnumType } from 'type-graphql';

export const ConceptMatchState = { OPEN: 'OPEN', ACCEPTED: 'ACCEPTED', REJECTED: 'REJECTED' } as const;
registerEnumType(ConceptMatchState, {
  name: 'ConceptMatchState',
  description: 'What became of a match.',
  valuesConfig: {
    OPEN: { description: 'It waits for a person.' },
    ACCEPTED: { description: 'A person agreed; a proposed tag is on the asset.' },
    REJECTED: { description: 'A person disagreed; it does not come back for this version of the asset.' },
  },
});
