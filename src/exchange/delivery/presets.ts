import type { RenditionRecipe } from '../../engines/media/rendition-recipe.js';

export interface RenditionPreset {
  /** Stable name, part of the API. */
  key: string;
  title: string;
  channel: 'WEB' | 'SOCIAL' | 'PRINT' | 'PREVIEW';
  recipe: Omit<RenditionRecipe, 'focalPoint'>;
}

const screen = { format: 'WEBP', quality: 82, background: null, colorSpace: 'SRGB', densityDpi: null } as const;
const social = { format: 'JPEG', quality: 88, background: '#ffffff', colorSpace: 'SRGB', densityDpi: null, fit: 'COVER' } as const;
const print = { format: 'TIFF', quality: 100, background: '#ffffff', colorSpace: 'CMYK', densityDpi: 300, fit: 'INSIDE' } as const;

/** The usual formats of each channel. Sizes of social networks as they publish them in 2026; paper sizes at 300 dots per inch. */
export const RENDITION_PRESETS: readonly RenditionPreset[] = [
  { key: 'preview', title: 'Preview', channel: 'PREVIEW', recipe: { ...screen, width: 1024, height: 1024, fit: 'INSIDE' } },
  { key: 'web-small', title: 'Web, 640 pixels wide', channel: 'WEB', recipe: { ...screen, width: 640, height: 2560, fit: 'INSIDE' } },
  { key: 'web-medium', title: 'Web, 1,280 pixels wide', channel: 'WEB', recipe: { ...screen, width: 1280, height: 5120, fit: 'INSIDE' } },
  { key: 'web-large', title: 'Web, 2,560 pixels wide', channel: 'WEB', recipe: { ...screen, width: 2560, height: 7680, fit: 'INSIDE' } },
  {
    key: 'web-hero',
    title: 'Web hero, 16:9',
    channel: 'WEB',
    recipe: { ...screen, format: 'AVIF', quality: 60, width: 1920, height: 1080, fit: 'COVER' },
  },
  { key: 'open-graph', title: 'Link preview (Open Graph)', channel: 'SOCIAL', recipe: { ...social, width: 1200, height: 630 } },
  { key: 'social-square', title: 'Social post, square', channel: 'SOCIAL', recipe: { ...social, width: 1080, height: 1080 } },
  { key: 'social-portrait', title: 'Social post, 4:5', channel: 'SOCIAL', recipe: { ...social, width: 1080, height: 1350 } },
  { key: 'social-story', title: 'Story or reel, 9:16', channel: 'SOCIAL', recipe: { ...social, width: 1080, height: 1920 } },
  { key: 'social-landscape', title: 'Social post, 16:9', channel: 'SOCIAL', recipe: { ...social, width: 1600, height: 900 } },
  { key: 'print-a4', title: 'Print, A4 at 300 dpi', channel: 'PRINT', recipe: { ...print, width: 2480, height: 3508 } },
  { key: 'print-a4-landscape', title: 'Print, A4 landscape at 300 dpi', channel: 'PRINT', recipe: { ...print, width: 3508, height: 2480 } },
  { key: 'print-a5', title: 'Print, A5 at 300 dpi', channel: 'PRINT', recipe: { ...print, width: 1748, height: 2480 } },
];

const BY_KEY = new Map(RENDITION_PRESETS.map((preset) => [preset.key, preset]));

export function findPreset(key: string): RenditionPreset | null {
  return BY_KEY.get(key) ?? null;
}
