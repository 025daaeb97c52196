// The same rules asset by asset in TypeScript's way: read an asset's facts, judge it in JavaScript, write its findings. What bench/compliance.js
// measures set-based judging against; verdicts have to be the same.
import { CHANNEL_PRESETS } from '../../dist/judging/rules/channel-presets.js';
import { sql } from '../../dist/platform/database/sql.js';
import { labOfHex } from '../../dist/engines/pixels/color.js';

const DAY = 86_400_000;

export async function loadRoom(tx, organizationId, brandId, modelId) {
  const rules = await tx.query(
    sql`SELECT id, kind, severity, revision, parameters FROM rule WHERE organization_id = ${organizationId}::uuid ORDER BY key`,
  );
  const palette = await tx.query(
    sql`SELECT lab_l, lab_a, lab_b FROM brand_color WHERE organization_id = ${organizationId}::uuid AND brand_id = ${brandId}::uuid ORDER BY position`,
  );
  const texts = await tx.query(
    sql`SELECT text, vector::text AS vector FROM text_embedding WHERE organization_id = ${organizationId}::uuid AND model_revision_id = ${modelId}`,
  );
  const [model] = await tx.query(sql`SELECT logit_scale FROM model_revision WHERE id = ${modelId}`);
  const named = rules.flatMap(({ parameters }) => [...(parameters.approved ?? []), ...(parameters.rejected ?? [])]);
  const exemplars = await tx.query(sql`SELECT a.id, a.external_id, e.vector::text AS vector FROM asset a JOIN asset_embedding e
    ON e.organization_id = a.organization_id AND e.version_id = a.current_version_id AND e.model_revision_id = ${modelId} WHERE a.organization_id = ${organizationId}::uuid AND a.external_id = ANY(${named}::text[])`);
  return {
    organizationId,
    brandId,
    modelId,
    rules,
    palette,
    logitScale: model.logit_scale,
    texts: new Map(texts.map((row) => [row.text, Float64Array.from(JSON.parse(row.vector))])),
    exemplars: new Map(exemplars.map((row) => [row.external_id, { id: row.id, vector: Float64Array.from(JSON.parse(row.vector)) }])),
  };
}

/** @returns verdict by rule id */
export async function judgeAsset(tx, room, assetId, now) {
  const { organizationId, modelId } = room;
  const [asset] =
    await tx.query(sql`SELECT a.*, v.has_alpha, v.color_space, v.bit_depth, v.has_icc_profile, v.icc_profile, v.sharpness, v.exposure, v.shadow_share,
    v.highlight_share, v.luminance_grid, v.digital_source_type, v.perceptual_hash, v.pixel_hash, v.facts_revision FROM asset a JOIN asset_version v
    ON v.organization_id = a.organization_id AND v.id = a.current_version_id WHERE a.organization_id = ${organizationId}::uuid AND a.id = ${assetId}::uuid`);
  asset.colors = await tx.query(
    sql`SELECT lab_l, lab_a, lab_b, share FROM version_color WHERE organization_id = ${organizationId}::uuid AND version_id = ${asset.current_version_id}::uuid`,
  );
  const [embedding] = await tx.query(
    sql`SELECT vector::text AS vector FROM asset_embedding WHERE organization_id = ${organizationId}::uuid AND model_revision_id = ${modelId} AND version_id = ${asset.current_version_id}::uuid`,
  );
  asset.vector = Float64Array.from(JSON.parse(embedding.vector));
  asset.alike =
    await tx.query(sql`SELECT a.id, a.created_at, v.perceptual_hash, v.pixel_hash FROM asset_version v JOIN asset a ON a.organization_id = v.organization_id AND a.id = v.asset_id
    WHERE v.organization_id = ${organizationId}::uuid AND (substr(v.perceptual_hash, 1, 4) = ${asset.perceptual_hash.slice(0, 4)} OR substr(v.perceptual_hash, 5, 4) = ${asset.perceptual_hash.slice(4, 8)}
      OR substr(v.perceptual_hash, 9, 4) = ${asset.perceptual_hash.slice(8, 12)} OR substr(v.perceptual_hash, 13, 4) = ${asset.perceptual_hash.slice(12, 16)})`);
  const verdicts = new Map();
  for (const rule of room.rules) {
    const verdict = JUDGES[rule.kind](asset, rule.parameters, room, now);
    verdicts.set(rule.id, verdict);
    await tx.execute(sql`INSERT INTO finding (organization_id, version_id, rule_id, asset_id, brand_id, severity, rule_revision, verdict, checker_verdict, message)
      VALUES (${organizationId}::uuid, ${asset.current_version_id}::uuid, ${rule.id}::uuid, ${assetId}::uuid, ${room.brandId}::uuid, ${rule.severity}, ${rule.revision}, ${verdict}, ${verdict}, 'baseline')
      ON CONFLICT (organization_id, version_id, rule_id) DO UPDATE SET verdict = EXCLUDED.verdict, checker_verdict = EXCLUDED.checker_verdict, message = EXCLUDED.message, judged_at = now()`);
  }
  return verdicts;
}

const passIf = (kept) => (kept ? 'PASS' : 'FAIL');
const linear = (grey) => (grey <= 10.31475 ? grey / 255 / 12.92 : ((grey / 255 + 0.055) / 1.055) ** 2.4);
const ratioOf = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const cosine = (a, b) => {
  let dot = 0,
    one = 0,
    two = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    one += a[i] * a[i];
    two += b[i] * b[i];
  }
  return dot / Math.sqrt(one * two);
};
const list = (text) =>
  text?.trim()
    ? text
        .trim()
        .toLowerCase()
        .split(/\s*[,;]\s*/)
    : null;

const JUDGES = {
  PALETTE(asset, p, { palette }) {
    let brand = 0,
      neutral = 0;
    const intruders = p.forbidden.map(() => 0);
    for (const c of asset.colors) {
      const nearest = Math.min(...palette.map((b) => ciede2000(c, b)));
      if (nearest <= p.maxDeltaE) brand += c.share;
      else if (Math.hypot(c.lab_a, c.lab_b) <= p.neutralMaxChroma) neutral += c.share;
      for (const [i, f] of p.forbidden.entries()) {
        const { L, a, b } = labOfHex(f.color);
        if (ciede2000(c, { lab_l: L, lab_a: a, lab_b: b }) <= f.maxDeltaE) intruders[i] += c.share;
      }
    }
    if (intruders.some((share, i) => share > p.forbidden[i].maxShare + 1e-6)) return 'FAIL';
    return passIf(brand + Math.min(neutral, p.neutralAllowance) >= p.minShare - 1e-6);
  },
  CONTRAST(asset, p) {
    let worst = 1;
    for (const o of p.overlays) {
      const [r, g, b] = [1, 3, 5].map((at) => linear(Number.parseInt(o.textColor.slice(at, at + 2), 16)));
      const text = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      let kept = 0,
        all = 0;
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++) {
          const across = Math.min(o.left + o.width, (x + 1) / 16) - Math.max(o.left, x / 16);
          const down = Math.min(o.top + o.height, (y + 1) / 16) - Math.max(o.top, y / 16);
          if (across <= 0 || down <= 0) continue;
          const [lo, hi] = [linear(asset.luminance_grid[2 * (16 * y + x)]), linear(asset.luminance_grid[2 * (16 * y + x) + 1])];
          all += across * down;
          if (!(lo <= text && text <= hi) && Math.min(ratioOf(text, lo), ratioOf(text, hi)) >= p.minRatio) kept += across * down;
        }
      worst = Math.min(worst, kept / all);
    }
    return passIf(worst >= p.minShare - 1e-9);
  },
  MIN_RESOLUTION(asset, p) {
    const px = (mm) => (p.print ? Math.ceil(((mm + 2 * p.print.bleedMm) / 25.4) * p.print.dpi) : 0);
    const width = Math.max(p.minWidthPx ?? 0, px(p.print?.widthMm)),
      height = Math.max(p.minHeightPx ?? 0, px(p.print?.heightMm));
    return passIf((asset.width >= width && asset.height >= height) || (p.print?.turned && asset.height >= width && asset.width >= height));
  },
  ASPECT_RATIO: (asset, p) =>
    passIf(
      CHANNEL_PRESETS.some(
        ({ key, width, height }) =>
          p.presets.includes(key) && Math.abs(asset.width / asset.height / (width / height) - 1) <= p.tolerance + 1e-9,
      ),
    ),
  FILE_FORMAT: (asset, p) => passIf(p.allowed.includes(asset.media_type)),
  BYTE_SIZE: (asset, p) => passIf(asset.byte_size >= (p.minBytes ?? 0) && asset.byte_size <= (p.maxBytes ?? Infinity)),
  COLOR_ENCODING: (asset, p) =>
    passIf(
      (!p.colorSpaces || p.colorSpaces.includes(asset.color_space)) &&
        (p.iccProfile !== 'REQUIRED' || asset.has_icc_profile) &&
        (p.alpha !== 'FORBIDDEN' || !asset.has_alpha) &&
        asset.bit_depth <= (p.maxBits ?? 64),
    ),
  SHARPNESS: (asset, p) => (asset.sharpness < p.minSharpness ? 'FAIL' : asset.sharpness < p.reviewBelow ? 'NEEDS_REVIEW' : 'PASS'),
  EXPOSURE: (asset, p) =>
    passIf(
      asset.exposure >= p.minMean &&
        asset.exposure <= p.maxMean &&
        asset.shadow_share <= p.maxShadowShare &&
        asset.highlight_share <= p.maxHighlightShare,
    ),
  ALT_TEXT(asset, p) {
    const text = (asset.alt_text ?? '').trim();
    return passIf(text !== '' && !/^img_\d+$/i.test(text) && text.length >= p.minLength && text.length <= p.maxLength);
  },
  REQUIRED_METADATA: (asset, p) =>
    passIf(
      p.fields.every(({ key, allowed }) => {
        const value = String(asset.metadata[key] ?? '').trim();
        return value !== '' && (!allowed || allowed.includes(value));
      }),
    ),
  RIGHTS_EXPIRY(asset, p, _, now) {
    if (p.requireLicense && !asset.rights_license?.trim()) return 'FAIL';
    const ends = Date.parse(asset.rights_expires_on) + DAY;
    if (now >= ends || now < Date.parse(asset.rights_starts_on)) return 'FAIL';
    return now >= ends - p.warnDays * DAY ? 'NEEDS_REVIEW' : 'PASS';
  },
  USAGE_RIGHTS(asset, p, _, now) {
    if (now >= Date.parse(asset.rights_expires_on) + DAY || now < Date.parse(asset.rights_starts_on)) return 'FAIL';
    const places = list(asset.metadata.rightsTerritories),
      channels = list(asset.metadata.rightsChannels);
    return passIf(
      (places.includes('worldwide') || p.territories.every((x) => places.includes(x))) && p.channels.every((x) => channels.includes(x)),
    );
  },
  DUPLICATE(asset, p) {
    const bits = (text) => [...text].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');
    const own = bits(asset.perceptual_hash);
    return passIf(
      !asset.alike.some((other) => {
        const older = other.created_at < asset.created_at || (+other.created_at === +asset.created_at && other.id < asset.id);
        const theirs = bits(other.perceptual_hash);
        let distance = 0;
        for (let i = 0; i < 64; i++) if (own[i] !== theirs[i]) distance++;
        return other.id !== asset.id && older && distance <= p.maxDistance;
      }),
    );
  },
  AI_PROVENANCE: (asset, p) =>
    asset.digital_source_type === null ? p.whenUnknown : passIf(!p.forbidden.includes(asset.digital_source_type)),
  PROHIBITED_CONTENT(asset, p, room) {
    const most = Math.max(...p.concepts.map((concept) => probabilityOf(asset, concept, room)));
    return most >= p.failAt ? 'FAIL' : most >= p.reviewAt ? 'NEEDS_REVIEW' : 'PASS';
  },
  REQUIRED_CONTENT(asset, p, room) {
    const least = Math.min(...p.concepts.map((concept) => probabilityOf(asset, concept, room)));
    return least >= p.passAt ? 'PASS' : least >= p.reviewAt ? 'NEEDS_REVIEW' : 'FAIL';
  },
  STYLE(asset, p, { exemplars }) {
    const nearest = (names) =>
      Math.max(
        ...names.flatMap((name) => {
          const x = exemplars.get(name);
          return x && x.id !== asset.id ? [cosine(asset.vector, x.vector)] : [];
        }),
      );
    const margin = nearest(p.approved) - nearest(p.rejected);
    return margin <= p.failMargin ? 'FAIL' : margin < p.passMargin ? 'NEEDS_REVIEW' : 'PASS';
  },
};

function probabilityOf(asset, { prompts, counterPrompts }, { texts, logitScale }) {
  const best = Math.max(...prompts.map((text) => cosine(asset.vector, texts.get(text))));
  const rivals = counterPrompts.reduce((sum, text) => sum + Math.exp(logitScale * cosine(asset.vector, texts.get(text))), 0);
  return 1 / (1 + rivals * Math.exp(-logitScale * best));
}

/** Sharma, Wu, Dalal (2005), as the SQL function. */
function ciede2000({ lab_l: l1, lab_a: a1, lab_b: b1 }, { lab_l: l2, lab_a: a2, lab_b: b2 }) {
  const deg = Math.PI / 180;
  const mean7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const stretch = 1 + 0.5 * (1 - Math.sqrt(mean7 / (mean7 + 6103515625)));
  const sa1 = stretch * a1,
    sa2 = stretch * a2,
    c1 = Math.hypot(sa1, b1),
    c2 = Math.hypot(sa2, b2);
  const hue = (b, a, c) => {
    const h = c === 0 ? 0 : Math.atan2(b, a) / deg;
    return h < 0 ? h + 360 : h;
  };
  const h1 = hue(b1, sa1, c1),
    h2 = hue(b2, sa2, c2);
  let dh = h2 - h1,
    h = h1 + h2;
  if (c1 * c2 === 0) dh = 0;
  else {
    if (Math.abs(dh) > 180) {
      dh -= 360 * Math.sign(dh);
      h = h < 360 ? h + 360 : h - 360;
    }
    h /= 2;
  }
  const c = (c1 + c2) / 2,
    c7 = c ** 7,
    off = ((l1 + l2) / 2 - 50) ** 2;
  const cos = (x) => Math.cos(x * deg);
  const t = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
  const el = (l2 - l1) / (1 + (0.015 * off) / Math.sqrt(20 + off)),
    ec = (c2 - c1) / (1 + 0.045 * c);
  const eh = (2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * deg)) / (1 + 0.015 * c * t);
  return Math.sqrt(
    Math.max(
      0,
      el * el +
        ec * ec +
        eh * eh -
        Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * deg) * 2 * Math.sqrt(c7 / (c7 + 6103515625)) * ec * eh,
    ),
  );
}
