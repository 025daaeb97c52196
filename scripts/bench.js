// `npm run bench <name> -- [options]`: builds, then runs bench/<name>.js. Without a name, says what there is.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3));
const [name, ...options] = process.argv.slice(2);

if (!names.includes(name)) {
  const about = (bench) =>
    /^\/[/*]+ *(.*)/.exec(readFileSync(path.join(folder, `${bench}.js`), 'utf8'))?.[1].replace(/^`[^`]*`: /, '') ?? '';
  const width = Math.max(...names.map((bench) => bench.length));
  process.stdout.write(
    `npm run bench <name> -- [options]\n\n${names.map((bench) => `  ${bench.padEnd(width)}  ${about(bench)}\n`).join('')}`,
  );
  process.exit(name === undefined ? 0 : 1);
}
const run = (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
// Some benches measure memory, and ask for a collection first.
process.exit(run([path.join(root, 'scripts', 'build.js')]) || run(['--expose-gc', path.join(folder, `${name}.js`), ...options]));
