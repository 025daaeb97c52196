// `npm run test:unit [-- options of jest]`: the test files that need no database, no server and no model: seconds, not minutes.
// Which these are is read from what they import: whatever opens one of these, directly or through test/support, is left out.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const HEAVY = /dist\/main\.js|src\/app\.js|open-database\.js|embedder\.js|media-analyzer\.js|test-database\.js|child_process/;

const seen = new Map();
function isHeavy(file) {
  if (seen.has(file)) return seen.get(file);
  seen.set(file, false);
  const text = readFileSync(file, 'utf8');
  const own = [...text.matchAll(/from '(\.[^']+\/support\/[^']+|\.\/[^']+)\.js'/g)].map(([, name]) =>
    path.resolve(path.dirname(file), `${name}.ts`),
  );
  const heavy = HEAVY.test(text) || own.some((support) => existsSync(support) && isHeavy(support));
  seen.set(file, heavy);
  return heavy;
}

const tests = readdirSync(path.join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('faults'))
  .map((name) => path.join(root, 'test', name))
  .filter((file) => !isHeavy(file));
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const args = ['--experimental-vm-modules', '--no-warnings', jest, '--runTestsByPath', ...tests, ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1);
