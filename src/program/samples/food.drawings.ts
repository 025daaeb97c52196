import type { Drawing } from './paint.js';
import { circle, ellipse, group, path, rect, stroke } from './svg-shapes.js';

const LEAF = '#3f9b3a';
const WOOD = '#7a4a24';

/** Things to eat and what they are served in. */
export const FOOD_DRAWINGS: readonly Drawing[] = [
  {
    name: 'apple',
    synonyms: ['fruit'],
    draw: (p) => {
      const w = p.between(34, 38);
      return (
        path(
          `M50 32 C${50 - w / 3} 20 ${50 - w} 24 ${50 - w} 50 C${50 - w} 74 ${50 - w / 2} 92 ${50 - w / 5} 90 Q50 87 ${50 + w / 5} 90 C${50 + w / 2} 92 ${50 + w} 74 ${50 + w} 50 C${50 + w} 24 ${50 + w / 3} 20 50 32Z`,
          p.main,
          p.edge,
        ) +
        stroke('M50 34 Q49 20 54 9', p.tone(WOOD), 4) +
        path('M54 22 Q60 6 78 9 Q74 25 54 22Z', p.tone(LEAF), p.edge) +
        stroke(`M${50 - w + 9} 52 Q${50 - w + 9} 40 ${50 - w + 17} 36`, p.light, 4)
      );
    },
  },
  {
    name: 'banana',
    synonyms: ['fruit'],
    draw: (p) =>
      path('M20 16 L29 13 Q36 54 88 66 L91 73 Q86 79 78 81 Q22 84 20 16Z', p.main, p.edge) +
      path('M19 17 L18 9 L27 7 L30 14Z', p.ink) +
      path('M87 66 L93 68 L91 76 L86 77Z', p.ink) +
      stroke('M25 26 Q32 68 82 74', p.shade, 2.4),
  },
  {
    name: 'pear',
    synonyms: ['fruit'],
    draw: (p) =>
      path(
        'M50 22 C62 22 62 38 66 48 C72 60 80 64 78 76 C76 90 62 93 50 93 C38 93 24 90 22 76 C20 64 28 60 34 48 C38 38 38 22 50 22Z',
        p.main,
        p.edge,
      ) +
      stroke('M50 24 Q50 12 56 7', p.tone(WOOD), 4) +
      path('M53 18 Q64 6 78 13 Q70 26 53 18Z', p.tone(LEAF), p.edge) +
      stroke('M31 72 Q31 64 36 58', p.light, 4),
  },
  {
    name: 'cherries',
    synonyms: ['cherry', 'fruit'],
    draw: (p) =>
      stroke('M31 66 Q36 30 62 12', p.tone(LEAF), 4) +
      stroke('M70 70 Q72 36 62 12', p.tone(LEAF), 4) +
      path('M62 13 Q76 2 92 16 Q78 28 62 13Z', p.tone(LEAF), p.edge) +
      circle(30, 70, p.between(18, 21), p.main, p.edge) +
      circle(70, 74, p.between(18, 21), p.main, p.edge) +
      stroke('M20 66 Q21 60 27 58', p.light, 4) +
      stroke('M60 70 Q61 64 67 62', p.light, 4),
  },
  {
    name: 'carrot',
    synonyms: ['vegetable'],
    draw: (p) =>
      group(
        path('M50 36 Q30 12 40 6 Q50 10 50 30 Q50 4 58 3 Q66 10 51 36 Q70 12 76 18 Q78 28 52 38Z', p.tone(LEAF), p.edge) +
          path('M34 36 Q50 28 66 36 Q68 60 50 97 Q32 60 34 36Z', p.main, p.edge) +
          stroke('M35 50 L46 51 M65 58 L55 59 M40 68 L49 69', p.shade, 3),
        `rotate(${p.between(18, 40)} 50 50)`,
      ),
  },
  {
    name: 'cake',
    synonyms: ['birthday cake', 'dessert'],
    draw: (p) =>
      rect(12, 52, 76, 34, p.main, p.edge, 5) +
      path(
        'M12 56 Q12 46 20 46 L80 46 Q88 46 88 56 L88 62 Q82 72 75 62 Q69 74 62 62 Q56 72 50 62 Q44 74 37 62 Q31 72 25 62 Q18 72 12 62Z',
        p.paper,
        p.edge,
      ) +
      rect(6, 86, 88, 5, p.ink, '', 2) +
      [30, 50, 70]
        .map(
          (x) =>
            rect(x - 2.5, 26, 5, 20, p.light, `stroke="${p.ink}" stroke-width="1"`) +
            path(`M${x} 12 Q${x + 6} 20 ${x} 25 Q${x - 6} 20 ${x} 12Z`, p.tone('#f59e0b')),
        )
        .join(''),
  },
  {
    name: 'ice cream',
    synonyms: ['ice cream cone', 'dessert'],
    draw: (p) =>
      path('M28 48 L72 48 L50 97Z', p.tone('#c98f4a'), p.edge) +
      stroke('M36 52 L56 80 M50 52 L62 68 M64 52 L44 80 M50 52 L38 68', p.tone('#8a5a2b'), 2) +
      path('M22 46 Q18 8 50 8 Q82 8 78 46 Q74 56 66 49 Q58 58 50 49 Q42 58 34 49 Q26 56 22 46Z', p.main, p.edge) +
      stroke('M32 36 Q32 22 44 17', p.light, 5),
  },
  {
    name: 'cup',
    synonyms: ['mug', 'coffee cup'],
    draw: (p) =>
      stroke('M68 46 Q90 42 88 58 Q86 72 66 70', p.main, 8) +
      path('M18 36 L72 36 L69 78 Q68 88 58 88 L32 88 Q22 88 21 78Z', p.main, p.edge) +
      ellipse(45, 36, 27, 6, p.shade, p.edge) +
      (p.chance(0.7) ? stroke('M36 25 Q30 18 36 12 Q41 6 37 2 M54 25 Q48 18 54 12 Q59 6 55 2', p.shade, 3.5) : ''),
  },
  {
    name: 'bottle',
    synonyms: ['water bottle'],
    draw: (p) => {
      const top = p.between(42, 47);
      return (
        path(
          `M42 20 L58 20 L58 33 Q70 38 70 ${top + 4} L70 90 Q70 96 64 96 L36 96 Q30 96 30 90 L30 ${top + 4} Q30 38 42 33Z`,
          p.main,
          p.edge,
        ) +
        rect(39, 6, 22, 14, p.ink, '', 2) +
        rect(30, 54, 40, 24, p.paper, p.edge) +
        stroke('M36 62 H58 M36 70 H52', p.shade, 3)
      );
    },
  },
  {
    name: 'wine glass',
    synonyms: ['glass of wine', 'wine', 'alcohol'],
    draw: (p) =>
      path('M28 8 L72 8 Q80 54 50 56 Q20 54 28 8Z', p.paper, `stroke="${p.ink}" stroke-width="2.6"`) +
      path('M26 28 L74 28 Q75 53 50 54 Q25 53 26 28Z', p.main) +
      stroke('M50 56 L50 88', p.ink, 4) +
      path('M28 93 Q50 82 72 93Z', p.ink),
  },
  {
    name: 'beer glass',
    synonyms: ['beer', 'beer mug', 'alcohol'],
    draw: (p) =>
      stroke('M68 42 Q90 38 89 60 Q88 80 68 78', p.paper === '#fbfbf8' ? p.shade : p.ink, 7) +
      path('M18 28 L70 28 L68 92 Q68 95 64 95 L24 95 Q20 95 20 92Z', p.main, p.edge) +
      path(
        'M14 30 Q8 18 20 16 Q22 5 36 9 Q46 2 54 10 Q68 6 70 17 Q80 21 73 31 Q68 40 62 33 L58 33 Q57 48 50 46 Q45 44 46 33 L26 33 Q20 40 14 30Z',
        p.paper,
        `stroke="${p.ink}" stroke-width="2"`,
      ) +
      stroke('M32 50 L33 84 M44 54 L44 84 M56 50 L55 84', p.light, 4),
  },
];
