import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { guidelineFileSchema } from '../../judging/guidelines/guideline-document.js';
import { readGuidelineText } from '../../judging/guidelines/guideline-reader.js';
import type { Config } from '../../config.js';
import { allErrors, badInput, isVitrineError, VitrineError } from '../../errors.js';
import type { Logger } from '../../log.js';
import { findBrand, openLibraryApi } from './library-api.js';
import { readTarget } from './output-file.js';

const MAX_BYTES = 4_000_000;

interface UserError {
  code: string;
  field: string | null;
  message: string;
}

interface Import {
  rules: number;
  changes: { subject: string; name: string; action: string; fields: string[] }[];
  notices: string[];
  dryRun: boolean;
}

export interface GuidelineExportOptions {
  brand: string;
  guideline?: string;
  format?: string;
  out?: string;
}

export interface GuidelineImportCommandOptions {
  publish?: boolean;
  retireMissing?: boolean;
  skipMissingAssets?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** `vitrine guideline export`: a brand's guidelines as a file, or on standard output. */
export async function exportGuidelineCommand(config: Config, log: Logger, options: GuidelineExportOptions): Promise<void> {
  const format = (options.format ?? (path.extname(options.out ?? '').toLowerCase() === '.json' ? 'json' : 'yaml')).toUpperCase();
  if (format !== 'YAML' && format !== 'JSON') throw badInput('--format', options.format, ['yaml', 'json']);
  const target = options.out === undefined ? null : await readTarget(options.out);
  const api = await openLibraryApi(config, log);
  try {
    const brand = await findBrand(api, options.brand);
    const guideline = options.guideline === undefined ? null : brand.guidelines.find(({ key }) => key === options.guideline);
    if (guideline === undefined)
      throw new VitrineError(
        'NOT_FOUND',
        `--guideline: ${options.brand} has no guideline with the key ${JSON.stringify(options.guideline)}. There are: ${brand.guidelines.map(({ key }) => key).join(', ') || 'none'}.`,
        { field: '--guideline', value: options.guideline },
      );
    const { guidelineExport: file } = await api.call<{ guidelineExport: { content: string } }>(
      'query ($brand: ID!, $guideline: ID, $format: GuidelineFileFormat!) { guidelineExport(brand: $brand, guideline: $guideline, format: $format) { content } }',
      { brand: brand.id, guideline: guideline?.id ?? null, format },
    );
    if (target === null) process.stdout.write(file.content);
    else {
      await writeFile(target, file.content);
      process.stdout.write(`${target}\n`);
    }
  } finally {
    await api.close();
  }
}

/** `vitrine guideline import <file>`. @returns the exit code: 0, or 2 when the file was refused */
export async function importGuidelineCommand(
  config: Config,
  log: Logger,
  file: string,
  { json, ...options }: GuidelineImportCommandOptions,
): Promise<number> {
  const content = await readText(file);
  const api = await openLibraryApi(config, log);
  try {
    const { guidelineImport: answer } = await api.call<{ guidelineImport: { import: Import | null; userErrors: UserError[] } }>(
      'mutation ($input: GuidelineImportInput!) { guidelineImport(input: $input) { import { rules changes { subject name action fields } notices dryRun } userErrors { code field message } } }',
      { input: { content, ...options } },
    );
    if (json) process.stdout.write(`${JSON.stringify({ import: answer.import, errors: answer.userErrors })}\n`);
    else if (answer.import) process.stdout.write(describeImport(answer.import));
    else process.stderr.write(describeErrors(file, answer.userErrors));
    return answer.import ? 0 : 2;
  } finally {
    await api.close();
  }
}

/** `vitrine guideline check <file>`: what can be told without a library. @returns the exit code: 0, or 2 when something is wrong */
export async function checkGuidelineCommand(file: string, { json }: { json?: boolean }): Promise<number> {
  const content = await readText(file);
  let errors: UserError[] = [];
  let found = '';
  try {
    const { brands } = readGuidelineText(content).document;
    const guidelines = brands.flatMap((brand) => brand.guidelines);
    found = `${brands.length} brands, ${guidelines.length} guidelines, ${guidelines.flatMap(({ rules }) => rules).length} rules: nothing is wrong with the file itself.`;
  } catch (error) {
    if (!isVitrineError(error)) throw error;
    errors = allErrors(error).map(({ code, field, message }) => ({ code, field: field ?? null, message }));
  }
  if (json) process.stdout.write(`${JSON.stringify({ errors })}\n`);
  else if (errors.length > 0) process.stderr.write(describeErrors(file, errors));
  else process.stdout.write(`${found} \`vitrine guideline import --dry-run\` asks the library as well.\n`);
  return errors.length > 0 ? 2 : 0;
}

/** `vitrine guideline schema`: the JSON Schema of guideline files. */
export async function guidelineSchemaCommand(): Promise<void> {
  process.stdout.write(`${JSON.stringify(guidelineFileSchema(), null, 2)}\n`);
}

async function readText(file: string): Promise<string> {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) throw new VitrineError('FILE_NOT_FOUND', `There is no file ${path.resolve(file)}.`, { field: 'file', value: file });
  if (found.size > MAX_BYTES)
    throw new VitrineError('FILE_TOO_LARGE', `${file} has ${found.size} bytes; a guideline file has ${MAX_BYTES} at most.`, {
      field: 'file',
      value: found.size,
    });
  return readFile(file, 'utf8');
}

function describeImport({ rules, changes, notices, dryRun }: Import): string {
  const lines = changes.map(
    ({ subject, name, action, fields }) =>
      `  ${action.toLowerCase().padEnd(9)} ${subject.toLowerCase().padEnd(9)} ${name}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`,
  );
  lines.push(...notices.map((notice) => `  note: ${notice}`));
  const drafts =
    changes.some(({ subject, action }) => subject === 'RULE' && action === 'CREATED') &&
    !changes.some(({ action }) => action === 'PUBLISHED');
  if (changes.length === 0) lines.push(`${rules} rules, and everything is so already.`);
  else if (dryRun) lines.push('Nothing was kept: this was a dry run.');
  if (!dryRun && drafts) lines.push('New rules are drafts: publish them one by one, or import again with --publish.');
  return `${lines.join('\n')}\n`;
}

function describeErrors(file: string, errors: readonly UserError[]): string {
  return `${file}: ${errors.length} ${errors.length === 1 ? 'fault' : 'faults'}, nothing was changed\n${errors.map(({ code, message }) => `  ${code}: ${message}`).join('\n')}\n`;
}
