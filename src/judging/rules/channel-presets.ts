/** Margins of a picture, as shares (0 to 1) of its width and height, that a channel covers or cuts off. */
export interface SafeZone {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface ChannelPreset {
  /** What rules name it by. Its numbers never change: other numbers are another key, so that a rule keeps its meaning. */
  key: string;
  name: string;
  medium: 'SOCIAL' | 'WEB' | 'PRINT';
  /** Usual size; pixels, or millimetres for print. Rules compare the ratio of the two. */
  width: number;
  height: number;
  safeZone: SafeZone;
}

const whole: SafeZone = { top: 0, right: 0, bottom: 0, left: 0 };
const inset = (share: number): SafeZone => ({ top: share, right: share, bottom: share, left: share });
const preset = (key: string, name: string, medium: ChannelPreset['medium'], width: number, height: number, safeZone = whole) => ({
  ...{ key, name, medium, width, height, safeZone },
});

/**
 * Usual formats. Sizes and safe zones of social networks as their help pages for advertisers gave them in 2025 (rounded outwards where
 * they give pixels); print sizes after ISO 216 and ISO 7810, with 3 mm inside the trim kept free.
 */
export const CHANNEL_PRESETS: readonly ChannelPreset[] = [
  preset('instagram-square', 'Instagram post, square', 'SOCIAL', 1080, 1080),
  preset('instagram-portrait', 'Instagram post, 4:5', 'SOCIAL', 1080, 1350),
  preset('instagram-story', 'Instagram story or reel, 9:16', 'SOCIAL', 1080, 1920, { top: 0.14, right: 0.06, bottom: 0.2, left: 0.06 }),
  preset('facebook-link', 'Facebook link picture, 1.91:1', 'SOCIAL', 1200, 628),
  preset('facebook-cover', 'Facebook cover, cut at the sides on phones', 'SOCIAL', 851, 315, {
    top: 0.04,
    right: 0.12,
    bottom: 0.04,
    left: 0.12,
  }),
  preset('x-post', 'X post, 16:9', 'SOCIAL', 1600, 900),
  preset('x-header', 'X header, 3:1', 'SOCIAL', 1500, 500, { top: 0.12, right: 0.02, bottom: 0.12, left: 0.02 }),
  preset('linkedin-post', 'LinkedIn post, 1.91:1', 'SOCIAL', 1200, 627),
  preset('linkedin-banner', 'LinkedIn profile banner, 4:1', 'SOCIAL', 1584, 396),
  preset('pinterest-pin', 'Pinterest pin, 2:3', 'SOCIAL', 1000, 1500),
  preset('tiktok-video', 'TikTok, 9:16', 'SOCIAL', 1080, 1920, { top: 0.07, right: 0.13, bottom: 0.2, left: 0.06 }),
  preset('youtube-thumbnail', 'YouTube thumbnail, the time stands below right', 'SOCIAL', 1280, 720, {
    top: 0,
    right: 0,
    bottom: 0.12,
    left: 0,
  }),
  preset('open-graph', 'Link preview (Open Graph), 1.91:1', 'WEB', 1200, 630, inset(0.05)),
  preset('hero-16-9', 'Hero picture, 16:9', 'WEB', 1920, 1080),
  preset('hero-21-9', 'Wide hero picture, 21:9', 'WEB', 2520, 1080),
  preset('card-4-3', 'Card, 4:3', 'WEB', 1200, 900),
  preset('square', 'Square, 1:1', 'WEB', 1000, 1000),
  preset('iab-leaderboard', 'Display advertisement 728 × 90', 'WEB', 728, 90),
  preset('iab-medium-rectangle', 'Display advertisement 300 × 250', 'WEB', 300, 250),
  preset('iab-skyscraper', 'Display advertisement 160 × 600', 'WEB', 160, 600),
  preset('iab-billboard', 'Display advertisement 970 × 250', 'WEB', 970, 250),
  preset('a4-portrait', 'A4 upright', 'PRINT', 210, 297, { top: 0.011, right: 0.015, bottom: 0.011, left: 0.015 }),
  preset('a4-landscape', 'A4 across', 'PRINT', 297, 210, { top: 0.015, right: 0.011, bottom: 0.015, left: 0.011 }),
  preset('a5-portrait', 'A5 upright', 'PRINT', 148, 210, { top: 0.015, right: 0.021, bottom: 0.015, left: 0.021 }),
  preset('postcard', 'Postcard A6 across', 'PRINT', 148, 105, { top: 0.029, right: 0.021, bottom: 0.029, left: 0.021 }),
  preset('business-card', 'Business card 85 × 55 mm', 'PRINT', 85, 55, { top: 0.055, right: 0.036, bottom: 0.055, left: 0.036 }),
  preset('photo-3-2', 'Photograph 3:2', 'PRINT', 150, 100),
];
