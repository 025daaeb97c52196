// `npm run bench duplicates`: draws families of pictures whose relations are known, imports them, and compares what near-duplicate
// detection says about every pair. Options: --families N, --seed N (other seeds are other drawings), --photos FOLDER (copies of these pictures
// instead).
import 'reflect-metadata';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { sql } from '../dist/platform/database/sql.js';
import { openEngine } from './support/engines.js';
import { createRandom } from '../dist/program/samples/random.js';
import { drawFamily, RELATIVES, relativesOf } from './support/variants.js';

const { values: options } = parseArgs({
  options: { families: { type: 'string', default: '60' }, seed: { type: 'string', default: '9000' }, photos: { type: 'string' } },
});
const EXPECTED = {
  pixels: 'SAME_PIXELS',
  reencoded: 'REENCODED',
  resized: 'RESIZED',
  greyscale: 'GREYSCALE',
  mirrored: 'MIRRORED',
  'upside down': 'MIRRORED',
  'quarter turn': 'ROTATED',
  'half turn': 'ROTATED',
  cropped: 'CROPPED',
  recoloured: 'RECOLORED',
  'other shot': 'OTHER_SHOT',
};
const DUPLICATES = Object.values(EXPECTED).filter((relation) => relation !== 'OTHER_SHOT');
const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-bench-'));
const closers = [() => rm(folder, { recursive: true, force: true })];
try {
  const photos = options.photos === undefined ? null : (await readdir(options.photos)).sort().slice(0, Number(options.families));
  const families = photos?.length ?? Number(options.families);
  const pictures = path.join(folder, 'pictures');
  await mkdir(pictures);
  for (let family = 0; family < families; family += 1) {
    const seed = Number(options.seed) + family;
    const relatives = photos === null ? drawFamily(seed) : relativesOf(path.join(options.photos, photos[family]), createRandom(seed));
    for (const { kind, bytes, extension } of await relatives) await writeFile(path.join(pictures, `${family}_${kind}.${extension}`), bytes);
  }
  const engine = await openEngine('embedded', path.join(folder, 'embedded'));
  closers.unshift(() => engine.app.stop());
  console.log(
    `${new Date().toISOString()}, load average ${loadavg()[0].toFixed(1)}; ${families} families from ${options.photos === undefined ? `seed ${options.seed}` : 'photographs'}: ${JSON.stringify(await engine.importFolder(pictures))}`,
  );
  const started = performance.now();
  const pairs = await allPairs(engine);
  console.log(`compared within ${((performance.now() - started) / 1000).toFixed(1)} s after the import\n`);

  const found = new Map(pairs.map((pair) => [pair.key, pair.relation]));
  console.log(
    `| original and its | found as | of ${families} | recall of the relation | called a duplicate |\n| --- | --- | ---: | ---: | ---: |`,
  );
  for (const kind of RELATIVES.filter((relative) => photos === null || relative !== 'other shot')) {
    const answers = Array.from(
      { length: families },
      (_, family) => found.get([`${family}_original`, `${family}_${kind}`].sort().join(' ')) ?? 'nothing',
    );
    const counts = [...new Set(answers)].map((answer) => `${answer} ${answers.filter((one) => one === answer).length}`);
    const share = (wanted) => (answers.filter((answer) => wanted.includes(answer)).length / families).toFixed(3);
    console.log(`| ${kind} | ${counts.join(', ')} | ${families} | ${share([EXPECTED[kind]])} | ${share(DUPLICATES)} |`);
  }
  // Precision: over all pairs called duplicates, those between relatives (other shots are none).
  const isFamily = ({ names }) => names[0].split('_')[0] === names[1].split('_')[0] && !names.some((name) => name.endsWith('_other shot'));
  const called = pairs.filter(({ relation }) => DUPLICATES.includes(relation));
  console.log(
    `\nPairs called duplicates: ${called.length}, of them really of one picture: ${called.filter(isFamily).length} (precision ${(called.filter(isFamily).length / called.length).toFixed(3)})`,
  );
  const wrong = called.filter((pair) => !isFamily(pair));
  for (const relation of new Set(wrong.map((pair) => pair.relation)))
    console.log(`  wrong as ${relation}: ${wrong.filter((pair) => pair.relation === relation).length}`);
  for (const { names, relation } of wrong.slice(0, 10)) console.log(`  wrong: ${names.join(' and ')}: ${relation}`);
  const shots = pairs.filter(({ relation }) => relation === 'OTHER_SHOT');
  const sameScene = shots.filter(({ names }) => names[0].split('_')[0] === names[1].split('_')[0]).length;
  console.log(`Pairs called other shots: ${shots.length}, of them of one scene: ${sameScene}`);
} finally {
  for (const close of closers) await close();
}

/** Every pair with the names of its pictures, once no picture waits to be compared. */
async function allPairs({ app, owner }) {
  while ((await app.duplicates.listGroups(owner, { first: 1 })).pending > 0) await new Promise((resolve) => setTimeout(resolve, 200));
  const rows = await app.database.asOrganization(owner.organizationId, (tx) =>
    tx.query(sql`SELECT a.file_name AS one, b.file_name AS other, p.relation FROM near_duplicate p
      JOIN asset a ON a.organization_id = p.organization_id AND a.id = p.asset_a JOIN asset b ON b.organization_id = p.organization_id AND b.id = p.asset_b`),
  );
  return rows.map(({ one, other, relation }) => {
    const names = [one, other].map((name) => name.replace(/\.\w+$/, '')).sort();
    return { key: names.join(' '), names, relation };
  });
}
