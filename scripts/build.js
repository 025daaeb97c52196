// Compiles src/ to dist/ and web/ to dist/web. Prisma's client is generated only when schema.prisma changed: it takes longer than tsc does.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => path.join(root, 'node_modules', '.bin', name);
/** Quiet when all is well; says everything when it is not. */
function run(command, args, env = {}) {
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    process.exit(1);
  }
}

const schema = path.join(root, 'prisma', 'schema.prisma');
const client = path.join(root, 'src', 'platform', 'database', 'prisma-client');
if (!existsSync(path.join(client, 'client.ts')) || statSync(path.join(client, 'client.ts')).mtimeMs < statSync(schema).mtimeMs) {
  rmSync(client, { recursive: true, force: true });
  // `prisma generate` wants to download its schema engine although it never runs it; the stub keeps the build offline.
  run(bin('prisma'), ['generate'], { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' });
}
if (process.argv.includes('--clean')) rmSync(path.join(root, 'dist'), { recursive: true, force: true });
run(bin('tsc'), ['-p', 'tsconfig.json']);
// The front end, when anything of it changed.
run(process.execPath, ['scripts/build-web.js']);
