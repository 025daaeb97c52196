import { readConcept } from '../../../src/seeing/concepts/concept-fields.js';
import { fillTemplates, readPrompts, readTemplate } from '../../../src/seeing/concepts/prompt.js';
import { findWarnings } from '../../../src/seeing/concepts/prompt-warnings.js';

const kinds = (prompt: string) => findWarnings(prompt).map(({ kind }) => kind);

describe('warnings about prompts', () => {
  it.each([
    ['three dogs', ['COUNTS']],
    ['2 cups on a table', ['COUNTS']],
    ['several people', ['COUNTS']],
    ['a street without cars', ['NEGATES']],
    ['no logo', ['NEGATES']],
    ['a dog that isn’t brown', ['NEGATES']],
    ['a logo at the top left', ['PLACES']],
    ['a cup to the left of a book', ['PLACES']],
    ['a ball under the table', ['PLACES']],
    ['two cups, not red, next to a plate', ['COUNTS', 'NEGATES', 'PLACES']],
  ])('%s', (prompt, expected) => {
    expect(kinds(prompt)).toEqual(expected);
    for (const warning of findWarnings(prompt)) expect(warning).toMatchObject({ prompt, message: expect.stringContaining('CLIP') });
  });

  it.each([
    'a red car',
    'notebook',
    'a knot',
    'knowledge',
    'an underwater scene',
    'someone',
    'a nine-iron'.replace('nine-', ''),
    'brightly lit',
    'copyright',
    'two-tone'.slice(4),
  ])('has nothing to say about %s', (prompt) => expect(kinds(prompt)).toEqual([]));
});

describe('prompts from outside', () => {
  it('are trimmed and composed; right-to-left text is text', () => {
    expect(readPrompts(['  a  cafe\u0301 ', 'كلب', '犬'], 'labels', 1, 5)).toEqual(['a café', 'كلب', '犬']);
  });

  it.each<[string, string[], string]>([
    ['nothing', [], 'labels'],
    ['too many', Array.from({ length: 6 }, (_, n) => `label ${n}`), 'labels'],
    ['an empty one', ['dog', ' '], 'labels[1]'],
    ['a huge one', ['x'.repeat(301)], 'labels[0]'],
    ['a control character', ['dog', 'c\u0007at'], 'labels[1]'],
    ['hidden characters alone', ['\u202e\u200b'], 'labels[0]'],
    ['half a character', ['\ud83d'], 'labels[0]'],
    ['the same twice', ['Dog', 'cat', 'dog '], 'labels[2]'],
  ])('name their place: %s', (_, labels, field) => {
    expect(() => readPrompts(labels, 'labels', 1, 5)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field }));
  });

  it.each(['a photo', 'a {} and a {}', '', ' ', `{}${'x'.repeat(200)}`, '{}\u0000'])('refuse the template %j', (template) => {
    expect(() => readTemplate(template, 'template')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'template' }));
  });

  it('fill templates with what was given, whatever it is', () => {
    expect(fillTemplates(['$& {}', 'b'], ['a {}', '{}!'])).toEqual(['a $& {}', '$& {}!', 'a b', 'b!']);
  });
});

describe('concepts from outside', () => {
  it('have defaults, and keep what is not said again', () => {
    const tag = readConcept({ name: 'Red Car' }, null);
    expect(tag).toMatchObject({ tagName: 'red car', proposeAt: 0.5, reviewAt: null, purpose: 'TAG', synonyms: [] });
    expect(readConcept({ proposeAt: 0.7 }, { ...tag, synonyms: ['auto'] })).toMatchObject({
      name: 'Red Car',
      synonyms: ['auto'],
      proposeAt: 0.7,
    });
    expect(readConcept({ name: 'x', purpose: 'MODERATION' }, null)).toMatchObject({
      tagName: null,
      proposeAt: null,
      reviewAt: 0.3,
      blockAt: 0.8,
    });
  });

  it.each<[string, object, string]>([
    ['no name', { name: '' }, 'input.name'],
    ['a name of control characters', { name: 'a\u0001' }, 'input.name'],
    ['a threshold that is no number', { name: 'a', proposeAt: Number.NaN }, 'input.proposeAt'],
    ['a threshold of nothing', { name: 'a', proposeAt: 0 }, 'input.proposeAt'],
    ['a threshold above one', { name: 'a', purpose: 'MODERATION', blockAt: 1.01 }, 'input.blockAt'],
    ['thresholds the wrong way round', { name: 'a', purpose: 'MODERATION', reviewAt: 0.9, blockAt: 0.5 }, 'input.reviewAt'],
    ['a threshold of the other purpose', { name: 'a', reviewAt: 0.5 }, 'input.reviewAt'],
    ['a tag for moderation', { name: 'a', purpose: 'MODERATION', tag: 'b' }, 'input.tag'],
    ['its own name as synonym', { name: 'Car', synonyms: ['auto', 'car'] }, 'input.synonyms[1]'],
    ['its own name as counter-prompt', { name: 'car', counterPrompts: ['Car'] }, 'input.counterPrompts[0]'],
    ['a synonym as counter-prompt', { name: 'car', synonyms: ['auto'], counterPrompts: ['bus', 'auto'] }, 'input.counterPrompts[1]'],
    ['a template without its place', { name: 'car', templates: ['{}', 'a photo'] }, 'input.templates[1]'],
    ['too many synonyms', { name: 'car', synonyms: Array.from({ length: 21 }, (_, n) => `s${n}`) }, 'input.synonyms'],
    ['a tag that is none', { name: 'car', tag: '\u200b' }, 'input.tag'],
  ])('are refused by field: %s', (_, input, field) => {
    expect(() => readConcept(input, null)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field }));
  });
});
