import { labOfHex, readHexColor } from '../../../src/engines/pixels/color.js';

it.each([
  ['#ABC', '#aabbcc'],
  [' #D92b33 ', '#d92b33'],
  ['rgb(217, 43, 51)', '#d92b33'],
  ['RGB(0 255 0)', '#00ff00'],
  ['lab(100 0 0)', '#ffffff'],
  ['lab(0% 0 0)', '#000000'],
])('reads %j as %s', (given, hex) => {
  expect(readHexColor(given, 'color')).toBe(hex);
});

it('comes back from CIELAB to the colour that it was', () => {
  for (let red = 0; red < 256; red += 51)
    for (let green = 0; green < 256; green += 15)
      for (let blue = 0; blue < 256; blue += 51) {
        const hex = `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
        const { L, a, b } = labOfHex(hex);
        expect(readHexColor(`lab(${L.toFixed(4)} ${a.toFixed(4)} ${b.toFixed(4)})`, 'color')).toBe(hex);
      }
});

it.each(['rgb(256 0 0)', 'rgb(-1 0 0)', 'lab(50 120 -120)', 'lab(101 0 0)', 'lab(60 -128 0)'])('says that %s is out of gamut', (given) => {
  expect(() => readHexColor(given, 'palette[0].hex')).toThrow(/^palette\[0\]\.hex: .* lies outside the sRGB gamut/);
});

it.each(['red', 'rgb(1 2)', 'lab(1 2 3 4)', '#12345', 'rgb(a b c)', ''])('says what %j should have been', (given) => {
  expect(() => readHexColor(given, 'hex')).toThrow(/allowed: #rgb, #rrggbb, rgb\(217 43 51\), lab\(47 67 41\)/);
});
