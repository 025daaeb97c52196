// Builds web/ to dist/web: types from schema.graphql, a type check, the bundle, and each file compressed once. Does nothing when nothing changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const web = path.join(root, 'web');
const built = path.join(root, 'dist', 'web');
const operations = path.join(web, 'src', 'graphql', 'operations.ts');

const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();

/** What dist/web was made of. */
function revision() {
  const hash = createHash('sha256');
  const sources = [
    ...files(web).filter((file) => file !== operations),
    path.join(root, 'schema.graphql'),
    path.join(root, 'package-lock.json'),
  ];
  for (const file of [...sources, fileURLToPath(import.meta.url)]) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

/** Types and documents of every operation in web/: one that does not fit the schema throws here. */
async function generateOperations() {
  const [{ codegen }, { buildASTSchema, parse }, types, documents] = await Promise.all([
    import('@graphql-codegen/core'),
    import('graphql'),
    import('@graphql-codegen/typescript-operations'),
    import('@graphql-codegen/typed-document-node'),
  ]);
  const schema = parse(readFileSync(path.join(root, 'schema.graphql'), 'utf8'));
  const found = files(path.join(web, 'src')).filter((file) => file.endsWith('.graphql'));
  const text = await codegen({
    filename: operations,
    schema,
    schemaAst: buildASTSchema(schema),
    documents: found.map((file) => ({ location: file, document: parse(readFileSync(file, 'utf8')) })),
    config: {
      onlyOperationTypes: true,
      enumsAsTypes: true,
      enumType: 'string-literal',
      avoidOptionals: { field: true, object: true },
      useTypeImports: true,
      skipTypename: true,
      dedupeFragments: true,
      strictScalars: true,
      scalars: { DateTimeISO: 'string', LocalDate: 'string', SafeInt: 'number', JSONObject: 'Record<string, unknown>' },
    },
    plugins: [{ types: {} }, { documents: {} }],
    pluginMap: { types, documents },
  });
  writeFileSync(
    operations,
    `// Made by scripts/build-web.js from schema.graphql and the *.graphql files of web/; not checked in.\n${text}`,
  );
}

const mark = path.join(built, 'revision');
const wanted = revision();
if (existsSync(mark) && existsSync(operations) && readFileSync(mark, 'utf8') === wanted && !process.argv.includes('--force'))
  process.exit(0);
rmSync(built, { recursive: true, force: true });
try {
  await generateOperations();
  execFileSync(path.join(root, 'node_modules', '.bin', 'tsc'), ['-p', path.join(web, 'tsconfig.json')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { build } = await import('vite');
  await build({ configFile: path.join(web, 'vite.config.js'), logLevel: 'warn' });
} catch (error) {
  process.stderr.write(`web/ does not build.\n${error.stdout ?? ''}${error.stderr ?? ''}${error.stdout ? '' : (error.stack ?? error)}\n`);
  process.exit(1);
}
for (const file of files(built).filter((name) => /\.(js|css|svg|json)$/.test(name))) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${file}.br`, brotliCompressSync(bytes));
}
writeFileSync(mark, wanted);
