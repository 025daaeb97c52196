// `npm run dev`: the compiler and the demo's server, both watching: a saved file is served a moment later.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const build = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.js')], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) process.exit(build.status ?? 1);

const start = (command, args) => spawn(command, args, { cwd: root, stdio: 'inherit' });
const children = [
  start(path.join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.json', '--watch', '--preserveWatchOutput']),
  start(process.execPath, ['--watch-path=dist', 'dist/main.js', 'demo', ...process.argv.slice(2)]),
];
// Each has the signal of the terminal too; when one ends, the other has no use.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => children.forEach((child) => void child.kill(signal)));
for (const child of children) child.on('exit', () => children.forEach((other) => void other.kill()));
