import type { Drawing } from './paint.js';
import { circle, ellipse, group, n, path, rect, stroke } from './svg-shapes.js';

const LEAF = '#3f9b3a';
const WOOD = '#7a4a24';

function ring(count: number, draw: (angle: number) => string): string {
  return Array.from({ length: count }, (_, i) => draw(n((360 / count) * i))).join('');
}

/** Sky, plants and land. */
export const NATURE_DRAWINGS: readonly Drawing[] = [
  {
    name: 'tree',
    synonyms: ['plant'],
    draw: (p) => {
      const trunk = rect(44, 60, 12, 36, p.tone(WOOD), p.edge);
      if (p.chance(0.3)) {
        return trunk + path('M50 4 L74 36 L64 36 L82 58 L70 58 L90 80 L10 80 L30 58 L18 58 L36 36 L26 36Z', p.main, p.edge);
      }
      return (
        trunk +
        path(
          'M50 6 Q66 4 70 17 Q88 20 86 37 Q95 52 80 61 Q72 72 58 66 Q50 72 42 66 Q28 72 20 61 Q5 52 14 37 Q12 20 30 17 Q34 4 50 6Z',
          p.main,
          p.edge,
        ) +
        stroke('M28 40 Q30 30 38 28', p.light, 4) +
        stroke('M58 46 Q68 46 70 38', p.shade, 4)
      );
    },
  },
  {
    name: 'flower',
    synonyms: ['blossom', 'plant'],
    draw: (p) => {
      const petals = p.chance(0.5) ? 6 : 8;
      return (
        stroke('M50 44 L50 97', p.tone(LEAF), 5) +
        path('M50 84 Q30 82 24 66 Q46 64 50 84Z', p.tone(LEAF), p.edge) +
        path('M50 78 Q68 76 76 60 Q54 60 50 78Z', p.tone(LEAF), p.edge) +
        ring(
          petals,
          (angle) =>
            `<ellipse cx="50" cy="17" rx="${petals === 6 ? 11 : 8.5}" ry="14" fill="${p.main}" ${p.edge} transform="rotate(${angle} 50 35)"/>`,
        ) +
        circle(50, 35, 10, p.tone('#f7b500'), `stroke="${p.ink}" stroke-width="1.2"`)
      );
    },
  },
  {
    name: 'sun',
    synonyms: ['sunshine'],
    draw: (p) => {
      const rays = p.chance(0.5) ? 8 : 12;
      return (
        ring(rays, (angle) =>
          group(path(`M${rays === 8 ? 43 : 45} 22 L50 3 L${rays === 8 ? 57 : 55} 22Z`, p.main, p.edge), `rotate(${angle} 50 50)`),
        ) + circle(50, 50, p.between(23, 26), p.main, p.edge)
      );
    },
  },
  {
    name: 'moon',
    synonyms: ['crescent moon', 'crescent'],
    draw: (p) =>
      path(
        `M62 8 Q16 8 14 50 Q16 92 62 92 Q72 92 82 86 Q${p.between(40, 48)} 80 ${p.between(42, 48)} 50 Q46 20 82 14 Q72 8 62 8Z`,
        p.main,
        p.edge,
      ),
  },
  {
    name: 'cloud',
    synonyms: ['weather'],
    draw: (p) =>
      path(`M24 78 Q5 78 6 62 Q7 48 22 47 Q22 ${p.between(22, 28)} 46 25 Q62 18 72 38 Q94 36 95 58 Q95 78 76 78Z`, p.main, p.edge) +
      stroke('M26 54 Q28 40 42 36', p.light, 4),
  },
  {
    name: 'mountain',
    synonyms: ['mountains', 'peak'],
    draw: (p) =>
      path('M44 88 L70 34 L97 88Z', p.shade, p.edge) +
      path('M3 88 L40 14 L78 88Z', p.main, p.edge) +
      path('M40 14 L53 40 L46 36 L41 45 L34 37 L27 40Z', p.paper, p.edge) +
      path('M70 34 L78 50 L71 46 L64 50 L63 48Z', p.paper),
  },
  {
    name: 'leaf',
    synonyms: ['plant'],
    draw: (p) =>
      group(
        stroke('M50 70 L50 97', p.shade, 5) +
          path('M50 4 Q88 32 82 60 Q74 84 50 84 Q26 84 18 60 Q12 32 50 4Z', p.main, p.edge) +
          stroke('M50 20 L50 84 M50 44 L66 32 M50 44 L34 32 M50 62 L71 48 M50 62 L29 48', p.shade, 3),
        `rotate(${p.between(15, 60)} 50 50)`,
      ),
  },
  {
    name: 'cactus',
    synonyms: ['plant'],
    draw: (p) =>
      path(
        'M38 72 L38 24 Q38 8 50 8 Q62 8 62 24 L62 50 L70 50 L70 36 Q70 29 76 29 Q83 29 83 36 L83 52 Q83 62 73 62 L62 62 L62 72Z',
        p.main,
        p.edge,
      ) +
      path('M40 58 L27 58 Q17 58 17 48 L17 34 Q17 28 23 28 Q30 28 30 34 L30 46 L40 46Z', p.main, p.edge) +
      stroke('M46 22 V62 M54 22 V62', p.light, 2.2, 'stroke-dasharray="4 6"') +
      path('M26 70 L74 70 L68 96 L32 96Z', p.tone('#b8632f'), p.edge),
  },
  {
    name: 'mushroom',
    synonyms: ['toadstool'],
    draw: (p) =>
      path('M38 50 L62 50 L66 86 Q66 94 50 94 Q34 94 34 86Z', p.tone('#efe3cd'), p.edge || `stroke="${p.ink}" stroke-width="1.5"`) +
      path('M8 54 Q10 10 50 10 Q90 10 92 54 Q50 64 8 54Z', p.main, p.edge) +
      ellipse(34, 32, 8, 6, p.paper) +
      ellipse(62, 25, 7, 5.5, p.paper) +
      ellipse(70, 45, 7, 5, p.paper) +
      ellipse(46, 48, 6, 4.5, p.paper),
  },
  {
    name: 'star',
    synonyms: ['five-pointed star'],
    draw: (p) => {
      const inner = p.between(17, 21);
      const points = Array.from({ length: 10 }, (_, i) => {
        const radius = i % 2 === 0 ? 46 : inner;
        const angle = (Math.PI / 5) * i - Math.PI / 2;
        return `${n(50 + radius * Math.cos(angle))} ${n(53 + radius * Math.sin(angle))}`;
      });
      return path(`M${points.join(' L')}Z`, p.main, p.edge);
    },
  },
  {
    name: 'heart',
    synonyms: ['love'],
    draw: (p) =>
      path(`M50 91 Q8 60 8 36 Q9 ${p.between(12, 16)} 30 12 Q44 12 50 27 Q56 12 70 12 Q91 14 92 36 Q92 60 50 91Z`, p.main, p.edge) +
      (p.chance(0.4) ? stroke('M19 38 Q19 25 30 23', p.light, 5) : ''),
  },
];
