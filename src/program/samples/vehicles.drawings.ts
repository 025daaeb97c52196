import type { Drawing, Paint } from './paint.js';
import { circle, group, path, rect, stroke } from './svg-shapes.js';

const GLASS = '#cfe8f7';

function wheel(p: Paint, x: number, y: number, radius: number): string {
  return circle(x, y, radius, p.tone('#1f2328'), `stroke="${p.paper}" stroke-width="1"`) + circle(x, y, radius * 0.45, p.tone('#d5d8dc'));
}

/** Things that travel. */
export const VEHICLE_DRAWINGS: readonly Drawing[] = [
  {
    name: 'car',
    synonyms: ['automobile', 'vehicle'],
    draw: (p) => {
      const roof = p.between(27, 33);
      return (
        path(
          `M6 70 L6 58 Q6 52 14 50 L26 48 L36 ${roof + 3} Q38 ${roof} 43 ${roof} L64 ${roof} Q69 ${roof} 72 ${roof + 4} L82 48 Q94 50 94 60 L94 70 Q94 73 90 73 L10 73 Q6 73 6 70Z`,
          p.main,
          p.edge,
        ) +
        path(`M33 48 L41 ${roof + 5} L51 ${roof + 5} L51 48Z`, p.tone(GLASS)) +
        path(`M55 48 L55 ${roof + 5} L65 ${roof + 5} L75 48Z`, p.tone(GLASS)) +
        wheel(p, 27, 73, 11) +
        wheel(p, 74, 73, 11) +
        stroke('M53 54 H59', p.ink, 2.5) +
        rect(89, 55, 5, 6, p.tone('#ffd34d'), '', 2)
      );
    },
  },
  {
    name: 'bus',
    synonyms: ['coach', 'vehicle'],
    draw: (p) =>
      rect(5, 22, 90, 54, p.main, p.edge, 7) +
      [11, 28, 45, 62].map((x) => rect(x, 31, 14, 16, p.tone(GLASS), `stroke="${p.ink}" stroke-width="1"`, 2)).join('') +
      rect(79, 31, 12, 30, p.tone(GLASS), `stroke="${p.ink}" stroke-width="1"`, 2) +
      rect(5, 55, 70, 5, p.light) +
      wheel(p, 25, 77, 10) +
      wheel(p, 73, 77, 10),
  },
  {
    name: 'truck',
    synonyms: ['lorry', 'delivery truck', 'vehicle'],
    draw: (p) =>
      rect(4, 24, 56, 48, p.main, p.edge, 2) +
      path('M63 40 L80 40 L94 56 L94 74 L63 74Z', p.shade, p.edge) +
      path('M69 45 L78 45 L87 56 L69 56Z', p.tone(GLASS)) +
      rect(4, 72, 90, 4, p.ink) +
      wheel(p, 20, 78, 10) +
      wheel(p, 44, 78, 10) +
      wheel(p, 80, 78, 10),
  },
  {
    name: 'train',
    synonyms: ['steam train', 'locomotive'],
    draw: (p) =>
      rect(60, 18, 32, 52, p.main, p.edge, 2) +
      rect(55, 13, 42, 7, p.shade, p.edge, 2) +
      rect(67, 27, 18, 18, p.tone(GLASS), `stroke="${p.ink}" stroke-width="1.5"`) +
      rect(12, 40, 50, 30, p.main, p.edge, 8) +
      path('M20 41 L17 20 L37 20 L34 41Z', p.ink, `stroke="${p.paper}" stroke-width="1"`) +
      rect(44, 32, 11, 9, p.shade, p.edge, 4) +
      path('M4 82 L14 68 L14 82Z', p.ink) +
      rect(12, 68, 80, 5, p.ink) +
      wheel(p, 24, 80, 9) +
      wheel(p, 46, 80, 9) +
      wheel(p, 77, 77, 13),
  },
  {
    name: 'bicycle',
    synonyms: ['bike'],
    draw: (p) => {
      const tyre = p.tone('#2a2e34') === p.main ? p.main : p.ink;
      return (
        [23, 77]
          .map(
            (x) =>
              `<circle cx="${x}" cy="66" r="19" fill="none" stroke="${tyre}" stroke-width="4.5"/>` +
              stroke(`M${x - 17} 66 H${x + 17} M${x} 49 V83`, tyre, 1),
          )
          .join('') +
        stroke('M23 66 L36 40 L66 40 L48 67 L23 66 M36 40 L48 67 M77 66 L63 30', p.main, 5.5) +
        stroke('M63 30 L70 25 L77 28', p.main, 4.5) +
        stroke('M36 40 L33 31', p.main, 4.5) +
        stroke('M26 30 L41 30', tyre, 6) +
        circle(48, 67, 5, tyre)
      );
    },
  },
  {
    name: 'airplane',
    synonyms: ['plane', 'aeroplane', 'aircraft'],
    draw: (p) =>
      group(
        path(
          'M50 4 Q58 8 58 24 L58 38 L96 62 L96 71 L58 58 L56 80 L68 90 L68 96 L50 91 L32 96 L32 90 L44 80 L42 58 L4 71 L4 62 L42 38 L42 24 Q42 8 50 4Z',
          p.main,
          p.edge,
        ) +
          path('M45 19 Q50 13 55 19 L54 25 L46 25Z', p.tone(GLASS)) +
          stroke('M50 34 L50 78', p.light, 2.5),
        `rotate(${p.between(20, 65)} 50 50)`,
      ),
  },
  {
    name: 'sailboat',
    synonyms: ['boat', 'sailing boat', 'yacht'],
    draw: (p) =>
      stroke('M48 8 L48 74', p.tone('#6b4423'), 4) +
      path('M52 10 Q82 38 86 64 L52 64Z', p.main, p.edge) +
      path('M44 22 L44 64 L16 64 Q34 48 44 22Z', p.light, p.edge) +
      path('M8 72 L92 72 Q86 92 72 92 L28 92 Q14 92 8 72Z', p.shade, p.edge),
  },
  {
    name: 'rocket',
    synonyms: ['spaceship'],
    draw: (p) =>
      group(
        path('M38 76 L50 98 L62 76Z', p.tone('#f59e0b')) +
          path('M33 52 L16 74 L20 82 L38 74Z', p.shade, p.edge) +
          path('M67 52 L84 74 L80 82 L62 74Z', p.shade, p.edge) +
          path('M50 3 Q70 20 70 50 L66 78 L34 78 L30 50 Q30 20 50 3Z', p.main, p.edge) +
          circle(50, 40, 9.5, p.tone(GLASS), `stroke="${p.ink}" stroke-width="3"`) +
          rect(33, 64, 34, 5, p.light),
        `rotate(${p.between(-10, 40)} 50 50)`,
      ),
  },
];
