import type { RenditionRecipe } from '../../../src/engines/media/rendition-recipe.js';
import type { RemedySource } from '../../../src/exchange/remedies/remedy.queries.js';
import { readTextBoxes, textBoxesIn } from '../../../src/exchange/remedies/rendition-facts.js';

const source = { width: 400, height: 200, media_type: 'image/png' } as RemedySource;
const recipe = (changes: Partial<RenditionRecipe>): RenditionRecipe => ({
  ...{
    width: 200,
    height: 200,
    fit: 'COVER',
    format: 'PNG',
    quality: 90,
    background: null,
    colorSpace: 'SRGB',
    densityDpi: null,
    focalPoint: null,
  },
  ...changes,
});
const box = (left: number, top: number, width: number, height: number) => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
  color: '#ffffff',
});
const rounded = (boxes: ReturnType<typeof textBoxesIn>) => ({
  ...boxes,
  boxes: boxes.boxes.map(({ left, top, right, bottom }) => [left, top, right, bottom].map((share) => Math.round(share * 1000) / 1000)),
});

describe('declared texts in a rendition', () => {
  it('move with a cut around the middle, and are counted where it cuts them', () => {
    // The middle 200 of 400 pixels are left: x from 0.25 to 0.75.
    expect(rounded(textBoxesIn([box(0.25, 0.1, 0.5, 0.2)], source, recipe({})))).toEqual({ boxes: [[0, 0.1, 1, 0.3]], cut: 0 });
    expect(rounded(textBoxesIn([box(0.2, 0.1, 0.3, 0.2)], source, recipe({})))).toEqual({ boxes: [[0, 0.1, 0.5, 0.3]], cut: 1 });
    expect(rounded(textBoxesIn([box(0, 0, 0.2, 0.2)], source, recipe({})))).toEqual({ boxes: [], cut: 1 });
  });

  it('move with the focal point, and onto a larger ground', () => {
    expect(rounded(textBoxesIn([box(0, 0, 0.5, 1)], source, recipe({ focalPoint: { x: 0, y: 0.5 } })))).toEqual({
      boxes: [[0, 0, 1, 1]],
      cut: 0,
    });
    expect(rounded(textBoxesIn([box(0, 0, 1, 1)], source, recipe({ fit: 'PAD', width: 400, height: 400 })))).toEqual({
      boxes: [[0, 0.25, 1, 0.75]],
      cut: 0,
    });
    expect(rounded(textBoxesIn([box(0.1, 0.2, 0.3, 0.4)], source, recipe({ fit: 'INSIDE', width: 100, height: 100 })))).toEqual({
      boxes: [[0.1, 0.2, 0.4, 0.6]],
      cut: 0,
    });
  });

  it('are read as metadata spells them, and not at all where that is no box', () => {
    expect(readTextBoxes({ textBoxes: ' 0 0 .5 1 #ABCDEF; 0.5 0.5 0.5 0.5 ;' })).toEqual([
      { left: 0, top: 0, right: 0.5, bottom: 1, color: '#ABCDEF' },
      { left: 0.5, top: 0.5, right: 1, bottom: 1, color: null },
    ]);
    for (const textBoxes of ['here', '0 0 x 1', 5, undefined]) expect(readTextBoxes({ textBoxes })).toBeNull();
  });
});
