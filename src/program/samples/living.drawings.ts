import type { Drawing } from './paint.js';
import { circle, ellipse, path, rect, stroke } from './svg-shapes.js';

/** Animals, people and what people wear. */
export const LIVING_DRAWINGS: readonly Drawing[] = [
  {
    name: 'dog',
    synonyms: ['puppy', 'animal'],
    draw: (p) =>
      path('M50 12 Q76 12 76 42 Q78 62 68 74 Q60 90 50 90 Q40 90 32 74 Q22 62 24 42 Q24 12 50 12Z', p.main, p.edge) +
      path('M28 18 Q10 14 8 40 Q8 64 18 66 Q28 64 29 40Z', p.shade, p.edge) +
      path('M72 18 Q90 14 92 40 Q92 64 82 66 Q72 64 71 40Z', p.shade, p.edge) +
      ellipse(50, 70, 18, 16, p.light) +
      circle(39, 44, 4.5, p.ink) +
      circle(61, 44, 4.5, p.ink) +
      ellipse(50, 60, 8, 5.5, p.ink) +
      stroke('M50 64 L50 72 M50 72 Q44 79 39 74 M50 72 Q56 79 61 74', p.ink, 2.6) +
      (p.chance(0.6) ? path('M45 76 L55 76 Q56 89 50 89 Q44 89 45 76Z', p.tone('#ef6a7a')) : ''),
  },
  {
    name: 'cat',
    synonyms: ['kitten', 'animal'],
    draw: (p) =>
      path('M14 8 L38 24 Q50 20 62 24 L86 8 Q90 34 88 54 Q84 88 50 90 Q16 88 12 54 Q10 34 14 8Z', p.main, p.edge) +
      path('M20 18 L32 27 L22 38Z', p.shade) +
      path('M80 18 L68 27 L78 38Z', p.shade) +
      ellipse(35, 50, 6, 8, p.paper) +
      ellipse(65, 50, 6, 8, p.paper) +
      ellipse(35, 50, 2.5, 7, p.ink) +
      ellipse(65, 50, 2.5, 7, p.ink) +
      path('M45 63 L55 63 L50 69Z', p.tone('#ef8a9a')) +
      stroke('M50 69 Q46 77 39 74 M50 69 Q54 77 61 74', p.ink, 2.4) +
      stroke('M32 66 L6 61 M32 71 L7 75 M68 66 L94 61 M68 71 L93 75', p.ink, 1.8),
  },
  {
    name: 'fish',
    synonyms: ['animal'],
    draw: (p) =>
      path('M68 50 L95 24 Q90 50 95 76Z', p.shade, p.edge) +
      path('M34 28 Q50 8 66 28Z', p.shade, p.edge) +
      path('M4 52 Q20 22 48 22 Q66 24 76 50 Q66 76 48 78 Q20 80 4 52Z', p.main, p.edge) +
      circle(22, 45, 5, p.paper) +
      circle(21, 45, 2.6, p.ink) +
      stroke('M34 32 Q42 50 34 70', p.shade, 3) +
      stroke('M48 40 Q54 44 48 50 M60 46 Q65 50 60 56 M48 56 Q54 60 48 66', p.light, 2.6),
  },
  {
    name: 'bird',
    synonyms: ['animal'],
    draw: (p) =>
      stroke('M46 78 L44 95 M56 78 L56 95 M38 95 H48 M50 95 H61', p.tone('#d9861a'), 3) +
      path('M64 60 L97 46 L92 72 L66 76Z', p.shade, p.edge) +
      path('M20 34 Q20 14 38 14 Q54 14 56 32 Q84 40 82 60 Q78 80 52 80 Q20 80 20 34Z', p.main, p.edge) +
      path('M22 28 L4 36 L21 40Z', p.tone('#f59e0b'), p.edge) +
      path('M42 46 Q70 44 72 58 Q60 72 48 64 Q42 58 42 46Z', p.shade) +
      circle(33, 28, 3.6, p.ink),
  },
  {
    name: 'butterfly',
    synonyms: ['insect'],
    draw: (p) =>
      path('M49 46 Q30 6 10 14 Q0 30 14 50 Q28 58 49 52Z', p.main, p.edge) +
      path('M51 46 Q70 6 90 14 Q100 30 86 50 Q72 58 51 52Z', p.main, p.edge) +
      path('M49 52 Q22 54 20 72 Q24 90 38 86 Q48 78 49 58Z', p.shade, p.edge) +
      path('M51 52 Q78 54 80 72 Q76 90 62 86 Q52 78 51 58Z', p.shade, p.edge) +
      circle(23, 31, 6.5, p.light) +
      circle(77, 31, 6.5, p.light) +
      ellipse(50, 54, 4, 24, p.ink) +
      stroke('M49 31 Q44 16 36 12 M51 31 Q56 16 64 12', p.ink, 2),
  },
  {
    name: 'person',
    synonyms: ['man', 'woman', 'people'],
    draw: (p) => {
      const skin = p.tone(p.chance(0.5) ? '#e8b48c' : '#8d5a3b');
      const hair = p.chance(0.5)
        ? path('M36 18 Q36 3 50 3 Q64 3 64 18 Q50 10 36 18Z', p.ink)
        : path('M35 34 Q32 3 50 3 Q68 3 65 34 L60 34 L61 16 Q50 10 39 16 L40 34Z', p.ink);
      return (
        stroke('M42 66 L40 94 M58 66 L60 94', p.tone('#39424e'), 10) +
        stroke('M32 44 L24 66 M68 44 L76 66', skin, 7) +
        path('M32 38 Q50 30 68 38 L76 54 L68 58 L65 52 L65 72 L35 72 L35 52 L32 58 L24 54Z', p.main, p.edge) +
        circle(50, 20, 13, skin, p.edge) +
        hair
      );
    },
  },
  {
    name: 'shoe',
    synonyms: ['sneaker', 'trainers', 'footwear'],
    draw: (p) =>
      path('M8 32 Q16 26 22 34 Q32 42 44 28 L52 30 L66 50 Q94 54 95 68 L95 74 L8 74Z', p.main, p.edge) +
      path('M6 73 L96 73 Q97 84 88 84 L14 84 Q6 84 6 73Z', p.paper, `stroke="${p.ink}" stroke-width="2"`) +
      stroke('M46 40 L57 34 M51 47 L61 41 M56 54 L66 48', p.paper, 3) +
      stroke('M14 60 Q36 70 52 58', p.light, 5),
  },
  {
    name: 'shirt',
    synonyms: ['t-shirt', 'clothing', 'clothes'],
    draw: (p) =>
      path('M34 12 L8 26 L16 48 L28 43 L28 90 L72 90 L72 43 L84 48 L92 26 L66 12 Q50 26 34 12Z', p.main, p.edge) +
      stroke('M34 12 Q50 26 66 12', p.shade, 4) +
      stroke('M28 43 L28 36 M72 43 L72 36', p.shade, 2.5) +
      (p.chance(0.35) ? rect(28, 52, 44, 9, p.light) : ''),
  },
  {
    name: 'hat',
    synonyms: ['sun hat', 'headwear'],
    draw: (p) =>
      ellipse(50, 70, 46, 13, p.main, p.edge) +
      path('M24 68 Q24 24 40 22 Q50 28 60 22 Q76 24 76 68 Q50 80 24 68Z', p.main, p.edge) +
      path('M24 56 Q50 68 76 56 L76 67 Q50 79 24 67Z', p.ink),
  },
  {
    name: 'glasses',
    synonyms: ['spectacles', 'eyeglasses'],
    draw: (p) => {
      const lens = p.between(19, 21);
      return (
        ['27', '73'].map((x) => `<circle cx="${x}" cy="54" r="${lens}" fill="${p.paper}" stroke="${p.main}" stroke-width="7"/>`).join('') +
        stroke('M46 50 Q50 44 54 50', p.main, 6) +
        stroke('M8 48 L4 34 M92 48 L96 34', p.main, 5.5) +
        stroke('M19 56 L29 44 M65 56 L75 44', p.light, 2.6)
      );
    },
  },
];
