import { parseAssetFields } from '../../../src/library/assets/asset-fields.js';

const read = (textBoxes: unknown) => parseAssetFields({ metadata: { textBoxes } }, 'input.fields');

it.each(['0.1 0.7 0.8 0.2 #ffffff', '0 0 1 1', '0.7 0.7 0.3 0.3 #FFF000; .5 .5 .1 .1;'])('takes textBoxes %j', (boxes) => {
  expect(read(boxes).metadata).toEqual({ textBoxes: boxes });
});

it.each([
  ['', /boxes such as/],
  [1, /boxes such as/],
  ['0.1 0.7 0.8', /boxes such as/],
  ['0.1 0.7 0.95 0.2', /boxes such as/],
  ['0.1 0.7 0 0.2', /boxes such as/],
  ['0.1 0.7 0.1 0.2 red', /boxes such as/],
  ['0.1 0.7 0.1 0.2 #ffffff x', /boxes such as/],
  [Array(51).fill('0 0 1 1').join(';'), /at most 50/],
])('refuses textBoxes %j', (boxes, message) => {
  expect(() => read(boxes)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'input.fields.metadata.textBoxes', message: expect.stringMatching(message) }),
  );
});

it('clears them with null', () => {
  expect(read(null).metadata).toEqual({ textBoxes: null });
});
