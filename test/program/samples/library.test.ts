import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { parseAssetFields } from '../../../src/library/assets/asset-fields.js';
import { readGuidelineDocument } from '../../../src/judging/guidelines/guideline-reader.js';
import { RULE_KINDS, type RuleKind } from '../../../src/program/samples/brand.types.js';
import { SAMPLE_BRANDS } from '../../../src/program/samples/brands.js';
import { toHex } from '../../../src/program/samples/colours.js';
import { type SampleLibrary, writeSampleLibrary } from '../../../src/program/samples/library.js';
import { createRandom } from '../../../src/program/samples/random.js';
import { drawSample } from '../../../src/program/samples/sample-drawing.js';
import { planBrand } from '../../../src/program/samples/sample-plan.js';
import { ciede2000, hexToLab, measurePaletteShares } from './support/palette-share.js';

interface ManifestLine {
  file: string;
  externalId: string;
  title: string;
  altText: string | null;
  brand: string;
  kind: string;
  tags: string[];
  collection: string;
  rights: { startsOn: string; expiresOn: string };
}
interface TruthLine {
  file: string;
  brand: string;
  kind: string;
  format: string;
  width: number | null;
  height: number | null;
  layout: string;
  objects: string[];
  colours: string[];
  violations: RuleKind[];
  expected: Record<RuleKind, string>;
}

const hashOf = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

async function hashFolder(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashes = await Promise.all(
    files.sort().map(async (file) => [file.slice(folder.length + 1), hashOf(await readFile(file))] as const),
  );
  return new Map(hashes);
}

describe('the sample library', () => {
  let root: string;
  let library: SampleLibrary;
  let manifest: ManifestLine[];
  let truth: TruthLine[];
  const progress: { done: number; total: number }[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'vitrine-samples-'));
    library = await writeSampleLibrary(join(root, 'first'), { onProgress: (step) => progress.push(step) });
    manifest = (await readFile(library.manifestFile, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ManifestLine);
    truth = (JSON.parse(await readFile(library.truthFile, 'utf8')) as { files: TruthLine[] }).files;
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const brandOf = (key: string) => SAMPLE_BRANDS.find((brand) => brand.key === key)!;

  it('has at least 240 files of two brands and nothing beside manifest, brands and truth', async () => {
    const onDisk = await hashFolder(library.folder);
    expect(manifest.length).toBeGreaterThanOrEqual(240);
    expect(manifest).toHaveLength(library.assets);
    expect([...onDisk.keys()].sort()).toEqual([...manifest.map((line) => line.file), 'brands.json', 'manifest.jsonl', 'truth.json'].sort());
    expect(new Set(manifest.map((line) => line.brand))).toEqual(new Set(['fennimoor', 'kestavo']));
    expect(new Set(manifest.map((line) => line.externalId)).size).toBe(manifest.length);
    expect(truth.map((line) => line.file)).toEqual(manifest.map((line) => line.file));
    expect(library.byteSize).toBeLessThan(25_000_000);
    expect(progress.map((step) => step.done)).toEqual(manifest.map((_, i) => i + 1));
  });

  it('holds no two files with the same bytes, which an import would take for one asset', async () => {
    const hashes = await hashFolder(library.folder);
    expect(new Set(hashes.values()).size).toBe(hashes.size);
    // The same for other seeds, judged by the drawings: a collision needs the same drawing, size and format.
    for (let seed = 1; seed <= 6; seed += 1) {
      const plan = SAMPLE_BRANDS.flatMap((brand, i) => planBrand(brand, createRandom(seed * 2 + i)));
      const keys = plan.filter((asset) => asset.format !== 'md').map((asset) => `${asset.format} ${hashOf(drawSample(asset))}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('is the same byte for byte for one seed, and another for another seed', async () => {
    const again = await writeSampleLibrary(join(root, 'again'));
    expect(await hashFolder(again.folder)).toEqual(await hashFolder(library.folder));
    const other = SAMPLE_BRANDS.flatMap((brand, i) => planBrand(brand, createRandom(77 * 2 + i)));
    expect(other.map((asset) => asset.title)).not.toEqual(manifest.map((line) => line.title));
  });

  it('has every format, and every picture decodes to the size the truth states', async () => {
    expect(new Set(truth.map((line) => line.format))).toEqual(new Set(['png', 'jpg', 'webp', 'svg', 'md']));
    const decoded = { png: 'png', jpg: 'jpeg', webp: 'webp', svg: 'svg' } as Record<string, string>;
    for (const line of truth.filter((entry) => entry.format !== 'md')) {
      const { format, width, height } = await sharp(join(library.folder, line.file)).metadata();
      expect({ file: line.file, format, width, height }).toEqual({
        file: line.file,
        format: decoded[line.format],
        width: line.width,
        height: line.height,
      });
    }
    for (const line of truth.filter((entry) => entry.format === 'svg')) {
      expect(await readFile(join(library.folder, line.file), 'utf8')).not.toMatch(/<(text|script|image|use|style)|href|NaN|undefined/);
    }
  });

  it('plants eight to twelve violations of every kind for every brand, most of them alone', () => {
    for (const { key } of SAMPLE_BRANDS) {
      for (const rule of RULE_KINDS) {
        const failing = truth.filter((line) => line.brand === key && line.expected[rule] === 'FAIL');
        expect(failing.length).toBeGreaterThanOrEqual(8);
        expect(failing.length).toBeLessThanOrEqual(12);
        expect(failing.every((line) => line.violations.includes(rule))).toBe(true);
        expect(failing.filter((line) => line.violations.length === 1).length).toBeGreaterThanOrEqual(5);
      }
      const clean = truth.filter((line) => line.brand === key && line.violations.length === 0);
      expect(clean.length).toBeGreaterThan(70);
    }
  });

  it('states verdicts that follow from the rules in brands.json, the manifest and the files themselves', async () => {
    const { brands } = JSON.parse(await readFile(library.brandsFile, 'utf8')) as {
      brands: {
        key: string;
        palette: { hex: string }[];
        guidelines: [{ rules: { kind: RuleKind; parameters: never; scopeTags: string[] }[] }];
      }[];
    };
    for (const [i, line] of manifest.entries()) {
      const expected = truth[i]!.expected;
      const brand = brands.find(({ key }) => key === line.brand)!;
      const rule = (kind: RuleKind) => brand.guidelines[0].rules.find((entry) => entry.kind === kind)!;
      const applies = (kind: RuleKind): boolean => rule(kind).scopeTags.some((tag) => line.tags.includes(tag));
      for (const kind of RULE_KINDS)
        expect([line.file, kind, applies(kind)]).toEqual([line.file, kind, expected[kind] !== 'NOT_APPLICABLE']);

      const { minLength, maxLength } = rule('ALT_TEXT').parameters as { minLength: number; maxLength: number };
      const alt = line.altText ?? '';
      const described = alt.length >= minLength && alt.length <= maxLength && !/\.(png|jpe?g|webp|svg)$/i.test(alt);
      if (applies('ALT_TEXT')) expect([line.file, expected.ALT_TEXT]).toEqual([line.file, described ? 'PASS' : 'FAIL']);

      const expiresOn = Date.parse(line.rights.expiresOn);
      expect(Date.parse(line.rights.startsOn)).toBeLessThan(expiresOn);
      expect([line.file, expiresOn < Date.parse('2021-01-01')]).toEqual([line.file, expected.RIGHTS_EXPIRY === 'FAIL']);
      expect(expected.RIGHTS_EXPIRY === 'FAIL' || expiresOn > Date.parse('2090-01-01')).toBe(true);

      const { minWidthPx, minHeightPx } = rule('MIN_RESOLUTION').parameters as { minWidthPx: number; minHeightPx: number };
      const { width, height } = truth[i]!;
      if (expected.MIN_RESOLUTION === 'FAIL') expect(width! < minWidthPx * 0.6 && height! < minHeightPx * 0.85).toBe(true);
      if (expected.MIN_RESOLUTION === 'PASS') expect(width! > minWidthPx * 1.1 && height! > minHeightPx * 1.1).toBe(true);

      const shown = truth[i]!.objects.some((object) => brandOf(line.brand).prohibited.includes(object));
      if (applies('PROHIBITED_CONTENT')) expect([line.file, expected.PROHIBITED_CONTENT]).toEqual([line.file, shown ? 'FAIL' : 'PASS']);
    }
  });

  it('is accepted, line by line, by the readers of manifests and guidelines', async () => {
    const lines = (await readFile(library.manifestFile, 'utf8')).trimEnd().split('\n');
    for (const line of lines) {
      const { file, ...fields } = JSON.parse(line) as Record<string, unknown>;
      expect(parseAssetFields(fields, '', 'MANIFEST_INVALID')).toMatchObject({ externalId: fields.externalId, title: fields.title });
      expect(typeof file).toBe('string');
    }
    const { brands } = readGuidelineDocument(JSON.parse(await readFile(library.brandsFile, 'utf8')));
    expect(brands.map((brand) => brand.guidelines[0]?.rules.map((rule) => rule.kind))).toEqual([[...RULE_KINDS], [...RULE_KINDS]]);
    const titles = brands[1]!.guidelines[0]!.rules.map((rule) => brands[1]!.guidelines[0]!.sections[rule.section!]!.title);
    expect(titles).toEqual(['Colour', 'Sharpness', 'Words for everyone', 'Rights', 'What we do not show']);
  });

  it('states palette verdicts that measuring the pixels confirms, with room on both sides', async () => {
    for (const line of truth.filter((entry) => entry.expected.PALETTE !== 'NOT_APPLICABLE')) {
      const brand = brandOf(line.brand);
      const { minShare, maxDeltaE, neutralAllowance } = brand.guideline.rules.find((rule) => rule.kind === 'PALETTE')!.parameters as Record<
        string,
        number
      >;
      const shares = await measurePaletteShares(
        join(library.folder, line.file),
        brand.palette.map((colour) => colour.hex),
        maxDeltaE!,
      );
      const onBrand = shares.palette + Math.min(shares.neutral, neutralAllowance!);
      // A reader may also leave neutrals out of the sum; the verdict must not hang on that.
      const withoutNeutrals = shares.palette / (shares.palette + shares.foreign || 1);
      const verdict = onBrand >= minShare! ? 'PASS' : 'FAIL';
      expect([line.file, verdict]).toEqual([line.file, line.expected.PALETTE]);
      // Small files blend their edges, which costs them up to a tenth of the area.
      if (verdict === 'PASS') {
        const clear = [onBrand > 0.84, withoutNeutrals > 0.78, shares.neutral < neutralAllowance!];
        expect([line.file, ...clear]).toEqual([line.file, true, true, true]);
      } else expect([line.file, onBrand < 0.6, withoutNeutrals < 0.6]).toEqual([line.file, true, true]);
    }
  });

  it('keeps the foreign colours far from the palette and the colours of one palette apart', () => {
    for (const brand of SAMPLE_BRANDS) {
      const own = [...brand.palette.map((colour) => colour.hex), '#ffffff', '#222222'];
      for (const word of brand.foreignColours) {
        for (const hex of own)
          expect([brand.key, word, hex, ciede2000(hexToLab(toHex(word)), hexToLab(hex)) > 20]).toEqual([brand.key, word, hex, true]);
      }
      for (const [i, first] of own.entries()) {
        for (const second of own.slice(i + 1))
          expect([first, second, ciede2000(hexToLab(first), hexToLab(second)) > 12]).toEqual([first, second, true]);
      }
    }
  });

  it('lets one licence per brand end soon when told the date', () => {
    const now = new Date('2031-05-20T10:00:00Z');
    for (const brand of SAMPLE_BRANDS) {
      const plan = planBrand(brand, createRandom(5), now);
      const soon = plan.filter((asset) => asset.expected.RIGHTS_EXPIRY === 'NEEDS_REVIEW');
      expect(soon.map((asset) => asset.rights.expiresOn)).toEqual(['2031-06-03']);
    }
  });

  it('says what to do when the folder cannot be written', async () => {
    const file = join(library.folder, 'manifest.jsonl');
    expect((await stat(file)).isFile()).toBe(true);
    await expect(writeSampleLibrary(join(file, 'inside'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('Choose a folder'),
    });
  });
});

describe('our CIEDE2000, against pairs published by Sharma, Wu and Dalal', () => {
  it.each([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1.0],
    [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ] as const)('%j to %j is %d', (first, second, distance) => {
    expect(ciede2000(first, second)).toBeCloseTo(distance, 4);
  });
});
