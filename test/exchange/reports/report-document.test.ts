import { boxesOf, patchesOf } from '../../../src/exchange/reports/report-document.js';

describe('evidence that is drawn', () => {
  it('has boxes of texts and of marks, cut at the edge of the picture', () => {
    const evidence = {
      areas: [{ name: 'claim', left: 0.1, top: 0.2, right: 0.6, bottom: 0.4, share: 0.5 }],
      boxes: [{ left: 0.5, top: 0.5, right: 1.2, bottom: 0.9 }],
      sightings: [{ mark: 'Star', confidence: 0.9, box: { left: -0.25, top: 0.25, width: 0.75, height: 0.5 } }],
    };
    expect(boxesOf(evidence)).toEqual([
      { left: 0.1, top: 0.2, right: 0.6, bottom: 0.4, label: 'claim' },
      { left: 0.5, top: 0.5, right: 1, bottom: 0.9, label: null },
      { left: 0, top: 0.25, right: 0.5, bottom: 0.75, label: 'Star' },
    ]);
  });

  it('leaves out what is none', () => {
    expect(boxesOf(null)).toEqual([]);
    expect(
      boxesOf({
        areas: 'x',
        boxes: [null, 3, {}, { left: 'a', top: 0, right: 1, bottom: 1 }, { left: 0.5, top: 0, right: 0.5, bottom: 1 }],
      }),
    ).toEqual([]);
    expect(patchesOf({ patches: [{ hex: '#12ab9f', share: 0.25, use: 'BRAND' }, { hex: 'red;x', share: 1 }, { hex: '#000000' }] })).toEqual(
      [{ hex: '#12ab9f', share: 0.25, use: 'BRAND' }],
    );
    expect(patchesOf({ patches: 1 })).toEqual([]);
  });
});
