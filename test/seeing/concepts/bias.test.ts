import { BiasService, type BiasGroupRequest } from '../../../src/seeing/concepts/bias.service.js';
import { toGlobalId } from '../../../src/platform/graphql/global-id.js';
import { type ConceptRoom, openConcepts, pictureOf } from '../../support/concept-room.js';
import { openTestDatabase, type TestDatabase } from '../../support/test-database.js';

let test: TestDatabase;
let room: ConceptRoom;
let bias: BiasService;
let concept: string;
const report = (groups: BiasGroupRequest[], more = {}) => bias.report(room.viewer('VIEWER'), { concept, groups, ...more });
const BY_PROMPT: BiasGroupRequest[] = [
  { name: 'women', prompts: ['a ballerina'] },
  { name: 'men', prompts: ['a bearded sailor'] },
];

beforeAll(async () => {
  test = await openTestDatabase();
  room = await openConcepts(test.database, 'bias', { logitScale: 60 });
  bias = new BiasService(test.database, room.vectors, room.tags);
  const [north, south] = [...(await room.inside((tx) => room.tags.resolveNames(tx, ['north', 'south']))).values()];
  // Seen in 8 of 40 of the one and 24 of 40 of the other; ten more pictures show neither.
  for (let n = 0; n < 90; n += 1) {
    const who = n < 40 ? 'a ballerina' : n < 80 ? 'a bearded sailor' : 'a zeppelin';
    const seen = n < 40 ? n < 8 : n < 80 ? n < 64 : false;
    await room.add(
      {
        title: `${who} ${n}`,
        tagIds: [...(n < 50 ? [north as number] : []), ...(n >= 30 ? [south as number] : [])],
        metadata: n % 2 ? { studio: 'a' } : { studio: 'b', shot: true },
      },
      pictureOf({ [who]: 1, ...(seen && { banjo: 0.95 }) }),
    );
  }
  concept = (await room.concepts.create(room.viewer(), { name: 'banjo', proposeAt: 0.3 })).concept.id;
  await room.matching.compareLibrary(room.organizationId);
}, 60_000);
afterAll(() => test.close());

it('counts hits by what the model sees of the groups, with rates, ratio and intervals', async () => {
  const { groups, pictures, hits, threshold, isCalibrated, caveats, conceptName } = await report(BY_PROMPT);
  expect({ pictures, hits, threshold, isCalibrated, conceptName }).toEqual({
    ...{ pictures: 90, hits: 32, threshold: 0.3, isCalibrated: false, conceptName: 'banjo' },
  });
  const [women, men] = groups;
  expect(women).toMatchObject({ name: 'women', byModel: true, pictures: 40, hits: 8, shared: 0, ratio: null, differs: null });
  expect(men).toMatchObject({ name: 'men', pictures: 40, hits: 24, differs: true });
  expect(women!.rate).toMatchObject({ value: 0.2, low: expect.closeTo(0.105, 2), high: expect.closeTo(0.348, 2) });
  expect(men!.ratio!.value).toBeCloseTo(3, 9);
  expect(men!.ratio!.low).toBeGreaterThan(1);
  expect(caveats.join(' ')).toContain('own guess');
});

it('counts by tags and metadata, says which pictures are in several groups, and follows the threshold', async () => {
  const { groups, caveats } = await report([
    { name: 'north', tag: 'North' },
    { name: 'south', tag: 'south' },
    { name: 'studio a', metadataKey: 'studio', metadataEquals: 'a' },
    { name: 'shot', metadataKey: 'shot' },
    { name: 'nobody', metadataKey: 'studio', metadataEquals: 'c' },
  ]);
  expect(groups.map(({ name, pictures, byModel }) => [name, pictures, byModel])).toEqual([
    ['north', 50, false],
    ['south', 60, false],
    ['studio a', 45, false],
    ['shot', 45, false],
    ['nobody', 0, false],
  ]);
  // Everybody has a studio or a shot as well.
  expect(groups[0]).toMatchObject({ shared: 50, hits: 18 });
  expect(groups[4]).toMatchObject({ rate: null, ratio: null, differs: null, hits: 0 });
  expect(caveats.join(' ')).not.toContain('own guess');
  expect(caveats.join(' ')).toContain('several groups');
  expect(caveats.join(' ')).toContain('"nobody"');
  const strict = await report(BY_PROMPT, { threshold: 1 });
  expect(strict.hits).toBeLessThan(32);
});

it('warns of prompts that the model is weak at', async () => {
  const { warnings } = await report([...BY_PROMPT, { name: 'many', prompts: ['three people'] }]);
  expect(warnings.map(({ kind }) => kind)).toEqual(['COUNTS']);
});

it.each<[string, string, BiasGroupRequest[], object?]>([
  ['one group', 'groups', BY_PROMPT.slice(0, 1)],
  ['too many groups', 'groups', Array.from({ length: 21 }, (_, n) => ({ name: `${n}`, tag: 'north' }))],
  ['a group of nothing', 'groups[1]', [BY_PROMPT[0]!, { name: 'x' }]],
  ['a group of two kinds', 'groups[0]', [{ name: 'x', tag: 'north', prompts: ['a'] }, BY_PROMPT[0]!]],
  ['a value without its field', 'groups[0].metadataEquals', [{ name: 'x', tag: 'north', metadataEquals: 'a' }, BY_PROMPT[0]!]],
  ['the same name twice', 'groups[1].name', [BY_PROMPT[0]!, BY_PROMPT[0]!]],
  ['a tag that is not there', 'groups[1].tag', [BY_PROMPT[0]!, { name: 'x', tag: 'nowhere' }]],
  ['an empty prompt', 'groups[1].prompts[0]', [BY_PROMPT[0]!, { name: 'x', prompts: [' '] }]],
  ['no prompts', 'groups[1].prompts', [BY_PROMPT[0]!, { name: 'x', prompts: [] }]],
  ['a threshold that is no number', 'threshold', BY_PROMPT, { threshold: Number.NaN }],
])('refuses %s by name', async (_, field, groups, more = {}) => {
  await expect(report(groups, more)).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field });
});

it('does not know a concept that is not there', async () => {
  const gone = toGlobalId('Concept', '00000000-0000-4000-8000-000000000000');
  await expect(report(BY_PROMPT, { concept: gone })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'concept' });
});
