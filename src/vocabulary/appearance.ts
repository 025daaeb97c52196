import { registerEnumType } from 'type-graphql';

/** What a picture is made like, as its pixels and its file tell. */
export const Appearance = {
  ...{ PHOTOGRAPH: 'PHOTOGRAPH', DRAWING: 'DRAWING', SCREENSHOT: 'SCREENSHOT', DOCUMENT: 'DOCUMENT', UNSURE: 'UNSURE' },
} as const;
export type Appearance = keyof typeof Appearance;
export const APPEARANCES = Object.keys(Appearance) as [Appearance, ...Appearance[]];

registerEnumType(Appearance, {
  name: 'Appearance',
  description: 'What a picture is made like, as its pixels and its file tell. Models understand what they were trained on.',
  valuesConfig: {
    PHOTOGRAPH: { description: 'Taken by a camera, or just like that.' },
    DRAWING: { description: 'Drawn: icons, illustrations, diagrams, marks.' },
    SCREENSHOT: { description: 'Taken of a screen, as its file says.' },
    DOCUMENT: { description: 'A page: text on a light ground.' },
    UNSURE: { description: 'None of these surely.' },
  },
});
