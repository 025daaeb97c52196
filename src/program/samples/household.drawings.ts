import type { Drawing } from './paint.js';
import { circle, ellipse, group, path, rect, stroke } from './svg-shapes.js';

const METAL = '#c3c8cf';

/** The house and what stands in it. */
export const HOUSEHOLD_DRAWINGS: readonly Drawing[] = [
  {
    name: 'house',
    synonyms: ['home', 'building'],
    draw: (p) =>
      rect(66, 16, 11, 24, p.shade, p.edge) +
      rect(16, 44, 68, 48, p.main, p.edge) +
      path('M4 48 L50 9 L96 48Z', p.shade, p.edge) +
      rect(42, 62, 17, 30, p.ink) +
      rect(22, 54, 15, 15, p.paper, `stroke="${p.ink}" stroke-width="2"`) +
      rect(64, 54, 15, 15, p.paper, `stroke="${p.ink}" stroke-width="2"`) +
      stroke('M29.5 54 V69 M22 61.5 H37 M71.5 54 V69 M64 61.5 H79', p.ink, 1.5),
  },
  {
    name: 'umbrella',
    synonyms: ['parasol'],
    draw: (p) =>
      stroke('M50 14 L50 84 Q50 94 60 94 Q69 94 69 85', p.ink, 4.5) +
      path(
        'M5 54 Q8 12 50 10 Q92 12 95 54 Q87 44 79 53 Q71 44 64.5 53 Q57 44 50 53 Q43 44 35.5 53 Q28 44 21 53 Q13 44 5 54Z',
        p.main,
        p.edge,
      ) +
      stroke('M50 12 Q36 26 35.5 51 M50 12 Q64 26 64.5 51', p.shade, 2.2) +
      stroke('M50 10 L50 4', p.ink, 3.5),
  },
  {
    name: 'lamp',
    synonyms: ['table lamp', 'light'],
    draw: (p) =>
      path('M32 8 L68 8 L84 50 L16 50Z', p.main, p.edge) +
      stroke('M50 50 L50 84', p.ink, 5) +
      path('M28 93 Q28 82 50 82 Q72 82 72 93Z', p.ink) +
      stroke('M66 50 L66 64', p.ink, 2) +
      circle(66, 66, 3, p.ink),
  },
  {
    name: 'chair',
    synonyms: ['seat', 'furniture'],
    draw: (p) =>
      stroke('M28 60 L24 96 M70 60 L74 96 M40 60 L40 88 M62 60 L62 88', p.shade, 5) +
      rect(26, 5, 8, 56, p.main, p.edge, 3) +
      rect(62, 5, 8, 56, p.main, p.edge, 3) +
      rect(32, 11, 32, 10, p.main, p.edge, 2) +
      rect(32, 29, 32, 10, p.main, p.edge, 2) +
      path('M22 54 L74 54 L80 65 L18 65Z', p.main, p.edge),
  },
  {
    name: 'clock',
    synonyms: ['wall clock', 'time'],
    draw: (p) => {
      const hours = p.between(0, 360);
      return (
        circle(50, 50, 43, p.main, p.edge) +
        circle(50, 50, 33, p.paper, `stroke="${p.ink}" stroke-width="1.5"`) +
        Array.from(
          { length: 12 },
          (_, i) => `<path d="M50 20 V${i % 3 === 0 ? 27 : 23}" stroke="${p.ink}" stroke-width="2.5" transform="rotate(${i * 30} 50 50)"/>`,
        ).join('') +
        group(stroke('M50 50 V33', p.ink, 4.5), `rotate(${hours} 50 50)`) +
        group(stroke('M50 50 V26', p.ink, 3), `rotate(${p.between(hours + 60, hours + 300)} 50 50)`) +
        circle(50, 50, 3.5, p.ink)
      );
    },
  },
  {
    name: 'key',
    synonyms: ['door key'],
    draw: (p) =>
      group(
        path(
          'M28 28 A22 22 0 1 0 28 72 A22 22 0 0 0 49 56 L62 56 L62 66 L70 66 L70 56 L78 56 L78 70 L87 70 L87 56 L95 56 L95 44 L49 44 A22 22 0 0 0 28 28Z M27 41 A9 9 0 1 1 27 59 A9 9 0 1 1 27 41Z',
          p.main,
          `fill-rule="evenodd" ${p.edge}`,
        ),
        `rotate(${p.between(-50, 40)} 50 50)`,
      ),
  },
  {
    name: 'lock',
    synonyms: ['padlock', 'security'],
    draw: (p) =>
      stroke('M31 46 L31 30 Q31 10 50 10 Q69 10 69 30 L69 46', p.ink, 11) +
      stroke('M31 46 L31 30 Q31 10 50 10 Q69 10 69 30 L69 46', p.tone(METAL), 7) +
      rect(18, 43, 64, 50, p.main, p.edge, 8) +
      circle(50, 62, 7, p.ink) +
      path('M47 64 L53 64 L56 80 L44 80Z', p.ink),
  },
  {
    name: 'scissors',
    synonyms: ['shears'],
    draw: (p) =>
      group(
        path('M44 62 L64 6 Q70 10 68 20 L54 62Z', p.tone(METAL), `stroke="${p.ink}" stroke-width="1.5"`) +
          path('M56 62 L36 6 Q30 10 32 20 L46 62Z', p.tone(METAL), `stroke="${p.ink}" stroke-width="1.5"`) +
          `<ellipse cx="33" cy="79" rx="13" ry="14" fill="none" stroke="${p.main}" stroke-width="7.5"/>` +
          `<ellipse cx="67" cy="79" rx="13" ry="14" fill="none" stroke="${p.main}" stroke-width="7.5"/>` +
          stroke('M41 69 L48 58 M59 69 L52 58', p.main, 7) +
          circle(50, 55, 3, p.ink),
        `rotate(${p.between(-25, 25)} 50 50)`,
      ),
  },
  {
    name: 'gift box',
    synonyms: ['gift', 'present'],
    draw: (p) =>
      path('M50 26 Q34 4 24 14 Q18 26 50 28 Q82 26 76 14 Q66 4 50 26Z', p.light, `stroke="${p.ink}" stroke-width="2"`) +
      rect(14, 44, 72, 48, p.main, p.edge) +
      rect(8, 28, 84, 18, p.main, p.edge, 2) +
      rect(8, 44, 84, 2.5, p.shade) +
      rect(43, 28, 14, 64, p.light, `stroke="${p.ink}" stroke-width="1"`),
  },
  {
    name: 'shopping bag',
    synonyms: ['paper bag', 'bag'],
    draw: (p) =>
      stroke('M34 40 L34 24 Q34 9 50 9 Q66 9 66 24 L66 40', p.ink, 4) +
      path('M16 32 L84 32 L90 94 L10 94Z', p.main, p.edge) +
      stroke('M34 32 L34 43 M66 32 L66 43', p.ink, 4) +
      (p.chance(0.5) ? circle(50, 66, 11, p.light) : ''),
  },
  {
    name: 'candle',
    synonyms: ['light'],
    draw: (p) =>
      path('M50 5 Q62 22 50 31 Q38 22 50 5Z', p.tone('#f59e0b')) +
      stroke('M50 29 L50 38', p.ink, 3) +
      rect(36, 38, 28, 48, p.main, p.edge, 3) +
      path('M36 41 Q36 38 40 38 L60 38 Q64 38 64 41 L64 50 Q60 58 57 48 Q53 56 50 48 Q46 64 42 50 Q38 56 36 48Z', p.light) +
      ellipse(50, 89, 32, 6, p.ink),
  },
  {
    name: 'balloon',
    synonyms: ['party balloon'],
    draw: (p) =>
      stroke('M50 70 Q42 80 50 87 Q56 93 50 98', p.ink, 2) +
      path('M44 74 L56 74 L50 66Z', p.shade) +
      path('M50 4 Q82 6 80 36 Q76 60 50 70 Q24 60 20 36 Q18 6 50 4Z', p.main, p.edge) +
      stroke('M31 34 Q31 20 42 15', p.light, 5),
  },
];
