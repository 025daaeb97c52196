import type { RuleKind, RuleSeverity } from '../../vocabulary/compliance.js';

export interface RuleSetRule {
  key: string;
  title: string;
  kind: RuleKind;
  severity: RuleSeverity;
  parameters: Record<string, unknown>;
  /** Position of the section that it enforces. */
  section: number;
}

/** Sections and rules to start from, in the shape of a guideline in a guideline document. */
export interface RuleSet {
  key: string;
  name: string;
  description: string;
  sections: { title: string; text: string }[];
  rules: RuleSetRule[];
}

const rule = (
  section: number,
  severity: RuleSeverity,
  kind: RuleKind,
  key: string,
  title: string,
  parameters: Record<string, unknown> = {},
): RuleSetRule => ({ key, title, kind, severity, parameters, section });

/** Ready sets. Their numbers are usual ones, meant to be changed: rules are drafted from them, not published. */
export const RULE_SETS: readonly RuleSet[] = [
  {
    key: 'web-basics',
    name: 'Web basics',
    description: 'Pictures for web pages: formats that browsers show, sRGB, moderate files, an alternative text, rights that run.',
    sections: [
      {
        title: 'Files',
        text: 'Pictures for the web are JPEG, PNG, WebP, AVIF or SVG in sRGB, of two megabytes at most, and wide enough for a column.',
      },
      { title: 'Words', text: 'Each picture has a title and an alternative text that says what can be seen.' },
      {
        title: 'Rights',
        text: 'Nothing is shown whose rights have ended. One is renewed or replaced thirty days before its licence ends.',
      },
    ],
    rules: [
      rule(0, 'MAJOR', 'FILE_FORMAT', 'web-format', 'Files are of a type that browsers show', {
        allowed: ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/svg+xml'],
      }),
      rule(0, 'MINOR', 'BYTE_SIZE', 'web-size', 'Files have two megabytes at most', { maxBytes: 2_000_000 }),
      rule(0, 'MAJOR', 'COLOR_ENCODING', 'web-colours', 'Colours are sRGB or grey, eight bits a channel', {
        colorSpaces: ['srgb', 'b-w'],
        maxBits: 8,
      }),
      rule(0, 'MINOR', 'MIN_RESOLUTION', 'web-resolution', 'Pictures are 800 pixels wide or more', { minWidthPx: 800, minHeightPx: 300 }),
      rule(1, 'MINOR', 'ALT_TEXT', 'web-alt-text', 'Each picture has an alternative text'),
      rule(1, 'INFO', 'REQUIRED_METADATA', 'web-title', 'Each picture has a title', { fields: [{ key: 'title' }] }),
      rule(2, 'BLOCKER', 'RIGHTS_EXPIRY', 'web-rights', 'The rights run', { warnDays: 30 }),
    ],
  },
  {
    key: 'print-basics',
    name: 'Print basics',
    description: 'Pictures for offset print: A5 at 300 dpi with bleed, formats and colours for the press, an embedded profile.',
    sections: [
      { title: 'Size', text: 'Pictures fill at least an A5 page with three millimetres of bleed at 300 dpi, upright or across.' },
      {
        title: 'Colours',
        text: 'Files come as TIFF, JPEG, PNG or SVG, with the ICC profile that their colours are meant in and nothing transparent.',
      },
      { title: 'Sharpness', text: 'What looks soft on the screen looks worse on paper.' },
    ],
    rules: [
      rule(0, 'MAJOR', 'MIN_RESOLUTION', 'print-size', 'Pictures fill an A5 page at 300 dpi', {
        print: { widthMm: 148, heightMm: 210, bleedMm: 3, dpi: 300, turned: true },
      }),
      rule(1, 'MAJOR', 'FILE_FORMAT', 'print-format', 'Files are of a type that printers take', {
        allowed: ['image/tiff', 'image/jpeg', 'image/png', 'image/svg+xml'],
      }),
      rule(1, 'MAJOR', 'COLOR_ENCODING', 'print-profile', 'An ICC profile is embedded, and nothing is transparent', {
        iccProfile: 'REQUIRED',
        alpha: 'FORBIDDEN',
      }),
      rule(2, 'MINOR', 'SHARPNESS', 'print-sharpness', 'Pictures are sharp', { minSharpness: 20, reviewBelow: 40 }),
    ],
  },
  {
    key: 'social-channels',
    name: 'Social channels',
    description: 'Posts and stories: formats of the usual networks, texts clear of what they cover, files that they take.',
    sections: [
      {
        title: 'Formats',
        text: 'Posts are square, 4:5, 16:9 or 1.91:1, stories 9:16, pins 2:3, with 1080 pixels on the short side of stories.',
      },
      { title: 'Safe zones', text: 'Texts keep clear of the margins that the networks cover with names, buttons and times.' },
      { title: 'Provenance', text: 'Pictures made by generative models are marked, and looked at by a person.' },
    ],
    rules: [
      rule(0, 'MAJOR', 'ASPECT_RATIO', 'social-ratio', 'Pictures are in a format of the networks', {
        presets: [
          'instagram-square',
          'instagram-portrait',
          'instagram-story',
          'facebook-link',
          'x-post',
          'linkedin-post',
          'pinterest-pin',
          'youtube-thumbnail',
        ],
      }),
      rule(0, 'MAJOR', 'MIN_RESOLUTION', 'social-resolution', 'Pictures have 1080 by 600 pixels or more', {
        minWidthPx: 1080,
        minHeightPx: 600,
      }),
      rule(0, 'MAJOR', 'FILE_FORMAT', 'social-format', 'Files are JPEG or PNG', { allowed: ['image/jpeg', 'image/png'] }),
      rule(0, 'MINOR', 'BYTE_SIZE', 'social-size', 'Files have eight megabytes at most', { maxBytes: 8_000_000 }),
      rule(1, 'MAJOR', 'SAFE_ZONE', 'social-safe-zone', 'Texts keep clear of what the networks cover', {
        presets: ['instagram-story', 'tiktok-video', 'youtube-thumbnail'],
      }),
      rule(2, 'MINOR', 'AI_PROVENANCE', 'social-provenance', 'Pictures of generative models are looked at', { whenUnknown: 'PASS' }),
    ],
  },
  {
    key: 'accessibility',
    name: 'Accessibility',
    description: 'WCAG 2.2, level AA, as far as files tell: alternative texts, contrast of declared texts.',
    sections: [
      {
        title: 'Alternative texts',
        text: 'Each picture has an alternative text of 5 to 250 characters that is not a file name (WCAG 1.1.1).',
      },
      {
        title: 'Contrast',
        text: 'Texts in pictures stand out from their ground by 4.5 to 1 (WCAG 1.4.3). The metadata field textBoxes says where they stand.',
      },
    ],
    rules: [
      rule(0, 'MAJOR', 'ALT_TEXT', 'a11y-alt-text', 'Each picture has an alternative text', { minLength: 5, maxLength: 250 }),
      rule(1, 'MAJOR', 'CONTRAST', 'a11y-contrast', 'Texts in pictures have a contrast of 4.5 to 1', { minRatio: 4.5 }),
    ],
  },
];
