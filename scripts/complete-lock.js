// Run after `npm install` on a machine whose registry lacks packages for other platforms: adds the optional packages that the lock file
// names but does not list (npm 11's `npm ci` insists on them), with exact version, os and cpu. Without integrity: nobody here has seen them.
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['x64', 'arm64', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'arm'];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const [key, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (key === '' || lock.packages[at] || lock.packages[`${key}/${at}`]) continue;
    const parts = name.split(/[/-]/);
    const os = SYSTEMS.find((system) => parts.includes(system));
    const cpu = PROCESSORS.find((processor) => parts.includes(processor));
    if (!os || !cpu || !/^\d/.test(version)) continue;
    lock.packages[at] = {
      version,
      cpu: [cpu],
      ...(entry.dev && { dev: true }),
      optional: true,
      os: [os],
      ...(parts.includes('linux') && { libc: [parts.includes('musl') ? 'musl' : 'glibc'] }),
    };
    process.stdout.write(`added ${name}\n`);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
