import { labOfHex, readHexColor } from '../../../src/engines/pixels/color.js';

it.each([
  ['#ABC', '#aabbcc'],
  [' #D92b33 ', '#d92b33'],
  ['rgb(217, 43, 51)', '#d92b33'],
  ['RGB(0 255 0)', '#00ff00'],
  ['lab(100 0 0)', '#ffffff'],
  ['lab(0% 0 0)', '#000000'],
  ['rgb(100% 0% 0%)', '#ff0000'],
  ['rgb(100%, 100%, 100%)', '#ffffff'],
  ['rgb(50% 0% 100% / 100%)', '#8000ff'],
  ['#FF0000ff', '#ff0000'],
  ['hsl(120 100% 25%)', '#008000'],
  ['hsl(0.5turn, 100%, 50%)', '#00ffff'],
  ['hwb(120 0% 0%)', '#00ff00'],
  ['lab(54.29% 80.8 69.89)', '#ff0000'],
  ['lch(54.29% 106.84 40.86)', '#ff0000'],
  ['oklch(62.796% 0.25768 29.2339)', '#ff0000'],
  ['color(srgb 0.2 0.4 0.6)', '#336699'],
  ['RebeccaPurple', '#663399'],
])('reads %j as %s', (given, hex) => {
  expect(readHexColor(given, 'color')).toBe(hex);
});

it('measures the colours that it reads as CIELAB with D65 for white', () => {
  expect(labOfHex('#ffffff')).toEqual({ L: expect.closeTo(100, 3), a: expect.closeTo(0, 2), b: expect.closeTo(0, 2) });
  expect(labOfHex('#ff0000')).toEqual({ L: expect.closeTo(53.24, 2), a: expect.closeTo(80.09, 2), b: expect.closeTo(67.2, 2) });
});

it.each(['#ff000080', 'rgb(217 43 51 / 50%)', 'transparent'])('says that %s is see-through', (given) => {
  expect(() => readHexColor(given, 'hex')).toThrow(/^hex: .* is see-through/);
});

it.each(['rgb(256 0 0)', 'rgb(-1 0 0)', 'rgb(101% 0% 0%)', 'lab(50 120 -120)', 'lab(101 0 0)', 'color(display-p3 1 0 0)'])(
  'says that %s is out of gamut',
  (given) => {
    expect(() => readHexColor(given, 'palette[0].hex')).toThrow(/^palette\[0\]\.hex: .* lies outside the sRGB gamut/);
  },
);

it.each([
  'reddish',
  'rgb(1 2)',
  'lab(1 2)',
  '#12345',
  'ff0000',
  'rgb(a b c)',
  'cmyk(0 1 1 0)',
  'currentcolor',
  `rgb(1 2 3${' '.repeat(200)})`,
  '',
])('says what %j should have been', (given) => {
  expect(() => readHexColor(given, 'hex')).toThrow(/allowed: #rgb, #rrggbb, rgb\(217 43 51\), rgb\(85% 17% 20%\)/);
});
