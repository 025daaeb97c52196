import type { Drawing } from './paint.js';
import { circle, group, path, rect, stroke } from './svg-shapes.js';

/** Devices, stationery, and what a brand may forbid. */
export const THING_DRAWINGS: readonly Drawing[] = [
  {
    name: 'book',
    synonyms: ['open book', 'reading'],
    draw: (p) =>
      p.chance(0.5)
        ? path('M4 24 Q28 16 50 26 Q72 16 96 24 L96 84 Q72 76 50 86 Q28 76 4 84Z', p.main, p.edge) +
          path('M10 22 Q30 15 50 25 L50 79 Q30 69 10 75Z', p.paper, `stroke="${p.ink}" stroke-width="1.5"`) +
          path('M90 22 Q70 15 50 25 L50 79 Q70 69 90 75Z', p.paper, `stroke="${p.ink}" stroke-width="1.5"`) +
          stroke(
            'M18 34 Q30 30 42 35 M18 46 Q30 42 42 47 M18 58 Q30 54 42 59 M82 34 Q70 30 58 35 M82 46 Q70 42 58 47 M82 58 Q70 54 58 59',
            p.main,
            2.4,
          )
        : path('M20 14 Q20 6 28 6 L82 6 L82 94 L28 94 Q20 94 20 86Z', p.main, p.edge) +
          rect(26, 80, 56, 10, p.paper, `stroke="${p.ink}" stroke-width="1.2"`) +
          rect(38, 20, 34, 6, p.light, '', 2) +
          rect(38, 32, 24, 5, p.light, '', 2) +
          stroke('M30 7 V80', p.shade, 3),
  },
  {
    name: 'pencil',
    synonyms: ['crayon', 'pen'],
    draw: (p) =>
      group(
        rect(41, 8, 18, 10, p.tone('#f0a0a8'), p.edge, 3) +
          rect(41, 17, 18, 6, p.tone('#c3c8cf')) +
          rect(41, 22, 18, 50, p.main, p.edge) +
          stroke('M47 24 V70 M53 24 V70', p.shade, 1.6) +
          path('M41 72 L59 72 L50 95Z', p.tone('#efcf9f'), p.edge) +
          path('M46.5 86 L53.5 86 L50 95Z', p.ink),
        `rotate(${p.between(25, 60)} 50 50)`,
      ),
  },
  {
    name: 'phone',
    synonyms: ['smartphone', 'mobile phone'],
    draw: (p) =>
      rect(27, 4, 46, 92, p.main, p.edge, 8) +
      rect(32, 14, 36, 68, p.paper, `stroke="${p.ink}" stroke-width="1.2"`, 2) +
      stroke('M44 9 H56', p.ink, 2.6) +
      circle(50, 89, 3.6, p.ink) +
      [20, 36, 52].map((y) => rect(37, y, 11, 11, p.light, '', 2) + rect(52, y, 11, 11, p.shade, '', 2)).join(''),
  },
  {
    name: 'laptop',
    synonyms: ['computer', 'notebook computer'],
    draw: (p) =>
      rect(17, 18, 66, 48, p.main, p.edge, 4) +
      rect(22, 23, 56, 38, p.paper, `stroke="${p.ink}" stroke-width="1.5"`) +
      stroke('M29 32 H54 M29 41 H66 M29 50 H46', p.shade, 3.4) +
      path('M16 67 L84 67 L97 82 Q97 86 92 86 L8 86 Q3 86 3 82Z', p.main, p.edge) +
      path('M22 71 L78 71 L81 76 L19 76Z', p.ink),
  },
  {
    name: 'camera',
    synonyms: ['photo camera'],
    draw: (p) =>
      path('M34 28 L39 17 L61 17 L66 28Z', p.shade, p.edge) +
      rect(6, 26, 88, 58, p.main, p.edge, 8) +
      circle(50, 55, 23, p.paper, `stroke="${p.ink}" stroke-width="2"`) +
      circle(50, 55, 17, p.ink) +
      circle(50, 55, 9, p.shade) +
      circle(45, 50, 3.5, p.paper) +
      rect(76, 33, 11, 7, p.paper, '', 2) +
      rect(13, 20, 13, 7, p.ink, '', 2),
  },
  {
    name: 'envelope',
    synonyms: ['letter', 'mail'],
    draw: (p) =>
      rect(6, 22, 88, 58, p.main, p.edge, 3) + stroke('M8 78 L40 50 M92 78 L60 50', p.shade, 3) + stroke('M8 25 L50 58 L92 25', p.ink, 3.4),
  },
  {
    name: 'headphones',
    synonyms: ['headset', 'earphones'],
    draw: (p) =>
      stroke('M17 62 L17 52 Q18 14 50 13 Q82 14 83 52 L83 62', p.ink, 10) +
      stroke('M17 62 L17 52 Q18 14 50 13 Q82 14 83 52 L83 62', p.main, 6) +
      rect(9, 54, 20, 36, p.main, p.edge, 8) +
      rect(71, 54, 20, 36, p.main, p.edge, 8) +
      rect(25, 58, 8, 28, p.ink, '', 3) +
      rect(67, 58, 8, 28, p.ink, '', 3),
  },
  {
    name: 'guitar',
    synonyms: ['music', 'instrument'],
    draw: (p) =>
      group(
        rect(46, 8, 8, 50, p.tone('#5b3a1e'), p.edge) +
          path('M43 2 L57 2 L55 13 L45 13Z', p.ink) +
          path('M50 46 Q70 44 67 57 Q62 64 70 70 Q78 82 68 92 Q50 102 32 92 Q22 82 30 70 Q38 64 33 57 Q30 44 50 46Z', p.main, p.edge) +
          circle(50, 68, 8, p.ink) +
          rect(40, 84, 20, 4, p.ink) +
          stroke('M48.5 12 V84 M51.5 12 V84', p.paper, 0.9),
        `rotate(${p.between(15, 45)} 50 50)`,
      ),
  },
  {
    name: 'ball',
    synonyms: ['beach ball', 'toy ball'],
    draw: (p) =>
      group(
        circle(50, 50, 43, p.main) +
          path('M50 7 A56 56 0 0 0 50 93Z', p.paper) +
          path('M50 7 A56 56 0 0 1 50 93 A43 43 0 0 0 50 7Z', p.paper) +
          stroke('M50 7 A56 56 0 0 0 50 93 M50 7 V93 M50 7 A56 56 0 0 1 50 93', p.shade, 1.6) +
          circle(50, 50, 43, 'none', p.edge || `stroke="${p.shade}" stroke-width="2"`) +
          circle(50, 10, 5, p.shade),
        `rotate(${p.between(-40, 40)} 50 50)`,
      ),
  },
  {
    name: 'cigarette',
    synonyms: ['smoking', 'tobacco'],
    draw: (p) =>
      stroke('M84 44 Q76 34 84 26 Q92 18 84 6', p.tone('#9aa0a8'), 4) +
      stroke('M74 42 Q67 34 73 28 Q80 20 74 12', p.tone('#9aa0a8'), 3) +
      group(
        rect(26, 52, 60, 15, p.tone('#fdfdfb'), `stroke="${p.tone('#6b7078')}" stroke-width="1.8"`) +
          rect(5, 52, 26, 15, p.main, `stroke="${p.tone('#6b7078')}" stroke-width="1.8"`) +
          rect(82, 52, 12, 15, p.tone('#44484f'), '', 2) +
          rect(79, 52, 4.5, 15, p.tone('#f04a1d')),
        `rotate(${p.between(-14, 4)} 50 60)`,
      ),
  },
  {
    name: 'knife',
    synonyms: ['blade', 'kitchen knife'],
    draw: (p) =>
      group(
        path(
          'M4 52 Q20 38 62 40 L62 60 L22 60 Q10 58 4 52Z',
          p.tone('#d5dae0'),
          `stroke="${p.tone('#43484f')}" stroke-width="2" stroke-linejoin="round"`,
        ) +
          stroke('M14 54 Q34 44 58 46', p.paper, 1.8) +
          rect(61, 37, 5, 26, p.ink, '', 2) +
          path('M65 41 L90 40 Q97 42 95 52 Q94 60 88 60 L65 59Z', p.main, p.edge) +
          circle(73, 50, 2.2, p.ink) +
          circle(85, 50, 2.2, p.ink),
        `rotate(${p.between(-40, 40)} 50 50)`,
      ),
  },
  {
    name: 'gun',
    synonyms: ['pistol', 'handgun', 'weapon'],
    draw: (p) =>
      path('M5 26 L86 26 Q88 22 92 22 L94 30 L94 46 L86 49 Q88 66 95 88 L70 92 Q62 70 63 54 L58 53 L5 46Z', p.main, p.edge) +
      stroke('M61 54 Q62 70 46 69 Q37 67 40 51', p.ink, 4) +
      stroke('M50 54 Q48 60 51 63', p.ink, 3) +
      stroke('M8 38 H90', p.shade, 2.4) +
      stroke('M76 29 V35 M81 29 V35 M86 29 V35', p.ink, 2) +
      rect(9, 21, 5, 6, p.ink) +
      path('M71 58 L84 56 Q86 68 90 82 L76 85 Q71 70 71 58Z', p.shade),
  },
];
